import type { SpanContext } from '@opentelemetry/api';

const zeros = /^0*$/;

const isId = (id: unknown, digits: number): boolean =>
  typeof id === 'string' && id.length === digits && /^[\da-f]+$/.test(id) && !zeros.test(id);

/** 32 lowercase hex digits, not all zero (W3C trace context, trace-id). */
export const isTraceIdValid = (id: unknown): id is string => isId(id, 32);

/** 16 lowercase hex digits, not all zero (W3C trace context, parent-id). */
export const isSpanIdValid = (id: unknown): id is string => isId(id, 16);

/** Both ids are valid: such a context can be a parent, be linked to and travel in a header. */
export const isSpanContextValid = (spanContext: SpanContext | undefined): spanContext is SpanContext =>
  spanContext !== undefined && isTraceIdValid(spanContext.traceId) && isSpanIdValid(spanContext.spanId);
