import type { SpanContext } from '@opentelemetry/api';

/**
 * 32 and 16 lowercase hex digits, neither all zero (W3C trace context, trace-id and parent-id): such a context can be a
 * parent, be linked to and travel in a header.
 */
export const isSpanContextValid = (spanContext: SpanContext | undefined): spanContext is SpanContext =>
  spanContext !== undefined &&
  /^(?!0+$)[\da-f]{32}$/.test(spanContext.traceId) &&
  /^(?!0+$)[\da-f]{16}$/.test(spanContext.spanId);
