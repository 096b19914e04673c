import type { Context, Span, TimeInput, Tracer } from '@opentelemetry/api';
import type { BindableMeter } from './metrics/bindable.js';
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
  /** The program's own meter, as `tracer` is. Where metrics are not built in (see `metering`) it takes everything and keeps nothing. */
  readonly meter: BindableMeter;
  /** The program's own logger, as `tracer` is. Where logs are not built in (see `logging`) `enabled()` is `false`. */
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

/** As `@opentelemetry/api-logs` has it, and `@opentelemetry/api` from 1.10 on. */
export interface Logger {
  /** Records what happened, now; what it is made of is read before this returns. Never throws. */
  emit(record: LogRecord): void;
  /** Is it worth making a record of this kind? `false` after shutdown, where logs are not built in, and below telemetry's own requests. */
  enabled(options?: Pick<LogRecord, 'context' | 'severityNumber' | 'eventName'>): boolean;
}

/** A log record (specification "Logs Data Model"); everything is optional. */
export interface LogRecord {
  /** When it happened. Default: now. */
  readonly timestamp?: TimeInput | undefined;
  /** When it was seen, if that is another time. Default: now. */
  readonly observedTimestamp?: TimeInput | undefined;
  /** 1 to 24: from 1 TRACE, 5 DEBUG, 9 INFO, 13 WARN, 17 ERROR, 21 FATAL. Errors are kept longest when there is no room. */
  readonly severityNumber?: number | undefined;
  /** The severity in the words of whoever logs. */
  readonly severityText?: string | undefined;
  /** A text, or any value: numbers, booleans, bytes, lists and objects of them. */
  readonly body?: unknown;
  /** Values as those of `body`. `undefined` is no value. */
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  /** Makes the record an event of that name. */
  readonly eventName?: string | undefined;
  /** What was thrown: type, message and stack trace become attributes. */
  readonly exception?: unknown;
  /** Whose span it belongs to. Default: the active context. */
  readonly context?: Context | undefined;
}
