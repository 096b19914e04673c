import type {
  Attributes,
  AttributeValue,
  Exception,
  HrTime,
  Link,
  SpanContext,
  SpanKind,
  SpanOptions,
  SpanStatus,
  TimeInput,
  TraceState,
} from '@opentelemetry/api';
import type { Anchor } from '../clock/anchor.js';
import { toHrTime } from '../clock/time-source.js';
import { writeText } from '../wire/any-value.js';
import type { FragmentBuffer } from '../wire/open-buffer.js';
import { closeLength, writeVarint } from '../wire/varint.js';
import { AttributeBag } from './attribute-bag.js';
import { EventRecord } from './event-record.js';
import { exceptionAttributes } from './exception-attributes.js';
import { LinkRecord } from './link-record.js';
import type { InstrumentationScope, ReadableResource, TimedEvent } from './readable-span.js';
import { type SpanIdentity, spanContextOf, writeIds } from './span-identity.js';
import type { SdkSpan } from './span-processor.js';
import { wireFlags } from './trace-flags.js';
import type { TracerScope } from './tracer-scope.js';

/** `SpanStatusCode` of the API; core takes only its types. */
const ok = 1;
const error = 2;

/** What a name, times, kind, status, flags and the tags of it all take at most, without the texts. */
const fixedBound = 192;

/**
 * A span that is recorded: the API's `Span`, readable for processors, and able to write itself as OTLP. One object; what most
 * spans do not have (attributes, events, links, a status text) is made when the first of it comes.
 */
export class RecordingSpan implements SdkSpan, SpanIdentity {
  readonly t0: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  readonly s0: number;
  readonly s1: number;
  readonly flags: number;
  readonly traceState: TraceState | undefined;
  name: string;
  readonly kind: SpanKind;
  // The parent's span id, not the parent: a chain of spans that each outlive their parent must not keep all of them.
  readonly #p0: number;
  readonly #p1: number;
  /** The parent's; -1 where there is none. */
  readonly #parentFlags: number;
  readonly #tracer: TracerScope;
  readonly #anchor: Anchor;
  #startHi: number;
  #startLo: number;
  #endHi: number;
  #endLo: number;
  /** 0: open · 1: ending, its end is known and processors may still change it · 2: ended. */
  #stage: number;
  #statusCode: number;
  #statusMessage: string | undefined;
  #attributes: AttributeBag | undefined;
  #events: TimedEvent[] | undefined;
  #links: Link[] | undefined;
  #droppedEvents: number;
  #droppedLinks: number;
  #context: SpanContext | undefined;

