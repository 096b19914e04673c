import type { Signal } from '../../../core/batch.js';
import type { Environment } from './environment.js';

/** What limits an export of a signal beside the exporter's own time-out. */
const processorVariables: Readonly<Record<Signal, string>> = {
  traces: 'OTEL_BSP_EXPORT_TIMEOUT',
  metrics: 'OTEL_METRIC_EXPORT_TIMEOUT',
  logs: 'OTEL_BLRP_EXPORT_TIMEOUT',
};

/**
 * How long an answer is waited for, in milliseconds (specification "Batch Span Processor", "Batch LogRecord Processor", "Periodic exporting MetricReader" and
 * "OTLP Exporter Configuration"). A send here is an export there, so the shorter of a signal's two time-outs counts.
 */
export function readTimeout(environment: Environment, signal: Signal): number | undefined {
  const timeouts = [
    environment.integer(processorVariables[signal], 1),
    environment.integer(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_TIMEOUT`, 1) ??
      environment.integer('OTEL_EXPORTER_OTLP_TIMEOUT', 1),
  ].filter((timeout) => timeout !== undefined);
  return timeouts.length ? Math.min(...timeouts) : undefined;
}
