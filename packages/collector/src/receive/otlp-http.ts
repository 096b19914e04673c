import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { type Admission, RETRY_AFTER_SECONDS } from '../admit/admission.js';
import type { Intake } from '../admit/intake.js';
import type { IntakeAccount, RefusalReason } from '../ops/intake-account.js';
import { BATCH_ID_KEY, batchId } from '../process/batch-id.js';
import type { Signal } from '../process/signal.js';
import { exportResponse, exportResponseJson, RPC, type RpcCode, rpcStatus, rpcStatusJson } from './answers.js';
import { type BodyPool, createBodyPool } from './body-pool.js';
import { CODINGS, contentCoding } from './content-coding.js';
import { createDualServer, type DualServer } from './dual-server.js';
import { IncomingBody } from './incoming-body.js';
import { leaveTheRest } from './leave-the-rest.js';
import type { Origins } from './origins.js';
import { receiveBody } from './receive-body.js';
import { senderOf } from './sender.js';
import type { TlsOptions } from './tls-options.js';
import { type Format, type Transcode, unpack } from './unpack.js';

export interface OtlpHttpOptions {
  readonly intake: Intake;
  readonly admission: Admission;
  /** Told of what is turned away before the intake sees it. */
  readonly account?: IntakeAccount | undefined;
  /** For JSON of more than 128 KiB, which would keep everybody else waiting. Absent: it is done here. */
  readonly transcode?: Transcode | undefined;
  readonly origins: Origins;
  readonly tls?: TlsOptions | undefined;
  /** Of a body, compressed and also after. Default 64 MiB; an eighth of it for JSON. */
  readonly maxBodyBytes?: number | undefined;
  /** Time for a request to arrive whole. Default 60,000. */
  readonly requestTimeoutMs?: number | undefined;
}

export const MAX_BODY_BYTES = 64 * 1024 * 1024;

const PATHS: Readonly<Record<string, Signal>> = {
  '/v1/traces': 'traces',
  '/v1/metrics': 'metrics',
  '/v1/logs': 'logs',
};
const WHAT_THIS_IS =
  'This is the OTLP/HTTP receiver of Throughline: programs POST their telemetry to /v1/traces, /v1/metrics and /v1/logs here; the page to look at it is on the explorer port.\n';
const PREFLIGHT_SECONDS = 7200;
const ALLOWED_HEADERS =
  'content-type, content-encoding, authorization, traceparent, tracestate, baggage, x-requested-with';

interface Receiver extends OtlpHttpOptions {
  readonly pool: BodyPool;
}

/** An HTTP status with what goes with it; thrown inside this file, answered in one place. */
class Refusal extends Error {
  readonly status: number;
  readonly code: RpcCode;
  readonly headers: Readonly<Record<string, string>>;
  /** `counted`: by the intake, which refused it. */
  readonly reason: RefusalReason | 'counted';
  constructor(
    status: number,
    code: RpcCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    reason: RefusalReason | 'counted' = 'not-taken',
  ) {
    super(message);
    this.reason = reason;
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const busy = (message: string, reason: RefusalReason | 'counted'): Refusal =>
  new Refusal(503, RPC.unavailable, message, { 'retry-after': String(RETRY_AFTER_SECONDS) }, reason);

const SLOW = 'The body did not arrive while others waited for its room; send again in a moment.';

/**
 * OTLP/HTTP as the specification has it (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP"): protobuf and JSON, the error body a
 * `google.rpc.Status` in the request's own content type, an answer only when the request is durable.
 */
export function createOtlpHttp(options: OtlpHttpOptions): DualServer {
  const receiver: Receiver = { ...options, pool: createBodyPool() };
  return createDualServer(
    (request, response) => void answer(receiver, request, response),
    options.tls,
    options.requestTimeoutMs,
  );
}

async function answer(options: Receiver, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A client that goes away in the middle is its own answer.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  const { origin } = request.headers;
  const mayRead = options.origins.allows(origin);
  response.setHeader('vary', 'Origin');
  if (origin !== undefined && mayRead) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'retry-after');
  }
  let format: Format = 'protobuf';
  try {
    // An endpoint that ends with a slash makes two of them, and two would begin the name of a host.
    const url = new URL((request.url ?? '/').replace(/^\/+/, '/'), 'http://localhost');
    if (!mayRead) {
      throw new Refusal(
        403,
        RPC.permissionDenied,
        `Pages of ${origin} may not send to this collector. Start it with --cors-origin ${origin} to allow them.`,
      );
    }
    if (request.method === 'OPTIONS') {
      preflight(request, response);
      return;
    }
    if (answerGrpc(request, response)) return;
    const signal = PATHS[url.pathname.replace(/\/+$/, '')];
    if (signal === undefined) {
      if (url.pathname === '/' && (request.method === 'GET' || request.method === 'HEAD')) {
        response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(WHAT_THIS_IS);
        return;
      }
      throw new Refusal(
        404,
        RPC.notFound,
        `There is nothing at ${url.pathname}. OTLP/HTTP is taken at /v1/traces, /v1/metrics and /v1/logs.`,
      );
    }
    if (request.method !== 'POST') {
      throw new Refusal(405, RPC.unimplemented, `${url.pathname} takes POST.`, { allow: 'POST, OPTIONS' });
    }
    format = requestFormat(request);
    await take(options, request, response, signal, format, batchId(url.searchParams.get(BATCH_ID_KEY)));
  } catch (error) {
    refuse(options, request, response, format, error);
  }
}

