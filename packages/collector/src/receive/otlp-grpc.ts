import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerResponse, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type Admission, RETRY_AFTER_SECONDS } from '../admit/admission.js';
import type { Intake } from '../admit/intake.js';
import type { IntakeAccount, RefusalReason } from '../ops/intake-account.js';
import { BATCH_ID_KEY, batchId } from '../process/batch-id.js';
import type { Signal } from '../process/signal.js';
import { exportResponse, RPC, type RpcCode, rpcStatus } from './answers.js';
import { type BodyPool, createBodyPool } from './body-pool.js';
import type { Coding } from './content-coding.js';
import { createDualServer, type DualServer } from './dual-server.js';
import { IncomingBody } from './incoming-body.js';
import { leaveTheRest } from './leave-the-rest.js';
import { MAX_BODY_BYTES } from './otlp-http.js';
import { receiveBody } from './receive-body.js';
import { senderOf } from './sender.js';
import type { TlsOptions } from './tls-options.js';
import { unpack } from './unpack.js';

export interface OtlpGrpcOptions {
  readonly intake: Intake;
  readonly admission: Admission;
  /** Told of what is turned away before the intake sees it. */
  readonly account?: IntakeAccount | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Of a message, also after decompression. Default 64 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Time for a message to arrive whole. Default 60,000. */
  readonly requestTimeoutMs?: number | undefined;
}

const METHODS: Readonly<Record<string, Signal>> = {
  '/opentelemetry.proto.collector.trace.v1.TraceService/Export': 'traces',
  '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export': 'metrics',
  '/opentelemetry.proto.collector.logs.v1.LogsService/Export': 'logs',
};
/** `grpc-encoding` and what undoes it. */
const ENCODINGS: Readonly<Record<string, Coding>> = { gzip: 'gzip', deflate: 'deflate', zstd: 'zstd' };
const ACCEPTED = ['identity', ...Object.keys(ENCODINGS)].join(',');
/** In front of a message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;
const TYPE = 'application/grpc';

interface Receiver extends OtlpGrpcOptions {
  readonly pool: BodyPool;
}

/** A gRPC status; thrown inside this file, answered in one place. */
class Refusal extends Error {
  readonly code: RpcCode;
  readonly reason: RefusalReason | 'counted';
  readonly isRetryable: boolean;
  constructor(code: RpcCode, message: string, reason: RefusalReason | 'counted', isRetryable = false) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.isRetryable = isRetryable;
  }
}

const busy = (message: string, reason: RefusalReason | 'counted'): Refusal =>
  new Refusal(RPC.unavailable, message, reason, true);
const full = ({ noRoom: { reason, message } }: Admission): Refusal => busy(message, reason);

/**
 * OTLP over gRPC, on Node's own HTTP/2: three unary methods whose messages stay bytes (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). A server of gRPC's own library holds messages that
 * still arrive, and unpacks them, before anybody can be asked whether there is room; here they are admitted piece by piece, as bodies over HTTP are.
 */
export function createOtlpGrpc(options: OtlpGrpcOptions): DualServer {
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
  const { stream } = response as ServerResponse & Partial<Pick<Http2ServerResponse, 'stream'>>;
  if (stream === undefined || !isGrpc(request.headers)) {
    options.account?.refused('grpc', 'not-taken');
    notGrpc(request, response);
    return;
  }
  try {
    const message = await take(options, request);
    if (!stream.destroyed) succeed(response, message);
  } catch (error) {
    const refusal =
      error instanceof Refusal
        ? error
        : new Refusal(
            RPC.internal,
            `The collector failed: ${error instanceof Error ? error.message : String(error)}`,
            'failed',
          );
    if (refusal.reason !== 'counted') options.account?.refused('grpc', refusal.reason);
    if (stream.destroyed) return;
    fail(stream, refusal);
    if (!request.complete) leaveTheRest(request, response);
  }
}

const isGrpc = (headers: IncomingHttpHeaders): boolean =>
  /^application\/grpc(?:\+proto)?\s*(?:;|$)/i.test(headers['content-type'] ?? '');

