import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerResponse } from 'node:http2';
import { type Admission, RETRY_AFTER_SECONDS, type Ticket } from '../admit/admission.js';
import type { Intake, Verdict } from '../admit/intake.js';
import { FULL } from '../admit/submit-whole.js';
import { jsonToProtobuf } from '../process/json-to-protobuf.js';
import type { Signal } from '../process/signal.js';
import { exportResponse, exportResponseJson, RPC, type RpcCode, rpcStatus, rpcStatusJson } from './answers.js';
import { BATCH_ID_KEY, batchId } from './batch-id.js';
import { type BodyPool, createBodyPool } from './body-pool.js';
import { CODINGS, type Coding, contentCoding, inflateBody } from './content-coding.js';
import { createDualServer, type DualServer } from './dual-server.js';
import type { Origins } from './origins.js';
import type { TlsOptions } from './tls-options.js';

export interface OtlpHttpOptions {
  readonly intake: Intake;
  readonly admission: Admission;
  readonly origins: Origins;
  readonly tls?: TlsOptions | undefined;
  /** Of a body, compressed and also after. Default 64 MiB; a quarter of it for JSON. */
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
const DROPPING_MS = 5_000;
const ALLOWED_HEADERS =
  'content-type, content-encoding, authorization, traceparent, tracestate, baggage, x-requested-with';

interface Receiver extends OtlpHttpOptions {
  readonly pool: BodyPool;
}

type Format = 'protobuf' | 'json';

/** An HTTP status with what goes with it; thrown inside this file, answered in one place. */
class Refusal extends Error {
  readonly status: number;
  readonly code: RpcCode;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: RpcCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const busy = (message: string): Refusal =>
  new Refusal(503, RPC.unavailable, message, { 'retry-after': String(RETRY_AFTER_SECONDS) });

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
    refuse(request, response, format, error);
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
  const ticket = options.admission.enter(announced);
  if (ticket === undefined) throw full();
  const room = announced > 0 ? options.pool.take(announced) : undefined;
  try {
    let submitted: Promise<Verdict>;
    try {
      const body = await readBody(request, room, announced, maxBytes, ticket);
      const bytes = await toProtobuf(body, { coding, format, signal, maxBytes, ticket });
      // It is read before the call returns; what is waited for afterwards is the disk.
      submitted = options.intake.submit({ signal, bytes, batchId: id, way: 'http' });
    } finally {
      if (room !== undefined) options.pool.giveBack(room);
    }
    const verdict = await submitted;
    if (verdict.kind === 'malformed') throw new Refusal(400, RPC.invalidArgument, verdict.message);
    if (verdict.kind === 'busy') throw busy(verdict.message);
    if (format === 'json')
      send(response, 200, 'application/json', exportResponseJson(signal, verdict.rejected, verdict.message));
    else send(response, 200, 'application/x-protobuf', exportResponse(verdict.rejected, verdict.message));
  } finally {
    ticket.leave();
  }
}

interface Unpacking {
  readonly coding: Coding | undefined;
  readonly format: Format;
  readonly signal: Signal;
  readonly maxBytes: number;
  readonly ticket: Ticket;
}

async function toProtobuf(
  body: Uint8Array,
  { coding, format, signal, maxBytes, ticket }: Unpacking,
): Promise<Uint8Array> {
  let bytes = body;
  if (coding !== undefined) {
    // What it will be is not known; telemetry packs some eight to one.
    if (!ticket.grow(Math.min(maxBytes, bytes.length * 8))) throw full();
    const inflated = await inflateBody(bytes, coding, maxBytes);
    if (inflated.kind === 'too-large') throw tooLarge(maxBytes);
    if (inflated.kind === 'malformed') throw new Refusal(400, RPC.invalidArgument, inflated.message);
    bytes = inflated.bytes;
  }
  if (format === 'protobuf') return bytes;
  // Objects take many times the room of their text: a body of empty ones would fill the memory.
  if (bytes.length > maxBytes / JSON_SHARE) throw tooLarge(maxBytes / JSON_SHARE, ' as JSON; protobuf may be larger');
  const transcoded = jsonToProtobuf(bytes, signal);
  if (transcoded.kind === 'malformed') throw new Refusal(400, RPC.invalidArgument, transcoded.message);
  return transcoded.bytes;
}

const JSON_SHARE = 4;

const full = (): Refusal => busy(FULL);

const tooLarge = (maxBytes: number, note = ''): Refusal =>
  new Refusal(
    413,
    RPC.resourceExhausted,
    `The body is larger than ${maxBytes} bytes${note}, or becomes so when it is unpacked. Send smaller batches.`,
  );

/** `announced` bytes are admitted already, and there is room for them. */
async function readBody(
  request: IncomingMessage,
  room: Buffer | undefined,
  announced: number,
  maxBytes: number,
  ticket: Ticket,
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let total = 0;
  // Not destroyed when this stops early: the refusal has yet to be sent on the same stream.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const before = total;
    total += chunk.length;
    if (total > maxBytes) throw tooLarge(maxBytes);
    if (room !== undefined && total <= announced) chunk.copy(room, before);
    else if (ticket.grow(chunk.length)) chunks.push(chunk);
    else throw full();
  }
  const inRoom = room?.subarray(0, Math.min(total, announced));
  if (inRoom !== undefined && chunks.length === 0) return inRoom;
  return Buffer.concat(inRoom === undefined ? chunks : [inRoom, ...chunks]);
}

function refuse(request: IncomingMessage, response: ServerResponse, format: Format, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const refusal =
    error instanceof Refusal
      ? error
      : request.destroyed && !request.complete
        ? new Refusal(400, RPC.invalidArgument, 'The body ended early.')
        : new Refusal(
            500,
            RPC.internal,
            `The collector failed: ${error instanceof Error ? error.message : String(error)}`,
          );
  for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value);
  if (!request.complete) leaveTheRest(request, response);
  if (format === 'json')
    send(response, refusal.status, 'application/json', rpcStatusJson(refusal.code, refusal.message));
  else if (request.headers['content-type']?.includes('protobuf')) {
    send(response, refusal.status, 'application/x-protobuf', rpcStatus(refusal.code, refusal.message));
  } else send(response, refusal.status, 'text/plain; charset=utf-8', `${refusal.message}\n`);
}

/**
 * The rest of a body that nobody will read. Over HTTP/1 it is not worth receiving: the connection ends with the answer. Over HTTP/2 others share
 * the connection, and what is left unread fills its memory until it takes no stream any more: it is received for a moment and dropped.
 */
function leaveTheRest(request: IncomingMessage, response: ServerResponse): void {
  const { stream } = response as ServerResponse & Partial<Pick<Http2ServerResponse, 'stream'>>;
  if (stream === undefined) {
    response.setHeader('connection', 'close');
    return;
  }
  request.resume();
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), DROPPING_MS);
  stream.once('close', () => clearTimeout(timer));
}

function send(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
