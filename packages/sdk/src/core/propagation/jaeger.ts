import type { TextMapPropagator } from '@opentelemetry/api';
import { createContextKey } from '../context/context.js';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext, withSpanContext } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import { only } from './header-value.js';
import { percentDecode } from './percent-encoding.js';
import { extractPrefixedBaggage, injectPrefixedBaggage } from './prefixed-baggage.js';
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
    injectPrefixedBaggage(baggagePrefix, context, carrier, setter);
  },
  extract(context, carrier, getter) {
    const match = grammar.exec(percentDecode(only(getter.get(carrier, header)) ?? '').trim());
    const flags = Number.parseInt(match?.[3] ?? '0', 16);
    const spanContext = match && remoteSpanContext(match[1], match[2], (flags & 3) !== 0);
    return extractPrefixedBaggage(
      baggagePrefix,
      spanContext ? withSpanContext(flags & 2 ? context.setValue(debugKey, true) : context, spanContext) : context,
      carrier,
      getter,
    );
  },
  fields: () => [header],
};
