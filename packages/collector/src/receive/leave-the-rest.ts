import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerResponse } from 'node:http2';

const DROPPING_MS = 5_000;

/**
 * The rest of a body that nobody will read. Over HTTP/1 it is not worth receiving: the connection ends with the answer. Over HTTP/2 others share
 * the connection, and what is left unread fills its memory until it takes no stream any more: it is received for a moment and dropped.
 */
export function leaveTheRest(request: IncomingMessage, response: ServerResponse): void {
  const { stream } = response as ServerResponse & Partial<Pick<Http2ServerResponse, 'stream'>>;
  if (stream === undefined) {
    response.setHeader('connection', 'close');
    return;
  }
  request.resume();
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), DROPPING_MS);
  stream.once('close', () => clearTimeout(timer));
}
