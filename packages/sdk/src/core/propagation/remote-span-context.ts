import type { SpanContext } from '@opentelemetry/api';
import { isSpanContextValid } from '../context/span-context-validity.js';

/**
 * The identity in a header of an older format: any case of hex, 64-bit trace ids padded with zeros on the left. `undefined`
 * unless both ids are there and valid.
 */
export function remoteSpanContext(
  traceId: string | undefined,
  spanId: string | undefined,
  sampled: boolean,
): SpanContext | undefined {
  const spanContext: SpanContext = {
    traceId: (traceId ?? '').toLowerCase().padStart(32, '0'),
    spanId: (spanId ?? '').toLowerCase().padStart(16, '0'),
    traceFlags: sampled ? 1 : 0,
    isRemote: true,
  };
  return isSpanContextValid(spanContext) ? spanContext : undefined;
}
