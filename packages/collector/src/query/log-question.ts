import type { Bindings } from './bindings.js';
import { type LogFilter, logFilterCondition } from './log-filter-sql.js';
import { type TimeRange, withinRange } from './time-range.js';

/** Which log records are meant; all that is said must be true. */
export interface LogQuestion {
  readonly range: TimeRange;
  /** As `readLogFilter` gives it, and as it was written. */
  readonly filter?: LogFilter | undefined;
  readonly filterText?: string | undefined;
  readonly service?: string | undefined;
  /** Only records of at least this severity number. */
  readonly leastSeverity?: number | undefined;
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
}

/** A condition on one row of `otel_logs`. Never NULL. */
export function logCondition(question: LogQuestion, bindings: Bindings): string {
  return [withinRange(question.range, bindings, 'otel_logs'), ...timelessConditions(question, bindings)].join(' AND ');
}

/** The same without the time. */
export function timelessConditions(question: Omit<LogQuestion, 'range'>, bindings: Bindings): readonly string[] {
  const { filter, leastSeverity, service, spanId, traceId } = question;
  const all: string[] = [];
  if (traceId !== undefined) all.push(`TraceId = ${bindings.bind('String', traceId)}`);
  if (spanId !== undefined) all.push(`SpanId = ${bindings.bind('String', spanId)}`);
  if (service !== undefined) all.push(`ServiceName = ${bindings.bind('String', service)}`);
  if (leastSeverity !== undefined) all.push(`SeverityNumber >= ${bindings.bind('UInt8', leastSeverity)}`);
  if (filter !== undefined) all.push(logFilterCondition(filter, bindings));
  return all;
}
