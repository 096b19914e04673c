import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { BATCH_ID_KEY } from '../process/batch-id.js';
import type { Destination } from './destination.js';
import { explainHttp } from './explain-answer.js';
import type { Outcome, Sender } from './outcome.js';
import { packed } from './packed.js';
import type { SenderOptions } from './sender-options.js';

/** An answer is a few bytes; of a longer one no more is kept. */
const MOST_BYTES = 64 * 1024;

/** OTLP/HTTP over connections that are kept. */
export function createHttpSender({ url, authorization }: Destination, options: SenderOptions): Sender {
  const { connections, tls, headers, gzip, answerMs } = options;
  const isSecure = url.protocol === 'https:';
  const agent = isSecure
    ? new HttpsAgent({ keepAlive: true, maxSockets: connections, ...tls })
    : new HttpAgent({ keepAlive: true, maxSockets: connections });
  const begin = isSecure ? requestHttps : requestHttp;
  const base = url.pathname.replace(/\/+$/, '');
  const target = {
    agent,
    method: 'POST',
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? undefined : Number(url.port),
    timeout: answerMs,
  };
  const always = {
    ...(authorization !== undefined && { authorization }),
    ...headers,
    'content-type': 'application/x-protobuf',
    ...(gzip && { 'content-encoding': 'gzip' }),
  };

  return {
    send: (body) =>
      new Promise<Outcome>((settle) => {
        const request = begin({
          ...target,
          path: `${base}/v1/${body.signal}?${BATCH_ID_KEY}=${body.id}`,
          // Packed on its way: how long it will be nobody knows.
          headers: gzip ? always : { ...always, 'content-length': body.length },
        });
        let answered = false;
        const fail = (error: Error & { code?: string }): void => {
          if (answered) return;
          const reason = error.code ?? error.message;
          // The server ended the connection while it rested. It has not looked at the request.
          const isStale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
          settle({ kind: isStale ? 'stale' : 'retry', reason });
        };
        request.once('timeout', () => request.destroy(Object.assign(new Error(), { code: 'no answer in time' })));
        request.on('error', fail);
        request.once('response', (response) => {
          readAnswer(response).then((outcome) => {
            answered = true;
            settle(outcome);
            // Answered before it was read: what is left of it is not sent.
            if (!request.writableFinished) request.destroy();
          }, fail);
        });
        write(request, gzip ? packed(body.pieces()) : body.pieces()).catch((error: Error) => request.destroy(error));
      }),
    close: () => agent.destroy(),
  };
}

async function write(request: ReturnType<typeof requestHttp>, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) {
    // Until it is on its way the piece is not given back.
    await new Promise<void>((done, failed) => request.write(piece, (error) => (error ? failed(error) : done())));
  }
  request.end();
}

function readAnswer(response: IncomingMessage): Promise<Outcome> {
  return new Promise((settle, failed) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MOST_BYTES) chunks.push(chunk);
    });
    response.once('error', failed);
    response.once('end', () =>
      settle(explainHttp(response.statusCode ?? 0, response.headers['retry-after'], Buffer.concat(chunks))),
    );
  });
}
