import type { Context, HrTime, Span, SpanContext, SpanOptions, TimeInput, Tracer } from '@opentelemetry/api';
import type { OnFragment } from '../batch.js';
import { NonRecordingSpan } from '../context/non-recording-span.js';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpan, setSpan } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import { defaultSpanLimits } from '../trace/span-limits.js';
import type { SpanProcessor } from '../trace/span-processor.js';
import type { SdkTracerProvider, TracerProviderOptions } from '../trace/tracer-provider.js';
import type { Tracing } from '../trace/tracing.js';
import { encodeSpan } from './encode-span.js';
import { createSmallBuffer } from './small-buffer.js';
import { createSmallResource } from './small-resource.js';
import { type SmallScope, SmallSpan } from './small-span.js';

/** Wall and monotonic time may drift apart this far before a new root takes a new origin. */
const MAX_DRIFT_MS = 100;

/** A tracer provider whose spans go into buffers of their own, told to `onFragment` one by one. */
function createProvider(options: TracerProviderOptions, onFragment: OnFragment | undefined): SdkTracerProvider {
  const { clock, entropy, contextStore, resource, sampler, idGenerator, processors, onError = () => {} } = options;
  const limits = { ...defaultSpanLimits, ...options.spanLimits };
  const normal = createSmallBuffer('normal');
  const high = createSmallBuffer('high');
  const tracers: Record<string, Tracer> = {};
  let originMs = Number.NaN;
  let stopped = false;

  const hex = (bytes: number): string => {
    const random = new Uint8Array(bytes);
    entropy.fill(random);
    return [...random].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  };

  const time = (input: TimeInput | undefined, origin: number): HrTime => {
    if (Array.isArray(input)) return input;
    const monotonicMs = clock.monotonicMs();
    let ms = input === undefined ? Number.NaN : +input;
    // A reading of `performance.now()`, or a moment planned within the next hour of it.
    if (typeof input === 'number' && ms < monotonicMs + 3.6e6) ms += origin;
    if (!(ms >= 0)) ms = origin + monotonicMs;
    const seconds = Math.floor(ms / 1000);
    return [seconds, Math.min(Math.round((ms - seconds * 1000) * 1e6), 999_999_999)];
  };

  const each = (call: (processor: SpanProcessor) => void): void => {
    for (const processor of [...processors, encoder]) {
      try {
        call(processor);
      } catch (error) {
        onError(error);
      }
    }
  };
  const encoder: SpanProcessor = {
    onStart() {},
    onEnd(span) {
      if (!onFragment || !(span.spanContext().traceFlags & 1)) return;
      const buffer = span.status.code === 2 ? high : normal;
      buffer.add(span.instrumentationScope, encodeSpan(span as unknown as SmallSpan));
      onFragment(buffer);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const all = (call: (processor: SpanProcessor) => Promise<void>): Promise<void> =>
    Promise.all(processors.map(async (processor) => call(processor).catch(onError))).then(() => {});

  function createTracer(shared: SmallScope): Tracer {
    const tracer = {
      startSpan(name: string, spanOptions: SpanOptions = {}, context: Context = contextStore.active()): Span {
        const active = spanOptions.root ? undefined : getSpan(context);
        const found = active?.spanContext();
        const parent = isSpanContextValid(found) ? found : undefined;
        if (stopped || isTracingSuppressed(context)) {
          return new NonRecordingSpan(
            (stopped && parent) || { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 },
          );
        }
        const traceId = parent?.traceId ?? idGenerator?.generateTraceId() ?? hex(16);
        const sampled = sampler?.shouldSample(
          context,
          traceId,
          name,
          spanOptions.kind ?? 0,
          { ...spanOptions.attributes },
          [...(spanOptions.links ?? [])],
        );
        const decision = sampled ? sampled.decision : parent && !(parent.traceFlags & 1) ? 0 : 2;
        const traceState = sampled?.traceState ?? parent?.traceState;
        const spanContext: SpanContext = {
          traceId,
          spanId: idGenerator?.generateSpanId() ?? hex(8),
          traceFlags: (parent ? parent.traceFlags & 2 : 2) | (decision >> 1),
          ...(traceState && { traceState }),
        };
        if (!decision) return new NonRecordingSpan(spanContext);
        if (active instanceof SmallSpan) {
          // Local spans of one trace share an origin.
        } else {
          const now = clock.wallMs() - clock.monotonicMs();
          if (!(Math.abs(now - originMs) < MAX_DRIFT_MS)) originMs = now;
        }
        const span = new SmallSpan(
          shared,
          name,
          spanOptions,
          spanContext,
          parent,
          active instanceof SmallSpan ? active.originMs : originMs,
        );
        span.setAttributes(sampled?.attributes ?? {});
        each((processor) => processor.onStart(span as never, context));
        return span;
      },
      startActiveSpan(name: string, ...rest: unknown[]): unknown {
        const fn = rest.pop() as (span: Span) => unknown;
        const [spanOptions, context = contextStore.active()] = rest as [SpanOptions?, Context?];
        const span = tracer.startSpan(name, spanOptions, context);
        return contextStore.with(setSpan(context, span), fn, undefined, span);
      },
    };
    return tracer as Tracer;
  }

  return {
    getTracer(name, version, { schemaUrl, attributes } = {}) {
      const scope = { name: name || '', version, schemaUrl, attributes };
      const key = JSON.stringify(scope);
      tracers[key] ??= createTracer({ resource, scope, limits, time, each });
      return tracers[key];
    },
    forceFlush: () => all((processor) => processor.forceFlush()),
    shutdown() {
      if (stopped) return Promise.resolve();
      stopped = true;
      return all((processor) => processor.shutdown());
    },
  };
}

/**
 * For pages: a fifth of the code of `fullTracing`, at some five times the work for a span. A span is an object until it ends, then bytes;
 * what a receiver gets is the same.
 */
export const smallTracing: Tracing = { createResource: createSmallResource, createProvider };
