import type { Context } from '@opentelemetry/api';
import type { ExportQueueHost } from '../export-queue.js';
import type { InstrumentationScope } from '../trace/readable-span.js';
import type { SdkLogRecord } from './readable-log-record.js';

/** What a logger is asked about before somebody makes a record. */
export interface LogRecordQuestion {
  readonly context: Context;
  readonly instrumentationScope: InstrumentationScope;
  readonly severityNumber?: number | undefined;
  readonly eventName?: string | undefined;
}

/**
 * Sees every log record, as in OpenTelemetry (specification "LogRecordProcessor"). Called in the program's own call of `emit`, in the order of
 * `logRecordProcessors`, so it must be quick; what it throws is reported and goes no further.
 */
export interface LogRecordProcessor {
  /** The record may be changed until this returns; afterwards it can only be read. */
  onEmit(record: SdkLogRecord, context?: Context): void;
  /** Whether it would do anything with such a record. Absent: yes. */
  enabled?(question: LogRecordQuestion): boolean;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** A processor that needs something of the telemetry it works for: its timers, its limits. */
export type LogRecordProcessorMaker = (host: ExportQueueHost) => LogRecordProcessor;

/**
 * The processors of log records, in order. A list stands before the one that makes the bytes which leave; a function is handed that one, to place it and
 * to wrap it: `(exporting) => [withoutDebug(exporting)]`.
 */
export type LogRecordPipeline =
  | readonly (LogRecordProcessor | LogRecordProcessorMaker)[]
  | ((exporting: LogRecordProcessor) => readonly (LogRecordProcessor | LogRecordProcessorMaker)[]);
