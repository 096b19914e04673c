import type { BaggageEntry, TextMapPropagator } from '@opentelemetry/api';
import { createBaggage, getBaggage, setBaggage } from '../context/baggage.js';
import { createContextKey } from '../context/context.js';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext, withSpanContext } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import { only } from './header-value.js';
import { percentDecode, percentEncode } from './percent-encoding.js';
import { remoteSpanContext } from './remote-span-context.js';

const header = 'uber-trace-id';
const baggagePrefix = 'uberctx-';

const debugKey = createContextKey('Jaeger debug flag');

// Trace id, span id, parent span id (no longer used, often 0), flags as a bit field: 1 sampled, 2 debug.
const grammar = /^([\da-f]{1,32}):([\da-f]{1,16}):[\da-f]{0,16}:([\da-f]{1,2})$/i;

/**
 * Jaeger's own headers, `uber-trace-id` and `uberctx-…`. Jaeger's clients drop leading zeros and may percent-encode the
 * colons; both are understood, and 64-bit trace ids are padded. The debug flag is carried on.
 */
export const jaegerPropagator: TextMapPropagator<unknown> = {
  inject(context, carrier, setter) {
    if (isTracingSuppressed(context)) return;
    const spanContext = getSpanContext(context);
    if (isSpanContextValid(spanContext)) {
      const flags = context.getValue(debugKey) ? 3 : spanContext.traceFlags & 1;
      setter.set(carrier, header, `${spanContext.traceId}:${spanContext.spanId}:0:0${flags}`);
    }
    for (const [key, { value }] of getBaggage(context)?.getAllEntries() ?? []) {
      if (/^[!#$%&'*+\-.^`|~\w]+$/.test(key)) setter.set(carrier, baggagePrefix + key, percentEncode(value));
    }
  },
  extract(context, carrier, getter) {
    const match = grammar.exec(percentDecode(only(getter.get(carrier, header)) ?? '').trim());
    const flags = Number.parseInt(match?.[3] ?? '0', 16);
    const spanContext = match && remoteSpanContext(match[1], match[2], (flags & 3) !== 0);
    let extracted = context;
    if (spanContext) extracted = withSpanContext(flags & 2 ? context.setValue(debugKey, true) : context, spanContext);

    const entries = new Map<string, BaggageEntry>(getBaggage(context)?.getAllEntries());
    const before = entries.size;
    for (const name of getter.keys(carrier)) {
      if (!name.toLowerCase().startsWith(baggagePrefix)) continue;
      const value = only(getter.get(carrier, name));
      if (value !== undefined && name.length > baggagePrefix.length) {
        entries.set(name.slice(baggagePrefix.length), { value: percentDecode(value) });
      }
    }
    return entries.size > before ? setBaggage(extracted, createBaggage(entries)) : extracted;
  },
  fields: () => [header],
};
