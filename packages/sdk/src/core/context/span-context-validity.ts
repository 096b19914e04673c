import type { SpanContext } from '@opentelemetry/api';

/** 32 lowercase hex digits, not all zero (W3C trace context, trace-id). */
export const isTraceIdValid = (id: string): boolean => /^(?!0+$)[\da-f]{32}$/.test(id);

/** 16 lowercase hex digits, not all zero (W3C trace context, parent-id). */
export const isSpanIdValid = (id: string): boolean => /^(?!0+$)[\da-f]{16}$/.test(id);

/** Both ids are valid: such a context can be a parent, be linked to and travel in a header. */
export const isSpanContextValid = (spanContext: SpanContext | undefined): spanContext is SpanContext =>
  spanContext !== undefined && isTraceIdValid(spanContext.traceId) && isSpanIdValid(spanContext.spanId);
