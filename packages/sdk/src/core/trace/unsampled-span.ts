import type { Span, SpanContext, TraceState } from '@opentelemetry/api';
import { type SpanIdentity, spanContextOf } from './span-identity.js';

/** A span that a sampler turned down: it has an identity for its children and for other processes, and records nothing. */
export class UnsampledSpan implements Span, SpanIdentity {
  readonly t0: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  readonly s0: number;
  readonly s1: number;
  readonly flags: number;
  readonly traceState: TraceState | undefined;
  #context: SpanContext | undefined;

  /** `words` at `at` are the new ids: trace and span for a root, the span alone for a child. */
  constructor(
    words: Int32Array,
    at: number,
    parent: SpanIdentity | undefined,
    flags: number,
    traceState: TraceState | undefined,
  ) {
    if (parent) {
      this.t0 = parent.t0;
      this.t1 = parent.t1;
      this.t2 = parent.t2;
      this.t3 = parent.t3;
      this.s0 = words[at]!;
      this.s1 = words[at + 1]!;
    } else {
      this.t0 = words[at]!;
      this.t1 = words[at + 1]!;
      this.t2 = words[at + 2]!;
      this.t3 = words[at + 3]!;
      this.s0 = words[at + 4]!;
      this.s1 = words[at + 5]!;
    }
    this.flags = flags;
    this.traceState = traceState;
    this.#context = undefined;
  }

  spanContext(): SpanContext {
    this.#context ??= spanContextOf(this, this.s0, this.s1, this.flags);
    return this.#context;
  }
  setAttribute(): this {
    return this;
  }
  setAttributes(): this {
    return this;
  }
  addEvent(): this {
    return this;
  }
  addLink(): this {
    return this;
  }
  addLinks(): this {
    return this;
  }
  setStatus(): this {
    return this;
  }
  updateName(): this {
    return this;
  }
  end(): void {}
  isRecording(): boolean {
    return false;
  }
  recordException(): void {}
}
