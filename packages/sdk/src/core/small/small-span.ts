import type {
  Attributes,
  Exception,
  HrTime,
  Link,
  Span,
  SpanContext,
  SpanKind,
  SpanOptions,
  SpanStatus,
  TimeInput,
} from '@opentelemetry/api';
import { exceptionAttributes } from '../trace/exception-attributes.js';
import type { InstrumentationScope, ReadableResource, TimedEvent } from '../trace/readable-span.js';
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

type Counted = { attributes?: Attributes; droppedAttributesCount?: number };
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A recorded span that is nothing but its members, readable and changeable as OpenTelemetry's are. */
export class SmallSpan implements Span {
  readonly attributes: Attributes = {};
  readonly events: TimedEvent[] = [];
  readonly links: Link[] = [];
  status: SpanStatus = { code: 0 };
  endTime: HrTime = [0, 0];
  duration: HrTime = [-1, -1];
  ended = false;
  droppedAttributesCount = 0;
  droppedEventsCount = 0;
  droppedLinksCount = 0;
  name: string;
  readonly kind: SpanKind;
  readonly startTime: HrTime;
  readonly parentSpanContext: SpanContext | undefined;
  readonly resource: ReadableResource;
  readonly instrumentationScope: InstrumentationScope;
  readonly originMs: number;
  readonly #shared: SmallScope;
  readonly #spanContext: SpanContext;
  #ending = false;

  constructor(
    shared: SmallScope,
    name: string,
    options: SpanOptions,
    spanContext: SpanContext,
    parent: SpanContext | undefined,
    originMs: number,
  ) {
    this.#shared = shared;
    this.#spanContext = spanContext;
    this.name = `${name}`;
    this.kind = options.kind ?? 0;
    this.parentSpanContext = parent;
    this.resource = shared.resource;
    this.instrumentationScope = shared.scope;
    this.originMs = originMs;
    this.startTime = shared.time(options.startTime, originMs);
    this.setAttributes(options.attributes ?? {});
    this.addLinks(options.links ?? []);
  }

  spanContext(): SpanContext {
    return this.#spanContext;
  }
  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: unknown): this {
    return this.setAttributes({ [key]: value } as Attributes);
  }
  setAttributes(attributes: Attributes): this {
    if (!this.ended) this.#put(this, attributes, this.#shared.limits.attributeCountLimit);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    const isTime =
      typeof attributesOrTime !== 'object' || Array.isArray(attributesOrTime) || attributesOrTime instanceof Date;
    const event: TimedEvent = {
      name: `${name}`,
      time: this.#shared.time(time ?? (isTime ? (attributesOrTime as TimeInput) : undefined), this.originMs),
    };
    this.droppedEventsCount += this.#add(
      this.events,
      event,
      isTime ? undefined : (attributesOrTime as Attributes),
      'event',
    );
    return this;
  }
  addLink({ context, attributes }: Link): this {
    this.droppedLinksCount += this.#add<Mutable<Link>>(this.links, { context }, attributes, 'link');
    return this;
  }
  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus({ code, message }: SpanStatus): this {
    if (!this.ended && this.status.code !== 1 && (code === 1 || code === 2)) {
      this.status = code === 2 && typeof message === 'string' ? { code, message } : { code };
    }
    return this;
  }
  updateName(name: string): this {
    if (!this.ended) this.name = `${name}`;
    return this;
  }
  recordException(exception: Exception, time?: TimeInput): void {
    this.addEvent('exception', exceptionAttributes(exception), time);
  }

  end(endTime?: TimeInput): void {
    if (this.#ending) return;
    this.#ending = true;
    const [seconds, nanos] = this.startTime;
    const end = this.#shared.time(endTime, this.originMs);
    const ns = (end[0] - seconds) * 1e9 + end[1] - nanos;
    this.endTime = ns < 0 ? this.startTime : end;
    this.duration = ns < 0 ? [0, 0] : [Math.floor(ns / 1e9), ns % 1e9];
    const { each } = this.#shared;
    each((processor) => processor.onEnding?.(this as unknown as SdkSpan));
    this.ended = true;
    each((processor) => processor.onEnd(this as unknown as SdkSpan));
  }

  /** Adds an event or link; how many had to go for it. */
  #add<T extends Counted>(list: T[], one: T, attributes: Attributes | undefined, kind: 'event' | 'link'): number {
    if (this.ended) return 0;
    const { limits } = this.#shared;
    one.attributes = {};
    one.droppedAttributesCount = 0;
    this.#put(one, attributes, limits[kind === 'link' ? 'attributePerLinkCountLimit' : 'attributePerEventCountLimit']);
    list.push(one);
    return list.length > limits[`${kind}CountLimit`] && list.shift() ? 1 : 0;
  }

  #put(to: Counted, attributes: Attributes | undefined, limit: number): void {
    const { attributeValueLengthLimit } = this.#shared.limits;
    const kept = to.attributes!;
    const cut = (value: unknown): unknown =>
      typeof value === 'string' ? value.slice(0, attributeValueLengthLimit) : value;
    for (const key in attributes) {
      const value = attributes[key];
      const types = new Set(
        (Array.isArray(value) ? value.filter((item) => item != null) : [value]).map((item) => typeof item),
      );
      // Strings, numbers, booleans, and arrays of one of them; anything else is no attribute.
      if (!key || types.size > 1 || !/^(string|number|boolean|)$/.test([...types].join())) continue;
      if (Object.hasOwn(kept, key) || Object.keys(kept).length < limit) {
        kept[key] = (Array.isArray(value) ? value.map(cut) : cut(value)) as string;
      } else to.droppedAttributesCount!++;
    }
  }
}
