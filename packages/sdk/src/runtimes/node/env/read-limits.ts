import type { LogRecordLimits } from '../../../core/logs/log-limits.js';
import type { SpanLimits } from '../../../core/trace/span-limits.js';
import type { Environment } from './environment.js';

/** Which variables give a limit, the first that is set (specification "Attribute Limits", "Span Limits", "LogRecord Limits"). */
type Variables<L> = Readonly<Record<keyof L, readonly string[]>>;

const spanVariables: Variables<SpanLimits> = {
  attributeCountLimit: ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
  attributeValueLengthLimit: ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'],
  eventCountLimit: ['OTEL_SPAN_EVENT_COUNT_LIMIT'],
  linkCountLimit: ['OTEL_SPAN_LINK_COUNT_LIMIT'],
  attributePerEventCountLimit: ['OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
  attributePerLinkCountLimit: ['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
};

const logRecordVariables: Variables<LogRecordLimits> = {
  attributeCountLimit: ['OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
  attributeValueLengthLimit: ['OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'],
};

export const readSpanLimits = (environment: Environment): Partial<SpanLimits> => readLimits(environment, spanVariables);

export const readLogRecordLimits = (environment: Environment): Partial<LogRecordLimits> =>
  readLimits(environment, logRecordVariables);

function readLimits<L extends { [limit: string]: number } | SpanLimits | LogRecordLimits>(
  environment: Environment,
  variables: Variables<L>,
): Partial<L> {
  const limits: Partial<Record<keyof L, number>> = {};
  for (const [limit, names] of Object.entries(variables) as [keyof L, readonly string[]][]) {
    for (const name of names) {
      const value = environment.integer(name);
      if (value === undefined) continue;
      limits[limit] = value;
      break;
    }
  }
  return limits as Partial<L>;
}
