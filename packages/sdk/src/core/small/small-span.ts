import type { Attributes, HrTime, Link, Span, SpanContext, SpanOptions, TimeInput } from '@opentelemetry/api';
import { exceptionAttributes } from '../trace/exception-attributes.js';
import type { InstrumentationScope, ReadableResource, ReadableSpan, TimedEvent } from '../trace/readable-span.js';
import type { SpanLimits } from '../trace/span-limits.js';
import type { SdkSpan, SpanProcessor } from '../trace/span-processor.js';

/** What the spans of one tracer share. */
export interface SmallScope {
  readonly resource: ReadableResource;
  readonly scope: InstrumentationScope;
  readonly limits: SpanLimits;
  /** The API's time inputs as a time; `undefined` is now. `originMs`: Unix time at zero of the monotonic clock. */
  time(input: TimeInput | undefined, originMs: number): HrTime;
  /** Calls every processor; what one throws is reported. */
  each(call: (processor: SpanProcessor) => void): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Counted = { attributes?: Attributes; droppedAttributesCount?: number };

/** A recorded span that is nothing but its members, readable and changeable as OpenTelemetry's are. */
export interface SmallSpan extends SdkSpan {
  readonly originMs: number;
}

export function createSmallSpan(
  { resource, scope, limits, time, each }: SmallScope,
  name: string,
  options: SpanOptions,
  spanContext: SpanContext,
  parentSpanContext: SpanContext | undefined,
  originMs: number,
): SmallSpan {
  let open = true;

  const cut = (value: unknown): unknown =>
    typeof value === 'string' ? value.slice(0, limits.attributeValueLengthLimit) : value;
  /** Strings, numbers, booleans, and arrays of them; anything else is no attribute. */
  const put = (to: Counted, attributes: Attributes | undefined, limit: number): void => {
    const kept = to.attributes!;
    for (const key in attributes) {
      const value = attributes[key];
      const first = Array.isArray(value) ? (value.find((item) => item != null) ?? '') : value;
      if (!key || !/^(string|number|boolean)$/.test(typeof first)) continue;
      if (Object.hasOwn(kept, key) || Object.keys(kept).length < limit) {
        kept[key] = (Array.isArray(value) ? value.map(cut) : cut(value)) as string;
      } else to.droppedAttributesCount!++;
    }
  };
  /** Adds an event or link; how many had to go for it. */
  const add = <T extends Counted>(
    list: T[],
    one: T,
    attributes: Attributes | undefined,
    most: number,
    each: number,
  ) => {
    if (span.ended) return 0;
    one.attributes = {};
    one.droppedAttributesCount = 0;
    put(one, attributes, each);
    list.push(one);
    return list.length > most && list.shift() ? 1 : 0;
  };

  const span: Mutable<ReadableSpan> & Span & { readonly originMs: number } = {
    name: `${name}`,
    kind: options.kind ?? 0,
    attributes: {},
    events: [],
    links: [],
    status: { code: 0 },
    startTime: time(options.startTime, originMs),
    endTime: [0, 0],
    duration: [-1, -1],
    ended: false,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    resource,
    instrumentationScope: scope,
    parentSpanContext,
    originMs,
    spanContext: () => spanContext,
    isRecording: () => !span.ended,
    setAttribute: (key, value) => span.setAttributes({ [key]: value }),
    setAttributes(attributes) {
      if (!span.ended) put(span, attributes, limits.attributeCountLimit);
      return span;
    },
    addEvent(name, second, third) {
      const isTime = !second || typeof second !== 'object' || Array.isArray(second) || second instanceof Date;
      const event: TimedEvent = { name: `${name}`, time: time(third ?? (isTime ? second : undefined), originMs) };
      span.droppedEventsCount += add(
        span.events,
        event,
        isTime ? undefined : second,
        limits.eventCountLimit,
        limits.attributePerEventCountLimit,
      );
      return span;
    },
    addLink({ context, attributes }) {
      const { linkCountLimit, attributePerLinkCountLimit } = limits;
      span.droppedLinksCount += add<Mutable<Link>>(
        span.links,
        { context },
        attributes,
        linkCountLimit,
        attributePerLinkCountLimit,
      );
      return span;
    },
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
      const end = time(endTime, originMs);
      const ns = Math.max((end[0] - seconds) * 1e9 + end[1] - nanos, 0);
      span.duration = [Math.floor(ns / 1e9), ns % 1e9];
      span.endTime = ns ? end : span.startTime;
      each((processor) => processor.onEnding?.(span));
      span.ended = true;
      each((processor) => processor.onEnd(span));
    },
  };
  return span.setAttributes(options.attributes ?? {}).addLinks(options.links ?? []) as SmallSpan;
}
