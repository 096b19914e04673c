import type { SpanLimits } from '../../../core/trace/span-limits.js';
import type { Environment } from './environment.js';

/** Which variables give a limit, the first that is set (specification "Attribute Limits" and "Span Limits"). */
const variables: Readonly<Record<keyof SpanLimits, readonly string[]>> = {
  attributeCountLimit: ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
  attributeValueLengthLimit: ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'],
  eventCountLimit: ['OTEL_SPAN_EVENT_COUNT_LIMIT'],
  linkCountLimit: ['OTEL_SPAN_LINK_COUNT_LIMIT'],
  attributePerEventCountLimit: ['OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
  attributePerLinkCountLimit: ['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
};

export function readSpanLimits(environment: Environment): Partial<SpanLimits> {
  const limits: Partial<Record<keyof SpanLimits, number>> = {};
  for (const [limit, names] of Object.entries(variables) as [keyof SpanLimits, readonly string[]][]) {
    for (const name of names) {
      const value = environment.integer(name);
      if (value === undefined) continue;
      limits[limit] = value;
      break;
    }
  }
  return limits;
}
