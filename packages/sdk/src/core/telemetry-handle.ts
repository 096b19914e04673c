import type { Attributes, Meter, Span, Tracer } from '@opentelemetry/api';
import type { TelemetryStatus, TracedOptions } from './options.js';

/**
 * Any function, with the parameters it has. As the member of an object its parameters are compared both ways, so that those of an unannotated
 * function are `unknown` and not `never`.
 */
export type AnyFunction = { call(...args: unknown[]): unknown }['call'];

/**
 * What `start()` returns in every runtime. Starting never throws into the program because a collector is away, and
 * starting twice returns the first telemetry with a warning, also across copies of this package.
 */
export interface Telemetry {
  /** The program's own tracer, named for its service. Libraries take theirs from the OpenTelemetry global. */
  readonly tracer: Tracer;
  /** The API's no-op meter until the metrics signal is built in. */
  readonly meter: Meter;
  readonly logger: Logger;
  /**
   * Wraps `fn` so that each call runs in a span: result and `this` unchanged, an exception (or rejection) recorded, status set,
   * rethrown. Sync stays sync.
   */
  traced<F extends AnyFunction>(name: string, fn: F): F;
  traced<F extends AnyFunction>(name: string, options: TracedOptions, fn: F): F;
  /** Runs `fn` once in a span, now, and gives back what it gives back. */
  measure<R>(name: string, fn: (span: Span) => R): R;
  measure<R>(name: string, options: TracedOptions, fn: (span: Span) => R): R;
  /** Sends everything that has ended. Resolves `true` when all of it was accepted, `false` on refusal or time-out; never rejects. */
  flush(options?: { readonly timeoutMs?: number }): Promise<boolean>;
  /** Flushes, closes and gives the OpenTelemetry globals back. Later spans are not recorded. Idempotent; never rejects. */
  shutdown(options?: { readonly timeoutMs?: number }): Promise<boolean>;
  status(): TelemetryStatus;
}

/** As `@opentelemetry/api-logs` has it. */
export interface Logger {
  emit(record: LogRecord): void;
  enabled(): boolean;
}

export interface LogRecord {
  readonly eventName?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: unknown;
  readonly attributes?: Attributes;
}
