import type { Context, HrTime, Span, SpanContext, SpanOptions, TimeInput, Tracer } from '@opentelemetry/api';
import type { OnFragment } from '../batch.js';
import { NonRecordingSpan } from '../context/non-recording-span.js';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { deleteSpan, getSpan, setSpan } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import type { SamplingResult } from '../sampling/sampler.js';
import { defaultSpanLimits, type SpanLimits } from '../trace/span-limits.js';
import type { SpanProcessor } from '../trace/span-processor.js';
import type { SdkTracerProvider, TracerProviderOptions } from '../trace/tracer-provider.js';
import type { Tracing } from '../trace/tracing.js';
import { createSmallBuffer } from './small-buffer.js';
import { createSmallResource } from './small-resource.js';
import { createSmallSpan, type SmallScope, type SmallSpan } from './small-span.js';

/** Wall and monotonic time may drift apart this far before a new root takes a new origin. */
const MAX_DRIFT_MS = 100;

const nothing: SpanContext = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 };

/** A tracer provider whose spans go into buffers of their own, told to `onFragment` one by one. */
function createProvider(options: TracerProviderOptions, onFragment: OnFragment | undefined): SdkTracerProvider {
  const { clock, contextStore, resource, sampler, idGenerator, processors, onError = () => {} } = options;
  const limits = { ...defaultSpanLimits };
  for (const [name, limit] of Object.entries(options.spanLimits ?? {})) {
    if (limit >= 0) limits[name as keyof SpanLimits] = limit;
  }
  const buffers = [createSmallBuffer('normal'), createSmallBuffer('high')] as const;
  const tracers: Record<string, Tracer> = {};
  let originMs = Number.NaN;
  let stopped = false;

  // Filled in bulk: asking the runtime for each identifier costs more than the identifier.
  const pool = new Uint8Array(1024);
  let used = pool.length;
  const hex = (bytes: number): string => {
    if (used + bytes > pool.length) {
      options.entropy.fill(pool);
      used = 0;
    }
    used += bytes;
    return [...pool.subarray(used - bytes, used)].map((byte) => (byte + 256).toString(16).slice(1)).join('');
  };

  const time = (input: TimeInput | undefined, origin: number): HrTime => {
    if (Array.isArray(input)) return input;
    const monotonicMs = clock.monotonicMs();
    let ms = Number(input);
    // A reading of `performance.now()`, or a moment planned within the next hour of it.
    if (typeof input === 'number' && 'performanceOriginMs' in clock && ms < monotonicMs + 3.6e6) ms += origin;
    if (!(ms >= 0)) ms = origin + monotonicMs;
    const seconds = Math.floor(ms / 1000);
    return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
  };

  const guarded = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      onError(error);
    }
  };
  const encoder = {
    onStart() {},
    onEnd(span: SmallSpan) {
      if (!onFragment || !(span.spanContext().traceFlags & 1)) return;
      const buffer = buffers[span.status.code === 2 ? 1 : 0];
      buffer.add(span);
      onFragment(buffer);
    },
  } as unknown as SpanProcessor;
  const each = (call: (processor: SpanProcessor) => void): void => {
    for (const processor of [...processors, encoder]) guarded(() => call(processor));
  };
  const all = async (what: 'forceFlush' | 'shutdown'): Promise<void> => {
    await Promise.all(processors.map(async (processor) => processor[what]().catch(onError)));
  };

  function createTracer(shared: SmallScope): Tracer {
    const startSpan = (name: string, given: SpanOptions = {}, context: Context = contextStore.active()): Span => {
      if (given.root) context = deleteSpan(context);
      const active = getSpan(context);
      const found = active?.spanContext();
      const parent = isSpanContextValid(found) ? found : undefined;
      if (stopped || isTracingSuppressed(context)) return new NonRecordingSpan((stopped && parent) || nothing);
      const traceId = parent?.traceId ?? idGenerator?.generateTraceId() ?? hex(16);
      let { decision, attributes, traceState }: SamplingResult = {
        decision: parent && !(parent.traceFlags & 1) ? 0 : 2,
      };
      if (sampler) {
        decision = 0;
        guarded(() => {
          const { kind = 0, links = [] } = given;
          ({ decision, attributes, traceState } = sampler.shouldSample(
            context,
            traceId,
            name,
            kind,
            { ...given.attributes },
            [...links],
          ));
        });
      }
      traceState ??= parent?.traceState;
      const spanContext: SpanContext = {
        traceId,
        spanId: idGenerator?.generateSpanId() ?? hex(8),
        traceFlags: (parent ? parent.traceFlags & 2 : idGenerator ? 0 : 2) | (decision >> 1),
        ...(traceState && { traceState }),
      };
      if (!decision) return new NonRecordingSpan(spanContext);
      // Local spans of one trace share an origin.
      let origin = (active as SmallSpan | undefined)?.originMs;
      if (origin === undefined) {
        origin = clock.wallMs() - clock.monotonicMs();
        if (Math.abs(origin - originMs) < MAX_DRIFT_MS) origin = originMs;
        originMs = origin;
      }
      const span = createSmallSpan(shared, name, given, spanContext, parent, origin);
      span.setAttributes(attributes ?? {});
      each((processor) => processor.onStart(span, context));
      return span;
    };
    return {
      startSpan,
      startActiveSpan(name: string, ...rest: unknown[]): unknown {
        const fn = rest.pop() as (span: Span) => unknown;
        const [given, context = contextStore.active()] = rest as [SpanOptions?, Context?];
        const span = startSpan(name, given, context);
        return contextStore.with(setSpan(context, span), fn, undefined, span);
      },
    } as Tracer;
  }

  return {
    getTracer(name, version, more) {
      const scope = { name: name || '', version, ...more };
      const key = JSON.stringify(scope);
      tracers[key] ??= createTracer({ resource, scope, limits, time, each });
      return tracers[key];
    },
    forceFlush: () => all('forceFlush'),
    async shutdown() {
      if (!stopped) {
        stopped = true;
        await all('shutdown');
      }
    },
  };
}

/**
 * For pages: a third of the code of `fullTracing`, at some five times the work for a span. A span is an object until it ends, then bytes;
 * what a receiver gets is the same.
 */
export const smallTracing: Tracing = { createResource: createSmallResource, createProvider };
