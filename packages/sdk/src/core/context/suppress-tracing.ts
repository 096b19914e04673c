import type { Context } from '@opentelemetry/api';

/** The key of `@opentelemetry/core`, so that its instrumentations and exporters understand ours and we theirs. */
const suppressTracingKey: symbol = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** A copy of `context` in which nothing is traced and nothing is propagated: telemetry's own I/O runs in it. */
export const suppressTracing = (context: Context): Context => context.setValue(suppressTracingKey, true);

export const unsuppressTracing = (context: Context): Context => context.deleteValue(suppressTracingKey);

export const isTracingSuppressed = (context: Context): boolean => context.getValue(suppressTracingKey) === true;
