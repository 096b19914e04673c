import type { SpanContext, TraceState } from '@opentelemetry/api';
import { hexOf, traceIdHex, wordOf } from './hex.js';

/** W3C trace flags. */
export const sampledFlag = 1;
export const randomFlag = 2;
/** Not a W3C flag, kept above its byte: the span context came from another process. */
export const remoteFlag = 0x100;

/**
 * The identity of a span as 32-bit words: 128 bits of trace, 64 of span. Hex digits are made when somebody asks.
 * `words` at `at` hold the new ids: trace and span for a root, the span alone for a child, which takes the trace of `parent`.
 */
export class SpanIdentity {
  readonly #t0: number;
  readonly #t1: number;
  readonly #t2: number;
  readonly #t3: number;
  readonly #s0: number;
  readonly #s1: number;
  // The parent's span id, not the parent: a chain of spans that each outlive their parent must not keep all of them.
  readonly #p0: number;
  readonly #p1: number;
  /** W3C flags and `remoteFlag`. */
  readonly flags: number;
  /** The parent's; -1 where there is none. */
  readonly parentFlags: number;
  readonly traceState: TraceState | undefined;
  #context: SpanContext | undefined = undefined;

  constructor(
    words: Int32Array | readonly number[],
    at: number,
    parent: SpanIdentity | undefined,
    flags: number,
    traceState: TraceState | undefined,
  ) {
    if (parent) {
      this.#t0 = parent.#t0;
      this.#t1 = parent.#t1;
      this.#t2 = parent.#t2;
      this.#t3 = parent.#t3;
      this.#s0 = words[at]!;
      this.#s1 = words[at + 1]!;
      this.#p0 = parent.#s0;
      this.#p1 = parent.#s1;
      this.parentFlags = parent.flags;
    } else {
      this.#t0 = words[at]!;
      this.#t1 = words[at + 1]!;
      this.#t2 = words[at + 2]!;
      this.#t3 = words[at + 3]!;
      this.#s0 = words[at + 4]!;
      this.#s1 = words[at + 5]!;
      this.#p0 = 0;
      this.#p1 = 0;
      this.parentFlags = -1;
    }
    this.flags = flags;
    this.traceState = traceState;
  }

  spanContext(): SpanContext {
    this.#context ??= SpanIdentity.#contextOf(this, this.#s0, this.#s1, this.flags);
    return this.#context;
  }

  get parentSpanContext(): SpanContext | undefined {
    return this.parentFlags < 0 ? undefined : SpanIdentity.#contextOf(this, this.#p0, this.#p1, this.parentFlags);
  }

  static #contextOf(span: SpanIdentity, s0: number, s1: number, flags: number): SpanContext {
    const { traceState } = span;
    return {
      traceId: traceIdHex(span.#t0, span.#t1, span.#t2, span.#t3),
      spanId: hexOf(s0) + hexOf(s1),
      traceFlags: flags & 0xff,
      ...(flags & remoteFlag && { isRemote: true }),
      ...(traceState && { traceState }),
    };
  }

  /** The last 64 bits of the trace id; samplers decide by the lower 56 of them. */
  get randomHi(): number {
    return this.#t2;
  }
  get randomLo(): number {
    return this.#t3;
  }

  /** Writes the fields `trace_id` and `span_id` as spans and links have them (trace.proto, fields 1 and 2): 28 bytes. */
  writeIds(view: DataView, pos: number): number {
    view.setInt16(pos, 0x0a10);
    view.setInt32(pos + 2, this.#t0);
    view.setInt32(pos + 6, this.#t1);
    view.setInt32(pos + 10, this.#t2);
    view.setInt32(pos + 14, this.#t3);
    view.setInt16(pos + 18, 0x1208);
    view.setInt32(pos + 20, this.#s0);
    view.setInt32(pos + 24, this.#s1);
    return pos + 28;
  }

  /** Writes the field `parent_span_id` (trace.proto, Span field 4) where there is a parent. */
  writeParentId(view: DataView, pos: number): number {
    if (this.parentFlags < 0) return pos;
    view.setInt16(pos, 0x2208);
    view.setInt32(pos + 2, this.#p0);
    view.setInt32(pos + 6, this.#p1);
    return pos + 10;
  }
}

/** A span context of another SDK, or of a header; `undefined` where its ids are not valid. */
export function identityOf(context: SpanContext): SpanIdentity | undefined {
  const { traceId, spanId } = context;
  const digits = `${traceId}${spanId}`.toLowerCase();
  if (!/^[\da-f]{48}$/.test(digits) || traceId.length !== 32) return undefined;
  const words = [0, 8, 16, 24, 32, 40].map((at) => wordOf(digits, at));
  if (!(words[0]! | words[1]! | words[2]! | words[3]!) || !(words[4]! | words[5]!)) return undefined;
  const flags = (context.traceFlags & 0xff) | (context.isRemote ? remoteFlag : 0);
  return new SpanIdentity(words, 0, undefined, flags, context.traceState);
}

/**
 * The `flags` of spans and links on the wire (trace.proto, SpanFlags): the W3C flags, bit 8 "it is known whether the context (for
 * a span: its parent) is remote", bit 9 "it is".
 */
export const wireFlags = (flags: number, whose: number): number =>
  (flags & 0xff) | (whose >= 0 && whose & remoteFlag ? 0x300 : 0x100);

/** The identity of nothing, for links to contexts that are not valid. */
export const invalidIdentity = (): SpanIdentity => new SpanIdentity([0, 0, 0, 0, 0, 0], 0, undefined, 0, undefined);
