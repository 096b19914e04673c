import type { ExportResult } from '../trace/span-exporter.js';
import type { ReadableLogRecord } from './readable-log-record.js';

/**
 * The object path out, as in OpenTelemetry, so that exporters written for it work: it is handed records in batches, never while an earlier
 * `export` has not called back (specification "LogRecordExporter").
 */
export interface LogRecordExporter {
  export(records: ReadableLogRecord[], resultCallback: (result: ExportResult) => void): void;
  shutdown(): Promise<void>;
  forceFlush?(): Promise<void>;
}
