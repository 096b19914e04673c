import { promisify } from 'node:util';
import { type Batch, batchIdKey, type Signal } from '../core/batch.js';
import type { AbortSignalLike, Outcome, Transport } from '../core/ports.js';
import { basicAuthorization } from './basic-authorization.js';
import { readEndpoint, withoutUser } from './endpoint.js';
import { explainFailure } from './explain-failure.js';
import { grpcOutcome } from './grpc-answer.js';
import { http2Connection } from './http2-connection.js';
import type { RequestHeaders } from './request-headers.js';
import { withoutCredentials } from './signal-url.js';
import { AnswerTooLarge, defaultMaxAnswerBytes, defaultMaxRequestBytes, type SizeLimits } from './size-limits.js';
import type { TlsOptions } from './tls.js';
import { userAgent } from './user-agent.js';

export interface GrpcTransportOptions extends SizeLimits {
  /** `http://host:4317`, `https://host:4317`, or without a scheme; a path is not used. */
  readonly url: string;
  /** For an address without a scheme: `true` sends without TLS. Default `false`. A scheme says it by itself. */
  readonly insecure?: boolean | undefined;
  /** Metadata of each call. Names ending in `-bin` carry base64. */
  readonly headers?: RequestHeaders | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Default: none. Messages below 1 KiB are sent as they are. */
  readonly compression?: 'gzip' | undefined;
  /** Send the batch's id as the metadata `tl-batch`. Default `true`. */
  readonly sendBatchId?: boolean | undefined;
}

const paths: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};

const COMPRESS_FROM_BYTES = 1024;
// Loaded when first needed.
const gzip = (bytes: Uint8Array) => promisify(process.getBuiltinModule('node:zlib').gzip)(bytes);

/**
 * OTLP/gRPC for Node over its own HTTP/2: one connection, unary calls, made anew when it ends. Needs neither `@grpc/grpc-js` nor
 * protobuf files, because a batch is already the message.
 */
export function grpcTransport(options: GrpcTransportOptions): Transport {
  const endpoint = readEndpoint(options.url, 'grpc', options.insecure);
  const destination = withoutCredentials(withoutUser(endpoint.url ?? options.url));
  const address = endpoint.url && URL.canParse(endpoint.url) ? new URL(endpoint.url) : undefined;
  const connection = address && http2Connection(address.origin, options.tls);
  const authorization = address && basicAuthorization(address);

  async function send(batch: Batch, abort: AbortSignalLike): Promise<Outcome> {
    if (!connection) return { kind: 'refused', reason: endpoint.problem ?? `${destination} cannot be used` };
    const metadata = typeof options.headers === 'function' ? await options.headers() : options.headers;
    const compressed = options.compression === 'gzip' && batch.bytes.length >= COMPRESS_FROM_BYTES;
    const message = compressed ? await gzip(batch.bytes) : batch.bytes;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(metadata ?? {})) headers[name.toLowerCase()] = value;
    if (options.sendBatchId !== false) headers[batchIdKey] = batch.id;
    if (compressed) headers['grpc-encoding'] = 'gzip';
    const answer = await connection.request({
      path: paths[batch.signal],
      headers: {
        'user-agent': userAgent,
        ...authorization,
        ...headers,
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-accept-encoding': 'identity',
      },
      body: framed(message, compressed),
      abort,
      maxBytes: options.maxAnswerBytes ?? defaultMaxAnswerBytes,
    });
    return grpcOutcome(answer, destination);
  }

  return {
    destination,
    kind: 'otlp_grpc',
    problem: endpoint.problem,
    maxBytes: options.maxRequestBytes ?? defaultMaxRequestBytes,
    async send(batch, { abort }) {
      try {
        return await send(batch, abort);
      } catch (error) {
        if (error instanceof AnswerTooLarge) return { kind: 'refused', reason: `${destination}: ${error.message}` };
        const stale = (error as { stale?: boolean }).stale === true;
        return { kind: 'retry', reason: explainFailure(error, destination), afterMs: stale ? 0 : undefined };
      }
    },
    close: async () => connection?.close(),
  };
}

/** A gRPC message on the wire: one byte "compressed", four bytes length, the message. */
function framed(message: Uint8Array, compressed: boolean): Uint8Array {
  const frame = new Uint8Array(5 + message.length);
  frame[0] = compressed ? 1 : 0;
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  return frame;
}
