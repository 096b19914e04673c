import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import { BATCH_ID_KEY } from '../process/batch-id.js';
import type { Signal } from '../process/signal.js';
import type { Destination } from './destination.js';
import { explainGrpc } from './explain-grpc.js';
import type { Outcome, Outgoing, Sender } from './outcome.js';
import { packed } from './packed.js';
import type { SenderOptions } from './sender-options.js';

const PATHS: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};
const MOST_BYTES = 64 * 1024;
const CONNECT_MS = 10_000;

/** OTLP/gRPC over one HTTP/2 connection, made anew when it ends. */
export function createGrpcSender({ url, authorization }: Destination, options: SenderOptions): Sender {
  const { tls, headers, gzip, answerMs } = options;
  let current: ClientHttp2Session | undefined;
  let wasUsed = false;

  function session(): ClientHttp2Session {
    if (current !== undefined && !current.closed && !current.destroyed) return current;
    const opened = connect(url.origin, { ...tls, ALPNProtocols: ['h2'] });
    wasUsed = false;
    const over = (): void => {
      if (current === opened) current = undefined;
    };
    const timer = setTimeout(
      () => opened.destroy(Object.assign(new Error(), { code: 'no connection in time' })),
      CONNECT_MS,
    );
    opened.once('connect', () => clearTimeout(timer));
    opened.once('close', () => clearTimeout(timer));
    // The requests on it hear of it as well.
    opened.on('error', over);
    opened.on('close', over);
    opened.on('goaway', over);
    opened.setMaxListeners(0);
    current = opened;
    return opened;
  }

  const metadata = {
    ...(authorization !== undefined && { authorization }),
    ...headers,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(gzip && { 'grpc-encoding': 'gzip' }),
  };

  return {
    send: (body) =>
      new Promise<Outcome>((settle) => {
        const open = session();
        const isReused = wasUsed;
        let stream: ClientHttp2Stream;
        try {
          stream = open.request({
            ...metadata,
            ':method': 'POST',
            ':path': PATHS[body.signal],
            [BATCH_ID_KEY]: body.id,
          });
        } catch (error) {
          settle({ kind: 'retry', reason: codeOf(error) });
          return;
        }
        let answered: IncomingHttpHeaders | undefined;
        let trailers: IncomingHttpHeaders = {};
        let failure: unknown;
        const chunks: Buffer[] = [];
        let size = 0;
        const sessionFailed = (error: Error): void => {
          failure ??= error;
        };
        open.once('error', sessionFailed);
        stream.setTimeout(answerMs, () => {
          failure ??= Object.assign(new Error(), { code: 'no answer in time' });
          stream.close(constants.NGHTTP2_CANCEL);
        });
        stream.on('response', (given) => {
          answered = given;
        });
        stream.on('trailers', (given) => {
          trailers = given;
        });
        stream.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= MOST_BYTES) chunks.push(chunk);
        });
        stream.on('error', (error) => {
          failure ??= error;
        });
        stream.once('close', () => {
          open.removeListener('error', sessionFailed);
          const outcome = answered && explainGrpc(answered, trailers, Buffer.concat(chunks));
          if (outcome !== undefined) {
            wasUsed = true;
            settle(outcome);
            return;
          }
          const { rstCode } = stream;
          const isStale =
            isReused && (rstCode === constants.NGHTTP2_REFUSED_STREAM || codeOf(failure) === 'ECONNRESET');
          const reason = failure === undefined ? `the stream ended without an answer (${rstCode})` : codeOf(failure);
          settle({ kind: isStale ? 'stale' : 'retry', reason });
        });
        write(stream, body, gzip).catch((error: Error) => {
          failure ??= error;
          stream.close(constants.NGHTTP2_CANCEL);
        });
      }),
    close() {
      current?.destroy();
      current = undefined;
    },
  };
}

const codeOf = (error: unknown): string => {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return code ?? message ?? String(error);
};

/** A message on the wire: one byte "packed", four bytes length, the message. */
async function write(stream: ClientHttp2Stream, body: Outgoing, gzip: boolean): Promise<void> {
  let { length } = body;
  let pieces = body.pieces();
  if (gzip) {
    // Its length stands in front of it.
    const parts: Uint8Array[] = [];
    for await (const part of packed(pieces)) parts.push(part);
    length = parts.reduce((sum, part) => sum + part.length, 0);
    pieces = (async function* () {
      yield* parts;
    })();
  }
  const head = Buffer.alloc(5);
  head[0] = gzip ? 1 : 0;
  head.writeUInt32BE(length, 1);
  stream.write(head);
  for await (const piece of pieces)
    await new Promise<void>((done, failed) => stream.write(piece, (error) => (error ? failed(error) : done())));
  stream.end();
}
