import type { SpanContext, TextMapPropagator, TraceState } from '@opentelemetry/api';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext, withSpanContext } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import { createTraceState } from '../context/trace-state.js';
import { only } from './header-value.js';

// Version, trace id, parent id, flags, and what a later version may add; white space around.
const grammar = /^[ \t]*(?!ff)([\da-f]{2})-((?!0+-)[\da-f]{32})-((?!0+-)[\da-f]{16})-([\da-f]{2})(-.*)?[ \t]*$/;
/** Flags that level 2 knows: sampled (1) and random trace id (2). All others are reserved and sent as zero. */
const knownFlags = 3;

/** The identity in a `traceparent` header; `undefined` when it is malformed, because a trace is taken over whole or not at all. */
export function parseTraceparent(header: string): SpanContext | undefined {
  const match = grammar.exec(header);
  if (!match || (match[1] === '00' && match[5])) return undefined;
  return {
    traceId: match[2]!,
    spanId: match[3]!,
    traceFlags: Number.parseInt(match[4]!, 16) & knownFlags,
    isRemote: true,
  };
}

/** The `traceparent` header for an identity, always in version 00. */
export const formatTraceparent = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-0${traceFlags & knownFlags}`;

/**
 * W3C trace context. Without `parseState` only `traceparent` is read, and a `tracestate` that a context has is still written: the parser is a
 * twentieth of a page, and a page finds its parents in `<meta>`, which has no state.
 */
export const traceContextWith = (parseState?: (header: string) => TraceState): TextMapPropagator<unknown> => ({
  inject(context, carrier, setter) {
    const spanContext = getSpanContext(context);
    if (isTracingSuppressed(context) || !isSpanContextValid(spanContext)) return;
    setter.set(carrier, 'traceparent', formatTraceparent(spanContext));
    const state = spanContext.traceState?.serialize();
    if (state) setter.set(carrier, 'tracestate', state);
  },
  extract(context, carrier, getter) {
    // Two `traceparent` headers contradict each other: none is believed.
    const spanContext = parseTraceparent(only(getter.get(carrier, 'traceparent')) ?? '');
    if (!spanContext) return context;
    const state = parseState && getter.get(carrier, 'tracestate');
    // Several `tracestate` headers are one list (RFC 9110, 5.3).
    if (state?.length) spanContext.traceState = parseState!(String(state));
    return withSpanContext(context, spanContext);
  },
  fields: () => ['traceparent', 'tracestate'],
});

/** W3C trace context, levels 1 and 2: the headers `traceparent` and `tracestate`. */
export const traceContextPropagator: TextMapPropagator<unknown> = /* @__PURE__ */ traceContextWith(createTraceState);
