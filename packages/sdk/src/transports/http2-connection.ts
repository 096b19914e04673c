import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { AbortSignalLike } from '../core/ports.js';
import { AnswerTooLarge } from './size-limits.js';
import type { TlsOptions } from './tls.js';

interface Http2Request {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array;
  readonly abort: AbortSignalLike;
  /** A longer answer is not read: the request rejects with `AnswerTooLarge`. */
  readonly maxBytes: number;
}

export interface Http2Answer {
  readonly headers: IncomingHttpHeaders;
  /** Empty where there were none. */
  readonly trailers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

export interface Http2Connection {
  /** Rejects when no whole answer came; `stale: true` on the error when the connection had been used before and was simply over. */
  request(request: Http2Request): Promise<Http2Answer>;
  close(): void;
}

/** Loaded with the first connection: most programs make none. */
const http2 = () => process.getBuiltinModule('node:http2');

/** A connection that nobody answers a ping on is taken for dead after this. */
const PING_TIMEOUT_MS = 5_000;
/** A connection not used for this long is tested before it carries a batch: NAT boxes forget without a word. */
const IDLE_PING_MS = 30_000;

/**
 * One HTTP/2 connection to one origin, opened when first needed, shared by all requests, opened anew after it ended
 * (GOAWAY, reset, silence). It never keeps a process alive.
 */
export function http2Connection(origin: string, tls: TlsOptions | undefined): Http2Connection {
  let current: ClientHttp2Session | undefined;
  let used = false;
  let lastUsedMs = 0;

  function session(): ClientHttp2Session {
    if (current && !current.closed && !current.destroyed) return current;
    used = false;
    const opened = http2().connect(origin, {
      ca: tls?.ca as string,
      cert: tls?.cert as string,
      key: tls?.key as string,
      servername: tls?.serverName,
    });
    const over = () => {
      if (current === opened) current = undefined;
    };
    // Without this listener an error of the connection would end the process; the requests on it get the same error.
    opened.on('error', over);
    // Each request listens while it lasts.
    opened.setMaxListeners(0);
    opened.on('close', over);
    opened.on('goaway', over);
    opened.unref();
    // Each address that was tried on the way had a handle of its own.
    opened.on('connect', () => opened.unref());
    current = opened;
    return opened;
  }

  async function tested(): Promise<ClientHttp2Session> {
    const open = session();
    if (!used || Date.now() - lastUsedMs < IDLE_PING_MS) return open;
    const alive = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(resolve, PING_TIMEOUT_MS, false).unref();
      open.ping((error) => {
        clearTimeout(timer);
        resolve(!error);
      });
    }).catch(() => false);
    if (alive) return open;
    open.destroy();
    if (current === open) current = undefined;
    return session();
  }

  return {
    async request({ path, headers, body, abort, maxBytes }) {
      const open = await tested();
      const reused = used;
      try {
        const answer = await exchange(open, { path, headers, body, abort, maxBytes });
        used = true;
        lastUsedMs = Date.now();
        return answer;
      } catch (error) {
        const { code } = error as { code?: string };
        const stale = reused && (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_HTTP2_GOAWAY_SESSION');
        // One that never said a word is not asked again: what is there may not even be the server any more.
        if (!used && code === 'ETIMEDOUT') open.destroy();
        throw stale ? Object.assign(error as Error, { stale }) : error;
      }
    },
    close() {
      current?.close();
      current = undefined;
    },
  };
}

function exchange(
  session: ClientHttp2Session,
  { path, headers, body, abort, maxBytes }: Http2Request,
): Promise<Http2Answer> {
  const { constants } = http2();
  return new Promise((resolve, reject) => {
    let answered: IncomingHttpHeaders | undefined;
    let trailers: IncomingHttpHeaders = {};
    let failure: Error | undefined;
    const chunks: Uint8Array[] = [];
    let length = 0;
    let stream: ClientHttp2Stream;
    try {
      stream = session.request({ ':method': 'POST', ':path': path, ...headers });
    } catch (error) {
      reject(error as Error);
      return;
    }
    const cancel = () => {
      failure ??= Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
      stream.close(constants.NGHTTP2_CANCEL);
      // A connection that is still being made has no stream to cancel.
      if (session.connecting) session.destroy(failure);
    };
    const sessionFailed = (error: Error) => {
      failure ??= error;
    };
    session.once('error', sessionFailed);
    stream.on('response', (received) => {
      answered = received;
    });
    stream.on('trailers', (received) => {
      trailers = received;
    });
    stream.on('data', (chunk: Uint8Array) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else if (!failure) {
        failure = new AnswerTooLarge(maxBytes);
        stream.close(constants.NGHTTP2_CANCEL);
      }
    });
    stream.on('error', (error) => {
      failure ??= error;
    });
    stream.on('close', () => {
      abort.removeEventListener('abort', cancel);
      session.removeListener('error', sessionFailed);
      const reset = stream.rstCode;
      if (answered && (reset === constants.NGHTTP2_NO_ERROR || stream.readableEnded) && !failure) {
        resolve({ headers: answered, trailers, body: Buffer.concat(chunks) });
      } else {
        // Refused because the connection is coming to its end: the server has not looked at it.
        const refused = reset === constants.NGHTTP2_REFUSED_STREAM && !(failure instanceof AnswerTooLarge);
        reject(
          (!refused && failure) ||
            Object.assign(new Error(`the stream ended without an answer (code ${reset})`), { code: 'ECONNRESET' }),
        );
      }
    });
    if (abort.aborted) cancel();
    else abort.addEventListener('abort', cancel);
    stream.end(body);
  });
}
