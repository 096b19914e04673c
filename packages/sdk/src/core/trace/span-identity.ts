import type { SpanContext, TraceState } from '@opentelemetry/api';
import { hexOf, traceIdHex, wordOf } from './hex.js';
import { remoteFlag } from './trace-flags.js';

/**
 * Who a span is, as 32-bit words: 128 bits of trace, 64 of span. Hex digits are made when somebody asks. Spans have these members
 * themselves: an object more, or a base class (V8 does not inline `super`), costs a tenth of a span.
 */
export interface SpanIdentity {
  readonly t0: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  readonly s0: number;
  readonly s1: number;
  /** W3C flags and `remoteFlag`. */
  readonly flags: number;
  readonly traceState: TraceState | undefined;
}

/** The API's form of an identity; `s0`, `s1` and `flags` may be those of another span of the trace. */
export function spanContextOf(
  { t0, t1, t2, t3, traceState }: SpanIdentity,
  s0: number,
  s1: number,
  flags: number,
): SpanContext {
  return {
    traceId: traceIdHex(t0, t1, t2, t3),
    spanId: hexOf(s0) + hexOf(s1),
    traceFlags: flags & 0xff,
    ...(flags & remoteFlag && { isRemote: true }),
    ...(traceState && { traceState }),
  };
}

/** A span context of another SDK, or of a header; `undefined` where its ids are not valid. */
export function identityOf(context: SpanContext | undefined): SpanIdentity | undefined {
  const digits = `${context?.traceId}${context?.spanId}`;
  if (context?.traceId?.length !== 32 || !/^[\da-f]{48}$/i.test(digits)) return undefined;
  const word = (at: number): number => wordOf(digits, at);
  const [t0, t1, t2, t3] = [word(0), word(8), word(16), word(24)];
  const [s0, s1] = [word(32), word(40)];
  if (!(t0 | t1 | t2 | t3) || !(s0 | s1)) return undefined;
  const flags = (context.traceFlags & 0xff) | (context.isRemote ? remoteFlag : 0);
  return { t0, t1, t2, t3, s0, s1, flags, traceState: context.traceState };
}

/** The identity of nothing, for links to contexts that are not valid. */
export const noIdentity: SpanIdentity = { t0: 0, t1: 0, t2: 0, t3: 0, s0: 0, s1: 0, flags: 0, traceState: undefined };

/** Writes the fields `trace_id` and `span_id` as spans and links have them (trace.proto, fields 1 and 2): 28 bytes. */
export function writeIds(view: DataView, pos: number, { t0, t1, t2, t3, s0, s1 }: SpanIdentity): number {
  view.setInt16(pos, 0x0a10);
  view.setInt32(pos + 2, t0);
  view.setInt32(pos + 6, t1);
  view.setInt32(pos + 10, t2);
  view.setInt32(pos + 14, t3);
  view.setInt16(pos + 18, 0x1208);
  view.setInt32(pos + 20, s0);
  view.setInt32(pos + 24, s1);
  return pos + 28;
}
