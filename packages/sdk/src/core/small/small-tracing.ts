import type {
  Attributes,
  Context,
  HrTime,
  Link,
  Span,
  SpanContext,
  SpanOptions,
  TimeInput,
  Tracer,
} from '@opentelemetry/api';
import type { OnFragment } from '../batch.js';
import { NonRecordingSpan } from '../context/non-recording-span.js';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { deleteSpan, getSpan, setSpan } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import type { SamplingResult } from '../sampling/sampler.js';
import { exceptionAttributes } from '../trace/exception-attributes.js';
import type { InstrumentationScope, ReadableSpan } from '../trace/readable-span.js';
import type { SpanLimits } from '../trace/span-limits.js';
import type { SpanProcessor } from '../trace/span-processor.js';
import type { SdkTracerProvider, TracerProviderOptions } from '../trace/tracer-provider.js';
import type { Tracing } from '../trace/tracing.js';
import { encodeSpan } from './encode-span.js';
import { type Bytes, attributes as encodeAttributes, field, join, text } from './protobuf.js';
import { randomHex } from './random-hex.js';
import { createSmallBuffer } from './small-buffer.js';
import { createSmallResource } from './small-resource.js';

/** Wall and monotonic time may drift apart this far before a new root takes a new origin. */
const MAX_DRIFT_MS = 100;
const nothing: SpanContext = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Counted = { attributes?: Attributes; droppedAttributesCount?: number };

/** A recorded span that is nothing but its members, readable and changeable as OpenTelemetry's are. */
interface SmallSpan extends Mutable<ReadableSpan>, Span {
  /** Unix time at zero of the monotonic clock. */
  readonly originMs: number;
}

/**
 * A tracer provider whose spans go into buffers of their own, told to `onFragment` one by one. One function with everything in it, because
 * what is local here has a name of one letter in a bundle and what passes between modules keeps its own.
 */
