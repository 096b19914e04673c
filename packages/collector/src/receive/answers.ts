import { ProtobufWriter } from '../process/protobuf-writer.js';
import type { Signal } from '../process/signal.js';

/** `google.rpc.Code`s that a receiver uses. */
export const RPC = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;
export type RpcCode = (typeof RPC)[keyof typeof RPC];

const REJECTED = { traces: 'rejectedSpans', metrics: 'rejectedDataPoints', logs: 'rejectedLogRecords' } as const;
const EMPTY = new Uint8Array(0);

/** `Export…ServiceResponse`. Without anything to say it is the empty message. */
export function exportResponse(rejected: number, message: string): Uint8Array {
  if (rejected === 0 && message === '') return EMPTY;
  const partial = new ProtobufWriter();
  if (rejected > 0) partial.tag(1, 0).varint(rejected);
  if (message !== '') partial.string(2, message);
  return new ProtobufWriter().bytes(1, partial.finish()).finish();
}

export function exportResponseJson(signal: Signal, rejected: number, message: string): string {
  if (rejected === 0 && message === '') return '{}';
  return JSON.stringify({ partialSuccess: { [REJECTED[signal]]: String(rejected), errorMessage: message } });
}

/** `google.rpc.Status`; with a wait it carries `google.rpc.RetryInfo`. */
export function rpcStatus(code: RpcCode, message: string, retryAfterSeconds?: number): Uint8Array {
  const status = new ProtobufWriter().tag(1, 0).varint(code).string(2, message);
  if (retryAfterSeconds !== undefined) {
    const duration = new ProtobufWriter().tag(1, 0).varint(retryAfterSeconds).finish();
    const retryInfo = new ProtobufWriter().bytes(1, duration).finish();
    status.bytes(
      3,
      new ProtobufWriter().string(1, 'type.googleapis.com/google.rpc.RetryInfo').bytes(2, retryInfo).finish(),
    );
  }
  return status.finish();
}

export function rpcStatusJson(code: RpcCode, message: string): string {
  return JSON.stringify({ code, message });
}
