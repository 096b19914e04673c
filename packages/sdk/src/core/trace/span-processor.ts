import type { Context, Span } from '@opentelemetry/api';
import type { ReadableSpan } from './readable-span.js';

/** A span as processors get it: still open for changes, and readable. */
export type SdkSpan = Span & ReadableSpan;

/**
 * Sees every recording span begin and end, as in OpenTelemetry. Called synchronously in the program's own call of `startSpan` and
 * `end`, in the order of `spanProcessors`, so it must be quick; what it throws is reported and goes no further.
 */
export interface SpanProcessor {
  /** The span has begun; it can be changed here. */
  onStart(span: SdkSpan, parentContext: Context): void;
  /** The span's end is known and it can be changed for the last time: what is changed here changes the bytes that leave. */
  onEnding?(span: SdkSpan): void;
  /** The span has ended and can only be read. Not every recording span is sampled: look at its trace flags. */
  onEnd(span: ReadableSpan): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}
