import type { TextMapPropagator } from '@opentelemetry/api';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext, withSpanContext } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import { only } from './header-value.js';
import { extractPrefixedBaggage, injectPrefixedBaggage } from './prefixed-baggage.js';
import { remoteSpanContext } from './remote-span-context.js';

const traceIdHeader = 'ot-tracer-traceid';
const spanIdHeader = 'ot-tracer-spanid';
const sampledHeader = 'ot-tracer-sampled';
const baggagePrefix = 'ot-baggage-';

/**
 * The headers of OpenTracing's basic tracers, `ot-tracer-…` and `ot-baggage-…`. They hold 64 bits of a trace id: what is sent
 * are the right 16 digits, and what is read is padded.
 */
export const otTracePropagator: TextMapPropagator<unknown> = {
  inject(context, carrier, setter) {
    const spanContext = getSpanContext(context);
    if (isTracingSuppressed(context) || !isSpanContextValid(spanContext)) return;
    setter.set(carrier, traceIdHeader, spanContext.traceId.slice(16));
    setter.set(carrier, spanIdHeader, spanContext.spanId);
    setter.set(carrier, sampledHeader, String((spanContext.traceFlags & 1) === 1));
    injectPrefixedBaggage(baggagePrefix, context, carrier, setter);
  },
  extract(context, carrier, getter) {
    const get = (name: string) => only(getter.get(carrier, name))?.trim();
    const sampled = get(sampledHeader)?.toLowerCase();
    const spanContext = remoteSpanContext(get(traceIdHeader), get(spanIdHeader), sampled === 'true' || sampled === '1');
    return spanContext
      ? extractPrefixedBaggage(baggagePrefix, withSpanContext(context, spanContext), carrier, getter)
      : context;
  },
  fields: () => [traceIdHeader, spanIdHeader, sampledHeader],
};
