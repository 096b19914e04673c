import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

export type SinkProtocol = 'http1' | 'http2' | 'grpc';

export interface SinkOptions {
  readonly protocol: SinkProtocol;
  /** Default: a free one. */
  readonly port?: number;
  readonly tls?: {
    readonly cert: string;
    readonly key: string;
    /** With it, clients must show a certificate this authority signed. */
    readonly clientCa?: string | undefined;
  };
}

/** One export as it arrived. */
export interface Received {
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** `tl-batch`, from the query or the metadata. */
  readonly batchId: string | undefined;
  /** As on the wire; for gRPC the message without its frame. */
  readonly raw: Uint8Array;
  /** Decompressed. */
  readonly body: Uint8Array;
  /** Which connection it came on, counted from 0. */
  readonly connection: number;
  /** Answered with success, whole or partial. */
  readonly taken: boolean;
}

export interface Answer {
  /** HTTP status. Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** HTTP body, or the gRPC message. */
  readonly body?: Uint8Array | string;
  /** gRPC status. Default 0. */
  readonly grpcStatus?: number;
  readonly grpcMessage?: string;
  /** `grpc-status-details-bin`, not yet in base64. */
  readonly grpcDetails?: Uint8Array;
  /** gRPC status in the first headers, without a message ("trailers only"). */
  readonly trailersOnly?: boolean;
  readonly delayMs?: number;
  /** Cut the connection instead of answering. */
  readonly cut?: boolean;
  /** Say GOAWAY after the answer (HTTP/2). */
  readonly goAway?: boolean;
  /** Never answer. */
  readonly silent?: boolean;
}

export interface OtlpSink {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  readonly connections: number;
  /** What the next requests are answered, in order; afterwards: accepted. */
  readonly answers: Answer[];
  /** Resolves when so many exports have arrived. */
  arrived(count: number): Promise<void>;
  /** Ends all connections, as a server that restarts does. */
  dropConnections(): void;
  close(): Promise<void>;
}

