import { createExportQueue, type ExportQueueHost, type ExportQueueLimits } from '../export-queue.js';
import type { LogRecordExporter } from './log-record-exporter.js';
import type { LogRecordProcessor, LogRecordProcessorMaker } from './log-record-processor.js';
import type { ReadableLogRecord } from './readable-log-record.js';

function createProcessor(exporter: LogRecordExporter, host: ExportQueueHost): LogRecordProcessor {
  const { add, forceFlush, shutdown } = createExportQueue<ReadableLogRecord>('log record', exporter, host);
  return { onEmit: add, forceFlush, shutdown };
}

/**
 * Hands log records to an exporter in batches (specification "Batching processor"): of `maxItems`, or when the first is `maxAgeMs` old; of what comes while
 * `maxQueueItems` wait nothing is kept, and that is reported. Defaults: what the telemetry itself is told by `batch`.
 */
export const batchLogRecordProcessor =
  (exporter: LogRecordExporter, limits: Partial<ExportQueueLimits> = {}): LogRecordProcessorMaker =>
  (host) => {
    const given = Object.entries(limits).filter(([, limit]) => limit !== undefined);
    return createProcessor(exporter, { ...host, limits: { ...host.limits, ...Object.fromEntries(given) } });
  };

/** Hands each log record to an exporter as soon as it is emitted, one after the other (specification "Simple processor"). */
export const simpleLogRecordProcessor = (exporter: LogRecordExporter): LogRecordProcessorMaker =>
  batchLogRecordProcessor(exporter, { maxItems: 1, maxAgeMs: 0 });
