import type { Context, TextMapGetter, TextMapPropagator } from '@opentelemetry/api';
import { createContextKey } from '../context/context.js';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext, withSpanContext } from '../context/span-in-context.js';
import { isTracingSuppressed, suppressTracing } from '../context/suppress-tracing.js';
import { only } from './header-value.js';
import { remoteSpanContext } from './remote-span-context.js';

const traceIdHeader = 'x-b3-traceid';
const spanIdHeader = 'x-b3-spanid';
const sampledHeader = 'x-b3-sampled';
const flagsHeader = 'x-b3-flags';

/** What B3 says and a span context cannot: `d` (debug: record, whatever samplers think) and `0` (do not trace this at all). */
const wordKey = createContextKey('B3 word');

const single = /^(?:([\da-f]{16}|[\da-f]{32})-([\da-f]{16})(?:-([01d])(?:-[\da-f]{16})?)?|([01d]))$/i;

interface B3 {
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  readonly word?: string | undefined;
}

function readSingle(header: string | undefined): B3 | undefined {
  const match = header === undefined ? null : single.exec(header.trim());
  return match ? { traceId: match[1], spanId: match[2], word: (match[3] ?? match[4])?.toLowerCase() } : undefined;
}

function readMulti(carrier: unknown, getter: TextMapGetter<unknown>): B3 {
  const get = (name: string) => only(getter.get(carrier, name))?.trim();
  const sampled = get(sampledHeader)?.toLowerCase();
  const word = get(flagsHeader) === '1' ? 'd' : sampled === 'true' ? '1' : sampled === 'false' ? '0' : sampled;
  return { traceId: get(traceIdHeader), spanId: get(spanIdHeader), word };
}

function extract(context: Context, carrier: unknown, getter: TextMapGetter<unknown>): Context {
  const { traceId, spanId, word } = readSingle(only(getter.get(carrier, 'b3'))) ?? readMulti(carrier, getter);
  const spanContext = remoteSpanContext(traceId, spanId, word === '1' || word === 'd');
  if (spanContext) return withSpanContext(context.setValue(wordKey, word), spanContext);
  // A lone `0`: the caller decided that this request is not traced. It holds unless another format brought a trace.
  return word === '0' && !traceId && !getSpanContext(context)
    ? suppressTracing(context.setValue(wordKey, word))
    : context;
}

/** The word for what leaves `context`, with the identity if there is one to send. */
function outgoing(context: Context) {
  const word = context.getValue(wordKey);
  if (isTracingSuppressed(context)) return word === '0' ? { word } : undefined;
  const spanContext = getSpanContext(context);
  if (!isSpanContextValid(spanContext)) return undefined;
  return { spanContext, word: word === 'd' ? 'd' : spanContext.traceFlags & 1 ? '1' : '0' };
}

/**
 * B3 in one header, `b3`. Both forms are read, the single one first; 64-bit trace ids are padded with zeros, the debug flag
 * is carried on, and a lone `b3: 0` stops tracing and is passed on as it came.
 */
export const b3Propagator: TextMapPropagator<unknown> = {
  inject(context, carrier, setter) {
    const out = outgoing(context);
    if (!out) return;
    const { spanContext, word } = out;
    setter.set(carrier, 'b3', spanContext ? `${spanContext.traceId}-${spanContext.spanId}-${word}` : word);
  },
  extract,
  fields: () => ['b3'],
};

/** B3 in several headers, `x-b3-traceid` and so on. Reads what `b3Propagator` reads. */
export const b3MultiPropagator: TextMapPropagator<unknown> = {
  inject(context, carrier, setter) {
    const out = outgoing(context);
    if (!out) return;
    if (out.spanContext) {
      setter.set(carrier, traceIdHeader, out.spanContext.traceId);
      setter.set(carrier, spanIdHeader, out.spanContext.spanId);
    }
    // Debug implies the decision; saying both is an error (B3, debug flag).
    if (out.word === 'd') setter.set(carrier, flagsHeader, '1');
    else setter.set(carrier, sampledHeader, out.word);
  },
  extract,
  fields: () => [traceIdHeader, spanIdHeader, sampledHeader, flagsHeader],
};