/** A receiver on loopback that speaks real HTTP/1.1, HTTP/2 or gRPC, with or without TLS, and answers as told. */
export async function otlpSink({ protocol, port: wanted = 0, tls }: SinkOptions): Promise<OtlpSink> {
  const received: Received[] = [];
  const answers: Answer[] = [];
  const sockets = new Map<Socket, number>();
  const sessions = new Set<ServerHttp2Session>();
  const waiting: { count: number; resolve: () => void }[] = [];
  let connections = 0;

  function take(request: Omit<Received, 'batchId' | 'taken'>): Answer {
    const fromQuery = new URL(request.path, 'http://sink').searchParams.get('tl-batch');
    const fromMetadata = request.headers['tl-batch'];
    const answer = answers.shift() ?? {};
    const { cut, silent, status = 200, grpcStatus = 0 } = answer;
    received.push({
      ...request,
      batchId: fromQuery ?? (fromMetadata as string | undefined),
      taken: !cut && !silent && status === 200 && grpcStatus === 0,
    });
    for (const each of waiting) if (received.length >= each.count) each.resolve();
    return answer;
  }

  const onHttp = async (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ) => {
    // A page of another origin: what it may send and read. It asks first where it has headers of its own.
    const { origin } = request.headers;
    const cors = origin && {
      'access-control-allow-origin': origin,
      'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '',
      'access-control-expose-headers': 'retry-after',
      'access-control-max-age': '600',
    };
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { ...cors }).end();
      return;
    }
    const raw = await readAll(request);
    const answer = take({
      path: request.url!,
      headers: request.headers,
      raw,
      body: decompressed(raw, request.headers['content-encoding']),
      connection:
        sockets.get(request.socket as Socket) ??
        sockets.get((request as Http2ServerRequest).stream?.session?.socket as Socket) ??
        -1,
    });
    if (answer.silent) return;
    if (answer.delayMs) await new Promise((resolve) => setTimeout(resolve, answer.delayMs));
    if (answer.cut) {
      request.socket.destroy();
      return;
    }
    const json = request.headers['content-type'] === 'application/json';
    response.writeHead(answer.status ?? 200, {
      'content-type': json ? 'application/json' : 'application/x-protobuf',
      ...cors,
      ...answer.headers,
    });
    response.end(answer.body ?? (json ? '{}' : ''));
    if (answer.goAway) (request as Http2ServerRequest).stream.session?.goaway();
  };

  const onGrpc = async (
    stream: ServerHttp2Stream,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ) => {
    stream.on('error', () => {});
    const frame = await readAll(stream);
    const raw = frame.subarray(5, 5 + Buffer.from(frame).readUInt32BE(1));
    const answer = take({
      path: String(headers[':path']),
      headers,
      raw,
      body: frame[0] ? gunzipSync(raw) : raw,
      connection: sockets.get(stream.session?.socket as Socket) ?? -1,
    });
    if (answer.silent) return;
    if (answer.delayMs) await new Promise((resolve) => setTimeout(resolve, answer.delayMs));
    if (answer.cut) {
      stream.session?.destroy();
      return;
    }
    if (answer.status && answer.status !== 200) {
      stream.respond({ ':status': answer.status, 'content-type': 'text/plain' });
      stream.end(answer.body ?? '');
      return;
    }
    const trailers: Record<string, string> = { 'grpc-status': String(answer.grpcStatus ?? 0) };
    if (answer.grpcMessage) trailers['grpc-message'] = encodeURIComponent(answer.grpcMessage);
    if (answer.grpcDetails)
      trailers['grpc-status-details-bin'] = Buffer.from(answer.grpcDetails).toString('base64').replace(/=+$/, '');
    const head = { ':status': 200, 'content-type': 'application/grpc' };
    if (answer.trailersOnly) {
      stream.respond({ ...head, ...trailers }, { endStream: true });
    } else {
      stream.respond(head, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      const message = Buffer.from(answer.body ?? '');
      const length = Buffer.alloc(5);
      length.writeUInt32BE(message.length, 1);
      stream.end(Buffer.concat([length, message]));
    }
    if (answer.goAway) stream.session?.goaway();
  };

  const secure = tls && {
    cert: tls.cert,
    key: tls.key,
    ca: tls.clientCa,
    requestCert: !!tls.clientCa,
    rejectUnauthorized: !!tls.clientCa,
  };
  const quietly = (work: Promise<void>) => void work.catch(() => {});
  let server: Server;
  if (protocol === 'http1') {
    const handle = (request: IncomingMessage, response: ServerResponse) => quietly(onHttp(request, response));
    server = secure ? createHttpsServer(secure, handle) : createHttpServer(handle);
  } else {
    const http2 = secure ? createSecureServer(secure) : createHttp2Server();
    http2.on('session', (session) => {
      sessions.add(session);
      session.on('error', () => {});
    });
    if (protocol === 'grpc') http2.on('stream', (stream, headers) => quietly(onGrpc(stream, headers)));
    else http2.on('request', (request, response) => quietly(onHttp(request, response)));
    http2.on('sessionError', () => {});
    server = http2 as unknown as Server;
  }
  server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.set(socket, connections++);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const rawSockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    rawSockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => rawSockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(wanted, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  function dropConnections(): void {
    for (const session of sessions) session.destroy();
    for (const socket of rawSockets) socket.destroy();
  }

  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    received,
    get connections() {
      return connections;
    },
    answers,
    arrived: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    dropConnections,
    async close() {
      dropConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function decompressed(body: Uint8Array, encoding: string | string[] | undefined): Uint8Array {
  if (encoding === 'gzip') return gunzipSync(body);
  if (encoding === 'br') return brotliDecompressSync(body);
  if (encoding === 'deflate') return inflateSync(body);
  return body;
}
