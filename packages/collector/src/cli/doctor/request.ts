import { request as requestHttp } from 'node:http';
import { connect as connectHttp2, constants } from 'node:http2';
import { request as requestHttps } from 'node:https';

export interface Sent {
  readonly url: URL;
  readonly method?: 'GET' | 'POST' | 'OPTIONS';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly ca?: string | undefined;
  readonly timeoutMs: number;
}

export type Heard =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly body: Buffer;
    }
  | { readonly kind: 'failed'; readonly code: string };

const MOST_BYTES = 4 * 1024 * 1024;

/** One HTTP/1.1 exchange on a connection of its own; never throws. Certificates are checked like a program would. */
export function ask({ url, method = 'GET', headers = {}, body, ca, timeoutMs }: Sent): Promise<Heard> {
  return new Promise((done) => {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const request = send(url, {
      method,
      headers: { ...headers, ...length },
      agent: false,
      ...(ca === undefined ? {} : { ca: [ca] }),
    });
    const timer = setTimeout(
      () => request.destroy(Object.assign(new Error('timeout'), { code: 'timeout' })),
      timeoutMs,
    );
    const end = (heard: Heard): void => {
      clearTimeout(timer);
      done(heard);
    };
    request.once('error', (error: NodeJS.ErrnoException) => end({ kind: 'failed', code: error.code ?? error.message }));
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MOST_BYTES) response.destroy();
        else chunks.push(chunk);
      });
      response.once('close', () =>
        end({
          kind: 'answer',
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.end(body);
  });
}

export type GrpcHeard =
  | { readonly kind: 'answer'; readonly status: number; readonly message: string; readonly body: Buffer }
  | { readonly kind: 'failed'; readonly code: string };

/** One unary gRPC call; `failed` when what listens does not speak it. */
export function askGrpc({
  url,
  headers = {},
  body = new Uint8Array(),
  ca,
  timeoutMs,
}: Sent & { readonly url: URL }): Promise<GrpcHeard> {
  return new Promise((done) => {
    const session = connectHttp2(url.origin, ca === undefined ? {} : { ca: [ca] });
    let ended = false;
    const end = (heard: GrpcHeard): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      session.destroy();
      done(heard);
    };
    const timer = setTimeout(() => end({ kind: 'failed', code: 'timeout' }), timeoutMs);
    session.once('error', (error: NodeJS.ErrnoException) => end({ kind: 'failed', code: error.code ?? error.message }));
    session.once('close', () => end({ kind: 'failed', code: 'closed' }));
    const frame = Buffer.alloc(5 + body.length);
    frame.writeUInt32BE(body.length, 1);
    frame.set(body, 5);
    const call = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const chunks: Buffer[] = [];
    let fields: Record<string, unknown> = {};
    call.on('response', (received) => {
      fields = { ...fields, ...received };
    });
    call.on('trailers', (received) => {
      fields = { ...fields, ...received };
    });
    call.on('data', (chunk: Buffer) => chunks.push(chunk));
    call.once('error', (error: NodeJS.ErrnoException) => end({ kind: 'failed', code: error.code ?? error.message }));
    call.once('close', () => {
      const status = fields['grpc-status'];
      if (status === undefined)
        return end({ kind: 'failed', code: `HTTP ${String(fields[':status'] ?? 'without an answer')}` });
      const message = decode(String(fields['grpc-message'] ?? ''));
      return end({ kind: 'answer', status: Number(status), message, body: Buffer.concat(chunks).subarray(5) });
    });
    call.end(frame);
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