function createProvider(options: TracerProviderOptions, onFragment: OnFragment | undefined): SdkTracerProvider {
  const { clock, contextStore, resource, sampler, idGenerator, processors, onError = () => {} } = options;
  const buffers = [createSmallBuffer('normal'), createSmallBuffer('high')] as const;
  const tracers: Record<string, Tracer> = {};
  let lastOriginMs: number;
  let stopped = false;

  /** What a program set, where it can be a limit; else the specification's. */
  const limit = (name: keyof SpanLimits, standard = 128): number => {
    const given = options.spanLimits?.[name] as number;
    return given >= 0 ? given : standard;
  };
  const guarded = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      onError(error);
    }
  };
  const each = (call: (processor: SpanProcessor) => void): void => {
    for (const processor of processors) guarded(() => call(processor));
  };
  const all = async (what: 'forceFlush' | 'shutdown'): Promise<void> => {
    await Promise.all(processors.map(async (processor) => processor[what]()).map((done) => done.catch(onError)));
  };

  /** The API's time inputs as a time; `undefined` is now. */
  const time = (input: TimeInput | undefined, originMs: number): HrTime => {
    if (Array.isArray(input)) return input;
    const monotonicMs = clock.monotonicMs();
    let ms = Number(input);
    // A reading of `performance.now()`, or a moment planned within the next hour of it.
    if (typeof input === 'number' && 'performanceOriginMs' in clock && ms < monotonicMs + 3.6e6) ms += originMs;
    if (!(ms >= 0)) ms = originMs + monotonicMs;
    const seconds = Math.floor(ms / 1000);
    return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
  };

  const cut = (value: unknown): unknown =>
    typeof value === 'string' ? value.slice(0, limit('attributeValueLengthLimit', 1 / 0)) : value;
  /** Strings, numbers, booleans, and arrays of them; anything else is no attribute. */
  const put = (to: Counted, attributes: Attributes | undefined, most: number): void => {
    // Without a prototype, so that `__proto__` is a key like any other.
    to.attributes ??= Object.create(null) as Attributes;
    to.droppedAttributesCount ??= 0;
    const kept = to.attributes;
    for (const [key, value] of Object.entries(attributes ?? {})) {
      const first = Array.isArray(value) ? (value.find((item) => item != null) ?? '') : value;
      if (!key || !/^(string|number|boolean)$/.test(typeof first)) continue;
      if (key in kept || Object.keys(kept).length < most) {
        kept[key] = (Array.isArray(value) ? value.map(cut) : cut(value)) as string;
      } else to.droppedAttributesCount++;
    }
  };

  const createTracer = (instrumentationScope: InstrumentationScope, encodedScope: Bytes): Tracer => {
    const startSpan = (name: string, given: SpanOptions = {}, context: Context = contextStore.active()): Span => {
      if (given.root) context = deleteSpan(context);
      const active = getSpan(context);
      const found = active?.spanContext();
      const parent = isSpanContextValid(found) ? found : undefined;
      if (stopped || isTracingSuppressed(context)) return new NonRecordingSpan((stopped && parent) || nothing);
      const { kind = 0, links = [] } = given;
      const traceId = parent?.traceId ?? idGenerator?.generateTraceId() ?? randomHex(options.entropy, 16);
      let sampled: SamplingResult = { decision: parent && !(parent.traceFlags & 1) ? 0 : 2 };
      if (sampler) {
        sampled = { decision: 0 };
        guarded(() => {
          sampled = { ...sampler.shouldSample(context, traceId, name, kind, { ...given.attributes }, [...links]) };
        });
      }
      const { decision, traceState = parent?.traceState } = sampled;
      const spanContext: SpanContext = {
        traceId,
        spanId: idGenerator?.generateSpanId() ?? randomHex(options.entropy, 8),
        traceFlags: (parent ? parent.traceFlags & 2 : idGenerator ? 0 : 2) | (decision >> 1),
        ...(traceState && { traceState }),
      };
      if (!decision) return new NonRecordingSpan(spanContext);

      // Local spans of one trace share an origin.
      let originMs = (active as SmallSpan | undefined)?.originMs;
      if (originMs === undefined) {
        originMs = clock.wallMs() - clock.monotonicMs();
        if (Math.abs(originMs - lastOriginMs) < MAX_DRIFT_MS) originMs = lastOriginMs;
        lastOriginMs = originMs;
      }

      let open = true;
      /** Adds an event or link; the oldest goes for it where there are too many. */
      const add = <T extends Counted>(
        list: T[],
        one: T,
        attributes: Attributes | undefined,
        dropped: 'droppedEventsCount' | 'droppedLinksCount',
        most: keyof SpanLimits,
        attributesEach: keyof SpanLimits,
      ): SmallSpan => {
        if (!span.ended) {
          put(one, attributes, limit(attributesEach));
          if (list.push(one) > limit(most)) {
            list.shift();
            span[dropped]++;
          }
        }
        return span;
      };
      const span: SmallSpan = {
        name: `${name}`,
        kind,
        attributes: Object.create(null),
        events: [],
        links: [],
        status: { code: 0 },
        startTime: time(given.startTime, originMs),
        endTime: [0, 0],
        duration: [-1, -1],
        ended: false,
        droppedAttributesCount: 0,
        droppedEventsCount: 0,
        droppedLinksCount: 0,
        resource,
        instrumentationScope,
        parentSpanContext: parent,
        originMs,
        spanContext: () => spanContext,
        isRecording: () => !span.ended,
        setAttribute: (key, value) => span.setAttributes({ [key]: value }),
        setAttributes(attributes) {
          if (!span.ended) put(span, attributes, limit('attributeCountLimit'));
          return span;
        },
        addEvent(name, second, third) {
          const isTime = !second || typeof second !== 'object' || Array.isArray(second) || second instanceof Date;
          return add(
            span.events,
            { name: `${name}`, time: time(third ?? (isTime ? second : undefined), span.originMs) },
            isTime ? undefined : second,
            'droppedEventsCount',
            'eventCountLimit',
            'attributePerEventCountLimit',
          );
        },
        addLink: ({ context, attributes }) =>
          add<Mutable<Link>>(
            span.links,
            { context },
            attributes,
            'droppedLinksCount',
            'linkCountLimit',
            'attributePerLinkCountLimit',
          ),
        addLinks(links) {
          links.forEach(span.addLink);
          return span;
        },
        setStatus({ code, message }) {
          if (!span.ended && span.status.code !== 1 && code) {
            span.status = code > 1 && typeof message === 'string' ? { code, message } : { code };
          }
          return span;
        },
        updateName(name) {
          if (!span.ended) span.name = `${name}`;
          return span;
        },
        recordException: (exception, time) => void span.addEvent('exception', exceptionAttributes(exception), time),
        end(endTime) {
          if (!open) return;
          open = false;
          const [seconds, nanos] = span.startTime;
          const end = time(endTime, span.originMs);
          const ns = Math.max((end[0] - seconds) * 1e9 + end[1] - nanos, 0);
          span.duration = [Math.floor(ns / 1e9), ns % 1e9];
          span.endTime = ns ? end : span.startTime;
          each((processor) => processor.onEnding?.(span));
          span.ended = true;
          each((processor) => processor.onEnd(span));
          guarded(() => {
            if (!onFragment || decision < 2) return;
            const buffer = buffers[span.status.code > 1 ? 1 : 0];
            buffer.add(encodedScope, join(encodeSpan(span)));
            onFragment(buffer);
          });
        },
      };
      span.setAttributes({ ...given.attributes, ...sampled.attributes }).addLinks(links);
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
  };

  return {
    getTracer(name, version, more) {
      const scope = { name: name || '', version, ...more };
      const encoded = [
        field(10, text(10, scope.name), text(18, version), encodeAttributes(26, scope.attributes)),
        text(26, scope.schemaUrl),
      ];
      const key = `${join(encoded)}`;
      tracers[key] ??= createTracer(scope, encoded);
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
 * For pages: a third of the code of `fullTracing`, at some ten times the work for a span. A span is an object until it ends, then bytes;
 * what a receiver gets is the same.
 */
export const smallTracing: Tracing = { createResource: createSmallResource, createProvider };
