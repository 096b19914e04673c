import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { promisify } from 'node:util';
import type { Batch, Signal } from '../core/batch.js';
import type { AbortSignalLike, Outcome, Transport } from '../core/ports.js';
import { basicAuthorization } from './basic-authorization.js';
import { readEndpoint, withoutUser } from './endpoint.js';
import { explainFailure } from './explain-failure.js';
import { httpOutcome } from './http-answer.js';
import { http2Connection } from './http2-connection.js';
import type { RequestHeaders } from './request-headers.js';
import { batchUrl, type OtlpUrl, withoutCredentials } from './signal-url.js';
import { AnswerTooLarge, defaultMaxAnswerBytes, defaultMaxRequestBytes, type SizeLimits } from './size-limits.js';
import type { TlsOptions } from './tls.js';
import { userAgent } from './user-agent.js';

export interface NodeHttpTransportOptions extends SizeLimits {
  /** Base address (`http://localhost:4318`, to which `/v1/traces` is added) or a whole address per signal. */
  readonly url: OtlpUrl;
  readonly headers?: RequestHeaders | undefined;
  readonly tls?: TlsOptions | undefined;
  /** HTTP/2 instead of HTTP/1.1: over TLS by ALPN, over `http://` with prior knowledge. Default `false`. */
  readonly http2?: boolean | undefined;
  /** Default: none. Bodies below 1 KiB are sent as they are. */
  readonly compression?: 'gzip' | 'br' | undefined;
  /** `exportRequestToJson` of core, to send OTLP/JSON; default protobuf. */
  readonly toJson?: ((signal: Signal, bytes: Uint8Array) => string) | undefined;
  /** Send the batch's id as the query parameter `tl-batch`. Default `true`. */
  readonly sendBatchId?: boolean | undefined;
}

const COMPRESS_FROM_BYTES = 1024;

// Loaded when first needed: TLS, HTTP/2 and compression together take 4 ms of a start.
const https = () => process.getBuiltinModule('node:https');
const zlib = () => process.getBuiltinModule('node:zlib');

interface HttpRequest {
  readonly address: URL;
  readonly headers: Record<string, string | number>;
  readonly body: Uint8Array;
  readonly abort: AbortSignalLike;
}

interface HttpResponse {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

/** OTLP/HTTP for Node: connections are kept and reused, certificates are the user's own, bodies compressed off the main thread. */
export function nodeHttpTransport(options: NodeHttpTransportOptions): Transport {
  const { url, toJson, compression } = options;
  const { maxRequestBytes = defaultMaxRequestBytes, maxAnswerBytes = defaultMaxAnswerBytes } = options;
  const addresses = typeof url === 'string' ? [url] : Object.values(url);
  const destination = withoutCredentials(withoutUser(addresses[0] ?? ''));
  const endpoints = addresses.map((address) => readEndpoint(address, 'http'));
  const problem = endpoints.find((endpoint) => endpoint.problem)?.problem;
  const unusable = endpoints.find((endpoint) => !endpoint.url)?.problem;
  const exchange = options.http2
    ? http2Exchange(options.tls, maxAnswerBytes)
    : http1Exchange(options.tls, maxAnswerBytes);

  async function send(batch: Batch, abort: AbortSignalLike): Promise<Outcome> {
    const address = batchUrl(url, batch, options.sendBatchId !== false);
    if (unusable || !address)
      return { kind: 'refused', reason: unusable ?? `${destination} has no address for ${batch.signal}` };
    const added = typeof options.headers === 'function' ? await options.headers() : options.headers;
    let body: Uint8Array = toJson ? Buffer.from(toJson(batch.signal, batch.bytes)) : batch.bytes;
    if (body.length > maxRequestBytes) {
      // Only JSON comes here: protobuf is measured by the outbox.
      const maxBytes = Math.floor((batch.bytes.length / body.length) * maxRequestBytes);
      return { kind: 'too-large', reason: `over ${maxRequestBytes} bytes`, maxBytes };
    }
    const target = new URL(address);
    const headers: Record<string, string | number> = {
      'user-agent': userAgent,
      ...basicAuthorization(target),
      ...lowerCased(added),
      'content-type': toJson ? 'application/json' : 'application/x-protobuf',
    };
    if (compression && body.length >= COMPRESS_FROM_BYTES) {
      body = await compress(compression, body);
      headers['content-encoding'] = compression;
    }
    headers['content-length'] = body.length;
    const response = await exchange.request({ address: target, headers, body, abort });
    return httpOutcome(response);
  }

  return {
    destination,
    kind: options.toJson ? 'otlp_http_json' : 'otlp_http',
    problem,
    maxBytes: maxRequestBytes,
    async send(batch, { abort }) {
      try {
        return await send(batch, abort);
      } catch (error) {
        if (error instanceof AnswerTooLarge) return { kind: 'refused', reason: `${destination}: ${error.message}` };
        // A server may close a kept connection at the moment it is used again; that says nothing about the server.
        const stale = (error as { stale?: boolean }).stale === true;
        return { kind: 'retry', reason: explainFailure(error, destination), afterMs: stale ? 0 : undefined };
      }
    },
    close: async () => exchange.close(),
  };
}

function compress(encoding: 'gzip' | 'br', body: Uint8Array): Promise<Uint8Array> {
  const { brotliCompress, constants, gzip } = zlib();
  return encoding === 'gzip'
    ? promisify(gzip)(body)
    : // Quality 4 is as quick as gzip's default and smaller; 11, the default, takes a second for a megabyte.
      promisify(brotliCompress)(body, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_SIZE_HINT]: body.length },
      });
}