  /** `words` at `at` are the new ids: trace and span for a root, the span alone for a child. */
  constructor(
    tracer: TracerScope,
    name: string,
    options: SpanOptions | undefined,
    words: Int32Array,
    at: number,
    parent: SpanIdentity | undefined,
    flags: number,
    traceState: TraceState | undefined,
  ) {
    if (parent) {
      this.t0 = parent.t0;
      this.t1 = parent.t1;
      this.t2 = parent.t2;
      this.t3 = parent.t3;
      this.s0 = words[at]!;
      this.s1 = words[at + 1]!;
      this.#p0 = parent.s0;
      this.#p1 = parent.s1;
      this.#parentFlags = parent.flags;
    } else {
      this.t0 = words[at]!;
      this.t1 = words[at + 1]!;
      this.t2 = words[at + 2]!;
      this.t3 = words[at + 3]!;
      this.s0 = words[at + 4]!;
      this.s1 = words[at + 5]!;
      this.#p0 = 0;
      this.#p1 = 0;
      this.#parentFlags = -1;
    }
    this.flags = flags;
    this.traceState = traceState;
    this.#endHi = 0;
    this.#endLo = 0;
    this.#stage = 0;
    this.#statusCode = 0;
    this.#statusMessage = undefined;
    this.#attributes = undefined;
    this.#events = undefined;
    this.#links = undefined;
    this.#droppedEvents = 0;
    this.#droppedLinks = 0;
    this.#context = undefined;
    const { time } = tracer;
    const now = time.monotonicMs();
    this.name = typeof name === 'string' ? name : String(name);
    this.#tracer = tracer;
    const local = parent instanceof RecordingSpan && parent.#tracer.time === time;
    this.#anchor = local ? parent.#anchor : time.rootAnchor(now);
    if (!options) {
      this.kind = 0;
      time.at(this.#anchor, now);
    } else {
      this.kind = options.kind ?? 0;
      if (options.startTime === undefined) time.at(this.#anchor, now);
      else time.read(options.startTime, this.#anchor);
    }
    this.#startHi = time.hi;
    this.#startLo = time.lo;
    if (options) {
      if (options.attributes) this.setAttributes(options.attributes);
      if (options.links) this.addLinks(options.links);
    }
  }

  /** How this span counts time: what is timed by it lies between its start and its end, whatever the wall clock does. */
  get anchor(): Anchor {
    return this.#anchor;
  }

  spanContext(): SpanContext {
    this.#context ??= spanContextOf(this, this.s0, this.s1, this.flags);
    return this.#context;
  }

  get parentSpanContext(): SpanContext | undefined {
    const flags = this.#parentFlags;
    return flags < 0 ? undefined : spanContextOf(this, this.#p0, this.#p1, flags);
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.#stage < 2) {
      this.#attributes ??= new AttributeBag(this.#tracer.spanAttributes);
      this.#attributes.set(key, value);
    }
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (this.#stage < 2) {
      this.#attributes ??= new AttributeBag(this.#tracer.spanAttributes);
      this.#attributes.setAll(attributes);
    }
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.#stage > 1) return this;
    const tracer = this.#tracer;
    let attributes: Attributes | undefined;
    if (isTime(attributesOrTime)) time ??= attributesOrTime;
    else attributes = attributesOrTime;
    if (time === undefined) tracer.time.at(this.#anchor, tracer.time.monotonicMs());
    else tracer.time.read(time, this.#anchor);
    const { hi, lo } = tracer.time;
    const event = new EventRecord(tracer.eventAttributes, String(name), hi, lo, attributes);
    // A literal has room for one, a first `push` makes room for seventeen.
    if (this.#events === undefined) this.#events = [event];
    else this.#events.push(event);
    if (this.#events.length > tracer.limits.eventCountLimit) {
      this.#events.shift();
      this.#droppedEvents++;
    }
    return this;
  }

  addLink(link: Link): this {
    if (this.#stage > 1 || !link?.context) return this;
    const tracer = this.#tracer;
    this.#links ??= [];
    const links = this.#links;
    links.push(new LinkRecord(tracer.linkAttributes, link));
    if (links.length > tracer.limits.linkCountLimit) {
      links.shift();
      this.#droppedLinks++;
    }
    return this;
  }

  addLinks(links: readonly Link[]): this {
    if (links) for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    const code = status?.code;
    const message = status?.message;
    if (this.#stage < 2 && this.#statusCode !== ok && (code === ok || code === error)) {
      this.#statusCode = code;
      this.#statusMessage = code === error && typeof message === 'string' ? message : undefined;
    }
    return this;
  }

  updateName(name: string): this {
    if (this.#stage < 2) this.name = String(name);
    return this;
  }

  /** Beyond the API of JavaScript, as the specification has it: further attributes of the event, which win over the exception's own. */
  recordException(exception: Exception, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): void {
    const attributes = exceptionAttributes(exception);
    if (isTime(attributesOrTime)) time ??= attributesOrTime;
    else Object.assign(attributes, attributesOrTime);
    this.addEvent('exception', attributes, time);
  }

  isRecording(): boolean {
    return this.#stage < 2;
  }

  end(endTime?: TimeInput): void {
    if (this.#stage !== 0) return;
    const { time, processor, onError } = this.#tracer;
    if (endTime === undefined) time.at(this.#anchor, time.monotonicMs());
    else time.read(endTime, this.#anchor);
    const hi = time.hi >>> 0;
    const startHi = this.#startHi >>> 0;
    const early = hi < startHi || (hi === startHi && time.lo >>> 0 < this.#startLo >>> 0);
    this.#endHi = early ? this.#startHi : time.hi;
    this.#endLo = early ? this.#startLo : time.lo;
    this.#stage = 1;
    try {
      if (processor.onEnding) processor.onEnding(this);
      this.#stage = 2;
      processor.onEnd(this);
    } catch (thrown) {
      this.#stage = 2;
      onError(thrown);
    }
  }

  get startTime(): HrTime {
    return toHrTime(this.#startHi, this.#startLo);
  }
  get endTime(): HrTime {
    return toHrTime(this.#endHi, this.#endLo);
  }
  get duration(): HrTime {
    if (this.#stage === 0) return [-1, -1];
    const [startSeconds, startNanos] = this.startTime;
    const [endSeconds, endNanos] = this.endTime;
    const borrow = endNanos < startNanos ? 1 : 0;
    return [endSeconds - startSeconds - borrow, endNanos - startNanos + borrow * 1e9];
  }
  get ended(): boolean {
    return this.#stage === 2;
  }
  get status(): SpanStatus {
    const code = this.#statusCode;
    return this.#statusMessage === undefined ? { code } : { code, message: this.#statusMessage };
  }
  get attributes(): Attributes {
    this.#attributes ??= new AttributeBag(this.#tracer.spanAttributes);
    return this.#attributes.object;
  }
  get events(): TimedEvent[] {
    this.#events ??= [];
    return this.#events;
  }
  get links(): Link[] {
    this.#links ??= [];
    return this.#links;
  }
  get resource(): ReadableResource {
    return this.#tracer.resource;
  }
  get instrumentationScope(): InstrumentationScope {
    return this.#tracer.scope;
  }
  get droppedAttributesCount(): number {
    return this.#attributes?.dropped ?? 0;
  }
  get droppedEventsCount(): number {
    return this.#droppedEvents;
  }
  get droppedLinksCount(): number {
    return this.#droppedLinks;
  }
  get isError(): boolean {
    return this.#statusCode === error;
  }

  // Processors may have put plain objects into the lists they were given.
  static #eventRecords(span: RecordingSpan, events: TimedEvent[]): EventRecord[] {
    const { time, eventAttributes } = span.#tracer;
    for (let i = 0; i < events.length; i++) {
      const event = events[i]!;
      if (event instanceof EventRecord) continue;
      time.read(event.time, span.#anchor);
      events[i] = new EventRecord(eventAttributes, String(event.name), time.hi, time.lo, event.attributes);
    }
    return events as EventRecord[];
  }

  static #linkRecords(span: RecordingSpan, links: Link[]): LinkRecord[] {
    for (let i = 0; i < links.length; i++) {
      if (!(links[i] instanceof LinkRecord)) links[i] = new LinkRecord(span.#tracer.linkAttributes, links[i]!);
    }
    return links as LinkRecord[];
  }

  /**
   * Writes the span as one `ScopeSpans.spans` field (trace.proto, field 2) and commits it. Throws, with nothing written, where
   * its values changed while they were read (a getter, a proxy).
   */
  writeTo(buffer: FragmentBuffer): void {
    const { name, traceState } = this;
    const attributes = this.#attributes;
    const message = this.#statusMessage;
    const state = traceState ? traceState.serialize() : '';
    const events = this.#events && RecordingSpan.#eventRecords(this, this.#events);
    const links = this.#links && RecordingSpan.#linkRecords(this, this.#links);
    let bound = fixedBound + name.length * 3;
    if (state || message) bound += (state.length + (message?.length ?? 0)) * 3;
    if (attributes) bound += attributes.bound();
    if (events) for (const event of events) bound += event.bound();
    if (links) for (const link of links) bound += link.bound();

    const start = buffer.reserve(bound);
    const { bytes, view } = buffer;
    // A span without attributes nearly always has a length of one byte, any other one of two.
    const wide = bound - fixedBound > 128 ? 1 : 0;
    bytes[start] = 0x12;
    const content = start + 2 + wide;
    let at = writeIds(view, content, this);
    if (state) {
      bytes[at] = 0x1a;
      at = writeText(bytes, view, at + 1, state);
    }
    if (this.#parentFlags >= 0) {
      view.setInt16(at, 0x2208);
      view.setInt32(at + 2, this.#p0);
      view.setInt32(at + 6, this.#p1);
      at += 10;
    }
    at = this.#tracer.spanAttributes.names.write(bytes, view, at, 0x2a, name);
    view.setInt16(at, 0x3001 + (this.kind & 7));
    bytes[at + 2] = 0x39;
    view.setInt32(at + 3, this.#startLo, true);
    view.setInt32(at + 7, this.#startHi, true);
    bytes[at + 11] = 0x41;
    view.setInt32(at + 12, this.#endLo, true);
    view.setInt32(at + 16, this.#endHi, true);
    at += 20;
    if (attributes) {
      at = attributes.write(bytes, view, at, 0x4a);
      if (attributes.dropped) at = writeCount(bytes, at, 0x50, attributes.dropped);
    }
    if (events) for (const event of events) at = event.write(bytes, view, at);
    if (this.#droppedEvents) at = writeCount(bytes, at, 0x60, this.#droppedEvents);
    if (links) for (const link of links) at = link.write(bytes, view, at);
    if (this.#droppedLinks) at = writeCount(bytes, at, 0x70, this.#droppedLinks);
    if (this.#statusCode) {
      bytes[at] = 0x7a;
      let end = at + 2;
      if (message) {
        bytes[end] = 0x12;
        end = writeText(bytes, view, end + 1, message);
      }
      bytes[end] = 0x18;
      bytes[end + 1] = this.#statusCode;
      at = closeLength(bytes, at + 1, end + 2);
    }
    view.setInt16(at, 0x8501 - 0x10000);
    view.setInt32(at + 2, wireFlags(this.flags, this.#parentFlags), true);
    at += 6;

    const length = at - content;
    if (wide && length > 127 && length < 16_384) {
      bytes[start + 1] = (length & 127) | 128;
      bytes[start + 2] = length >> 7;
    } else {
      if (wide) bytes.copyWithin(start + 2, content, at);
      at = closeLength(bytes, start + 1, at - wide);
    }
    if (!buffer.commit(this.#tracer.encoded, at)) throw new RangeError(`the span "${name}" grew while it was written`);
  }
}

const isTime = (value: unknown): value is TimeInput =>
  typeof value === 'number' || Array.isArray(value) || typeof (value as Partial<Date> | null)?.getTime === 'function';

function writeCount(bytes: Uint8Array, pos: number, tag: number, count: number): number {
  bytes[pos] = tag;
  return writeVarint(bytes, pos + 1, count);
}
