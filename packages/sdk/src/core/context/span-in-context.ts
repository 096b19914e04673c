import type { Context, Span, SpanContext } from '@opentelemetry/api';
import { spanKey } from './context.js';
import { NonRecordingSpan } from './non-recording-span.js';

/** The span that is active in `context`, ours or another SDK's. */
export const getSpan = (context: Context): Span | undefined => context.getValue(spanKey) as Span | undefined;

/** A copy of `context` in which `span` is active. */
export const setSpan = (context: Context, span: Span): Context => context.setValue(spanKey, span);

/** A copy of `context` without an active span: what starts in it starts a trace. */
export const deleteSpan = (context: Context): Context => context.deleteValue(spanKey);

/** The identity of the active span, local or remote. May be invalid: see `isSpanContextValid`. */
export const getSpanContext = (context: Context): SpanContext | undefined => getSpan(context)?.spanContext();

/** A copy of `context` whose active span is known only by its identity, as a propagator finds it in a header. */
export const withSpanContext = (context: Context, spanContext: SpanContext): Context =>
  setSpan(context, new NonRecordingSpan(spanContext));
