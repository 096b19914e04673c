export type { ExportQueueHost, ExportQueueLimits } from '../export-queue.js';
export type { Logger, LogRecord } from '../telemetry-handle.js';
export type { ExportResult } from '../trace/span-exporter.js';
export { createLog, type Log, type Say } from './create-log.js';
export { type ExceptionLogsOptions, exceptionLogs } from './exception-logs.js';
export { batchLogRecordProcessor, simpleLogRecordProcessor } from './exporting-log-record-processors.js';
export { fullLogging } from './full-logging.js';
export type { LogRecordLimits } from './log-limits.js';
export type { LogRecordExporter } from './log-record-exporter.js';
export type {
  LogRecordPipeline,
  LogRecordProcessor,
  LogRecordProcessorMaker,
  LogRecordQuestion,
} from './log-record-processor.js';
export type { LoggerConfig, LoggerConfigurator } from './logger-config.js';
export type { ReadableLogRecord, SdkLogRecord } from './readable-log-record.js';
export type { LogVolumeLimit } from './volume-limit.js';