function lowerCased(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}

interface Exchange {
  request(request: HttpRequest): Promise<HttpResponse>;
  close(): void;
}

function http1Exchange(tls: TlsOptions | undefined, maxAnswerBytes: number): Exchange {
  const settings = { keepAlive: true, scheduling: 'lifo' as const };
  const plain = new HttpAgent(settings);
  let secure: HttpsAgent | undefined;
  const secureAgent = () => {
    const { Agent } = https();
    secure ??= new Agent({
      ...settings,
      ca: tls?.ca as string,
      cert: tls?.cert as string,
      key: tls?.key as string,
      servername: tls?.serverName,
    });
    return secure;
  };
  return {
    request: ({ address, headers, body, abort }) =>
      new Promise((resolve, reject) => {
        const isSecure = address.protocol === 'https:';
        const request = (isSecure ? https().request : httpRequest)(address, {
          method: 'POST',
          headers,
          agent: isSecure ? secureAgent() : plain,
        });
        // Nothing here keeps a program alive: who wants to wait for the answer holds it, and knows for how long.
        request.on('socket', (socket) => {
          socket.unref();
          // Each address that was tried on the way had a handle of its own.
          if (socket.connecting) socket.once('connect', () => socket.unref());
        });
        const cancel = () => request.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
        const settle = () => abort.removeEventListener('abort', cancel);
        request.on('error', (error: Error & { code?: string }) => {
          settle();
          reject(request.reusedSocket && error.code === 'ECONNRESET' ? Object.assign(error, { stale: true }) : error);
        });
        let answered = false;
        // A connection that becomes another protocol's (101), unasked, ends without an error.
        request.on('close', () => {
          settle();
          if (!answered) reject(Object.assign(new Error('the connection ended'), { code: 'ECONNRESET' }));
        });
        request.on('response', (response: IncomingMessage) => {
          answered = true;
          collect(response, maxAnswerBytes).then(
            (answer) => {
              settle();
              resolve({
                status: response.statusCode ?? 0,
                header: (name) => response.headers[name] as string | undefined,
                body: answer,
              });
            },
            (error: unknown) => {
              settle();
              reject(error);
            },
          );
        });
        if (abort.aborted) cancel();
        else abort.addEventListener('abort', cancel);
        request.end(body);
      }),
    close() {
      plain.destroy();
      secure?.destroy();
    },
  };
}

function http2Exchange(tls: TlsOptions | undefined, maxAnswerBytes: number): Exchange {
  const connections = new Map<string, ReturnType<typeof http2Connection>>();
  return {
    async request({ address, headers, body, abort }) {
      let connection = connections.get(address.origin);
      if (!connection) {
        connection = http2Connection(address.origin, tls);
        connections.set(address.origin, connection);
      }
      const answer = await connection.request({
        path: address.pathname + address.search,
        headers,
        body,
        abort,
        maxBytes: maxAnswerBytes,
      });
      return {
        status: Number(answer.headers[':status']),
        header: (name) => answer.headers[name] as string | undefined,
        body: answer.body,
      };
    },
    close() {
      for (const connection of connections.values()) connection.close();
      connections.clear();
    },
  };
}

/** The body of an answer. What is past the limit is not read: the connection ends, and nobody waits for it. */
async function collect(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop destroys the stream.
    if (length > maxBytes) throw new AnswerTooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
