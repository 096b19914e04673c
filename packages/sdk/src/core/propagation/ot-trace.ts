import type { BaggageEntry, TextMapPropagator } from '@opentelemetry/api';
import { createBaggage, getBaggage, setBaggage } from '../context/baggage.js';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext, withSpanContext } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import { only } from './header-value.js';
import { percentDecode, percentEncode } from './percent-encoding.js';
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
    for (const [key, { value }] of getBaggage(context)?.getAllEntries() ?? []) {
      if (/^[!#$%&'*+\-.^`|~\w]+$/.test(key)) setter.set(carrier, baggagePrefix + key, percentEncode(value));
    }
  },
  extract(context, carrier, getter) {
    const get = (name: string) => only(getter.get(carrier, name))?.trim();
    const sampled = get(sampledHeader)?.toLowerCase();
    const spanContext = remoteSpanContext(get(traceIdHeader), get(spanIdHeader), sampled === 'true' || sampled === '1');
    if (!spanContext) return context;
    const entries = new Map<string, BaggageEntry>(getBaggage(context)?.getAllEntries());
    for (const name of getter.keys(carrier)) {
      if (!name.toLowerCase().startsWith(baggagePrefix)) continue;
      const value = get(name);
      if (value !== undefined) entries.set(name.slice(baggagePrefix.length), { value: percentDecode(value) });
    }
    const extracted = withSpanContext(context, spanContext);
    return entries.size ? setBaggage(extracted, createBaggage(entries)) : extracted;
  },
  fields: () => [traceIdHeader, spanIdHeader, sampledHeader],
};