function notGrpc(request: IncomingMessage, response: ServerResponse): void {
  const text = 'This port takes OTLP over gRPC; OTLP over HTTP is taken on another one, 4318 by default.\n';
  if (!request.complete) leaveTheRest(request, response);
  response.writeHead(415, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** Resolves with the answer's message; throws `Refusal`. */
async function take(options: Receiver, request: IncomingMessage): Promise<Uint8Array> {
  const { admission, intake, pool } = options;
  const maxBytes = options.maxMessageBytes ?? MAX_BODY_BYTES;
  const signal = METHODS[request.url ?? ''];
  if (signal === undefined || request.method !== 'POST')
    throw new Refusal(
      RPC.unimplemented,
      `There is no method ${request.url}: OTLP's are ${Object.keys(METHODS).join(', ')}.`,
      'not-taken',
    );
  const encoding = String(request.headers['grpc-encoding'] ?? 'identity').toLowerCase();
  if (encoding !== 'identity' && !Object.hasOwn(ENCODINGS, encoding))
    throw new Refusal(RPC.unimplemented, `Messages in ${encoding} are not taken: use ${ACCEPTED}.`, 'not-taken');
  const sender = senderOf(request.socket.remoteAddress, request.socket.remotePort);
  const ticket = admission.enter(0, sender);
  if (ticket === undefined) throw full(admission);
  const body = new IncomingBody(pool, ticket, 0);
  const tooLarge = (): Refusal =>
    new Refusal(
      RPC.resourceExhausted,
      `The message is larger than ${maxBytes} bytes, or becomes so when it is unpacked. Send smaller batches.`,
      'too-large',
    );
  try {
    const arrival = await receiveBody(request, body, ticket, maxBytes + PREFIX_BYTES, () => {
      const length = lengthOf(body.view());
      if (length !== undefined) body.expect(length + PREFIX_BYTES);
      return length === undefined || length <= maxBytes;
    });
    if (arrival === 'too-large') throw tooLarge();
    if (arrival === 'no-room') throw full(admission);
    if (arrival === 'slow')
      throw busy('The message did not arrive while others waited for its room; send again in a moment.', 'slow');
    const view = body.view();
    if (arrival === 'gone' || lengthOf(view) !== view.length - PREFIX_BYTES)
      throw new Refusal(RPC.invalidArgument, 'A call is one whole message; this is none, or more.', 'malformed');
    const isCompressed = view[0] === 1;
    if (isCompressed && encoding === 'identity')
      throw new Refusal(RPC.internal, 'The message is compressed, and nothing says how.', 'malformed');
    const id = batchId(request.headers[BATCH_ID_KEY]);
    const coding = isCompressed ? ENCODINGS[encoding] : undefined;
    const unpacked = await unpack(
      view.subarray(PREFIX_BYTES),
      { coding, format: 'protobuf', signal, maxBytes, ticket, turns: admission.turns, sender },
      // It is read before the call returns; what is waited for afterwards is the disk.
      (bytes) => intake.submit({ signal, bytes, batchId: id, way: 'grpc' }),
    );
    body.giveBack();
    if (unpacked.kind === 'no-room') throw full(admission);
    if (unpacked.kind === 'too-large') throw tooLarge();
    if (unpacked.kind === 'malformed') throw new Refusal(RPC.internal, unpacked.message, 'malformed');
    const verdict = await unpacked.result;
    switch (verdict.kind) {
      case 'accepted':
        return exportResponse(verdict.rejected, verdict.message);
      case 'malformed':
        throw new Refusal(RPC.invalidArgument, verdict.message, 'counted');
      case 'too-large':
        throw new Refusal(RPC.resourceExhausted, verdict.message, 'counted');
      case 'busy':
        throw busy(verdict.message, 'counted');
    }
  } finally {
    body.giveBack();
    ticket.leave();
  }
}

/** What the prefix says, once it is there. */
function lengthOf(view: Uint8Array): number | undefined {
  if (view.length < PREFIX_BYTES) return undefined;
  return view[1]! * 0x1000000 + ((view[2]! << 16) | (view[3]! << 8) | view[4]!);
}

function succeed(response: ServerResponse, message: Uint8Array): void {
  const framed = Buffer.alloc(PREFIX_BYTES + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  response.writeHead(200, { 'content-type': TYPE, 'grpc-accept-encoding': ACCEPTED });
  response.addTrailers({ 'grpc-status': '0' });
  response.end(framed);
}

/** An answer of headers alone. */
function fail(stream: ServerHttp2Stream, { code, message, isRetryable }: Refusal): void {
  const headers: OutgoingHttpHeaders = {
    ':status': 200,
    'content-type': TYPE,
    'grpc-status': String(code),
    'grpc-message': encodeURI(message),
    'grpc-accept-encoding': ACCEPTED,
  };
  if (isRetryable)
    headers['grpc-status-details-bin'] = Buffer.from(rpcStatus(code, message, RETRY_AFTER_SECONDS)).toString('base64');
  stream.respond(headers, { endStream: true });
}