function preflight(request: IncomingMessage, response: ServerResponse): void {
  const asked = request.headers['access-control-request-headers'];
  response.writeHead(204, {
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': asked ?? ALLOWED_HEADERS,
    'access-control-max-age': String(PREFLIGHT_SECONDS),
    ...(request.headers['access-control-request-private-network'] === 'true'
      ? { 'access-control-allow-private-network': 'true' }
      : {}),
    ...(request.headers['access-control-request-local-network'] === 'true'
      ? { 'access-control-allow-local-network': 'true' }
      : {}),
  });
  response.end();
}

/** A gRPC client on the wrong port is told so in its own protocol: an answer of headers alone, with a status. */
function answerGrpc(request: IncomingMessage, response: ServerResponse): boolean {
  const { stream } = response as ServerResponse & Partial<Pick<Http2ServerResponse, 'stream'>>;
  if (stream === undefined || !request.headers['content-type']?.startsWith('application/grpc')) return false;
  request.resume();
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(RPC.unimplemented),
      'grpc-message': 'This port takes OTLP over HTTP; OTLP over gRPC is taken on another one, 4317 by default.',
    },
    { endStream: true },
  );
  return true;
}

function requestFormat(request: IncomingMessage): Format {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf';
  if (type === 'application/json') return 'json';
  // What a page may send without asking first. Its origin was checked above.
  if (type === 'text/plain' && request.headers.origin !== undefined) return 'protobuf';
  throw new Refusal(
    415,
    RPC.invalidArgument,
    `Content-Type ${type === '' ? 'is missing' : `${type} is not taken here`}: use application/x-protobuf or application/json.`,
    { accept: 'application/x-protobuf, application/json' },
  );
}

async function take(
  options: Receiver,
  request: IncomingMessage,
  response: ServerResponse,
  signal: Signal,
  format: Format,
  id: string | undefined,
): Promise<void> {
  const { admission, pool } = options;
  const maxBytes = options.maxBodyBytes ?? MAX_BODY_BYTES;
  const coding = contentCoding(request.headers['content-encoding']);
  if (coding === 'unknown') {
    throw new Refusal(
      415,
      RPC.invalidArgument,
      `Content-Encoding ${request.headers['content-encoding']} is not taken here: use ${CODINGS.join(', ')}.`,
      {
        'accept-encoding': CODINGS.join(', '),
      },
    );
  }
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  const sender = senderOf(request.socket.remoteAddress, request.socket.remotePort);
  // Whether there would be room; what is announced and does not come takes none.
  const ticket = admission.enter(announced, sender);
  if (ticket === undefined) throw full(admission);
  ticket.shrink(announced);
  const body = new IncomingBody(pool, ticket, announced);
  try {
    const arrival = await receiveBody(request, body, ticket, maxBytes);
    if (arrival === 'too-large') throw tooLarge(maxBytes);
    if (arrival === 'no-room') throw full(admission);
    if (arrival === 'slow') throw busy(SLOW, 'slow');
    if (arrival === 'gone') throw new Refusal(400, RPC.invalidArgument, 'The body ended early.', {}, 'slow');
    const unpacked = await unpack(
      body.view(),
      { coding, format, signal, maxBytes, ticket, turns: admission.turns, sender, transcode: options.transcode },
      // It is read before the call returns; what is waited for afterwards is the disk.
      (bytes) => options.intake.submit({ signal, bytes, batchId: id, way: 'http' }),
    );
    body.giveBack();
    if (unpacked.kind === 'no-room') throw full(admission);
    if (unpacked.kind === 'too-large') throw tooLarge(unpacked.limitBytes, unpacked.note);
    if (unpacked.kind === 'malformed') throw new Refusal(400, RPC.invalidArgument, unpacked.message, {}, 'malformed');
    const verdict = await unpacked.result;
    if (verdict.kind === 'malformed') throw new Refusal(400, RPC.invalidArgument, verdict.message, {}, 'counted');
    if (verdict.kind === 'too-large') throw new Refusal(413, RPC.resourceExhausted, verdict.message, {}, 'counted');
    if (verdict.kind === 'busy') throw busy(verdict.message, 'counted');
    if (format === 'json')
      send(response, 200, 'application/json', exportResponseJson(signal, verdict.rejected, verdict.message));
    else send(response, 200, 'application/x-protobuf', exportResponse(verdict.rejected, verdict.message));
  } finally {
    body.giveBack();
    ticket.leave();
  }
}

const full = ({ noRoom: { reason, message } }: Admission): Refusal => busy(message, reason);

const tooLarge = (maxBytes: number, note = ''): Refusal =>
  new Refusal(
    413,
    RPC.resourceExhausted,
    `The body is larger than ${maxBytes} bytes${note}, or becomes so when it is unpacked. Send smaller batches.`,
    {},
    'too-large',
  );

function refuse(
  { account }: Receiver,
  request: IncomingMessage,
  response: ServerResponse,
  format: Format,
  error: unknown,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const refusal =
    error instanceof Refusal
      ? error
      : new Refusal(
          500,
          RPC.internal,
          `The collector failed: ${error instanceof Error ? error.message : String(error)}`,
          {},
          'failed',
        );
  if (refusal.reason !== 'counted') account?.refused('http', refusal.reason);
  for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value);
  if (!request.complete) leaveTheRest(request, response);
  if (format === 'json')
    send(response, refusal.status, 'application/json', rpcStatusJson(refusal.code, refusal.message));
  else if (request.headers['content-type']?.includes('protobuf')) {
    send(response, refusal.status, 'application/x-protobuf', rpcStatus(refusal.code, refusal.message));
  } else send(response, refusal.status, 'text/plain; charset=utf-8', `${refusal.message}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
