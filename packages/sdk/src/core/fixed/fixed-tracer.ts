import type {
  Attributes,
  Context,
  Exception,
  Link,
  Span,
  SpanContext,
  SpanOptions,
  SpanStatus,
  TimeInput,
  Tracer,
} from '@opentelemetry/api';
import type { OnFragment } from '../batch.js';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { deleteSpan, getSpan, setSpan } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import type { Clock, ContextStore, Entropy } from '../ports.js';
import { exceptionAttributes } from '../trace/exception-attributes.js';
import { hexOf, traceIdHex, wordOf } from '../trace/hex.js';
import { writeText } from '../wire/any-value.js';
import { utf8Length } from '../wire/utf8.js';
import { closeLength } from '../wire/varint.js';
import { createFieldWriter, cutText, fitsBytes, isAttribute } from './field-writer.js';
import type { FixedBatch } from './fixed-batch.js';
import type { SpanSlots } from './span-slots.js';
import { type Moment, momentOf, nanosBetween, writeUnixNano } from './unix-nano.js';

export interface FixedTracerOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly contextStore: ContextStore;
  /** Where the attributes and events of open spans wait. `slotBytes` is what a span may take, encoded. */
  readonly slots: SpanSlots;
  /** Where ended spans go. It has room for one more whenever a span ends: `onFragment` sees to that. */
  readonly batch: FixedBatch;
  readonly onFragment: OnFragment;
  /** A span found no slot, and is not recorded. */
  readonly onLost: () => void;
  /** Nothing is recorded any more. */
  readonly isStopped: () => boolean;
}

/** Wall and monotonic time may drift apart this far before a new root takes a new origin. */
const MAX_DRIFT_MS = 100;
const STATUS_OK = 1;
/**
 * What an encoded span takes beside its parent, the text of its name, and what is in its slot: tag and length, ids, name, kind, two times,
 * three counts, status, flags.
 */
const FRAME_BYTES = 3 + 18 + 10 + 3 + 2 + 9 + 9 + 6 + 4 + 6;
const PARENT_BYTES = 10;
/** Counts of what was dropped are one byte each. */
const MOST_DROPPED = 127;
/** Longer keys are not taken: their length is one byte, so that they can be found again. */
const MOST_KEY_BYTES = 127;

/** Tag and length of the field at `at`. */
const headOf = (bytes: Uint8Array, at: number): 2 | 3 => (bytes[at + 1]! > 127 ? 3 : 2);

/** Ids are words, because strings of them would be memory and time for what is hardly ever asked. */
interface FixedSpan extends Span {
  readonly t0: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
  readonly s0: number;
  readonly s1: number;
  readonly traceFlags: number;
  readonly parent: { readonly s0: number; readonly s1: number; readonly isRemote: boolean } | undefined;
  /** Unix time at zero of the monotonic clock: the local spans of a trace share it. */
  readonly originMs: number;
  readonly start: Moment;
  readonly kind: number;
  name: string;
  /** What its slot may hold: how much of it the rest of the span leaves. */
  room: number;
  /** Where its slot begins; negative where nothing is recorded (any more). */
  slot: number;
  /** Bytes in its slot. */
  used: number;
  status: SpanStatus;
  droppedAttributes: number;
  droppedEvents: number;
  droppedLinks: number;
}

/**
 * A tracer whose memory does not grow: while a span is open its attributes and events stand in its slot as they will leave, and when it ends
 * the whole is written into the batch. A span takes `slotBytes` at most; what does not fit is counted in the span's own counts of
 * what was dropped. Written without classes and private members, which the smallest engines do not have.
 */
export function createFixedTracer(options: FixedTracerOptions): Tracer {
  const { clock, entropy, contextStore, slots, batch, onFragment, onLost, isStopped } = options;
  const { slotBytes } = slots;
  const writer = createFieldWriter(slotBytes + 64);
  const random = new Uint8Array(240);
  const words = new DataView(random.buffer);
  let randomAt = random.length;
  // Counted from here: nanoseconds since an engine's own zero might not fit a double.
  const zeroMs = clock.monotonicMs();
  let lastOriginMs = Number.NEGATIVE_INFINITY;

  function word(): number {
    if (randomAt === random.length) {
      entropy.fill(random);
      randomAt = 0;
    }
    randomAt += 4;
    return words.getInt32(randomAt - 4);
  }

  const elapsedMs = (): number => clock.monotonicMs() - zeroMs;

  function origin(): number {
    const originMs = clock.wallMs() - elapsedMs();
    if (Math.abs(originMs - lastOriginMs) > MAX_DRIFT_MS) lastOriginMs = originMs;
    return lastOriginMs;
  }

  const momentIn = (span: { readonly originMs: number }, time?: TimeInput): Moment =>
    momentOf(time) ?? { unixMs: span.originMs, nanos: Math.round(elapsedMs() * 1e6) };

  /** `room`: for the name and what is in the slot. */
  function rename(span: FixedSpan, name: string, room: number): void {
    span.name = cutText(name, room - span.used);
    span.room = room - utf8Length(span.name);
  }

  /** Takes what was written to `end` over into the span's slot. */
  function keep(span: FixedSpan, end: number): boolean {
    if (end < 0 || span.used + end > span.room) return false;
    slots.bytes.set(writer.bytes.subarray(0, end), span.slot + span.used);
    span.used += end;
    return true;
  }

  /** Takes the attribute out of the slot whose key is that of the one in the writer. */
  function forget(span: FixedSpan): void {
    const { bytes } = slots;
    const own = headOf(writer.bytes, 0);
    // The key's tag, its length, which is one byte, and the key.
    const keyBytes = 2 + writer.bytes[own + 1]!;
    let at = span.slot;
    const end = at + span.used;
    while (at < end) {
      const head = headOf(bytes, at);
      const size = head + (bytes[at + 1]! & 127) + (head > 2 ? bytes[at + 2]! * 128 : 0);
      let same = 0;
      if (bytes[at] === 0x4a) while (same < keyBytes && bytes[at + head + same] === writer.bytes[own + same]) same++;
      if (same === keyBytes) {
        bytes.copyWithin(at, at + size, end);
        span.used -= size;
        return;
      }
      at += size;
    }
  }

  function put(span: FixedSpan, key: string, value: unknown): void {
    if (span.slot < 0 || !key || !isAttribute(value)) return;
    const end = fitsBytes(key, MOST_KEY_BYTES) ? writer.keyValue(0, 0x4a, key, value) : -1;
    if (end > 0) forget(span);
    if (!keep(span, end)) span.droppedAttributes++;
  }

  function putEvent(span: FixedSpan, name: string, attributes: Attributes | undefined, time: Moment): boolean {
    writer.bytes[0] = 0x5a;
    writer.bytes[2] = 0x09;
    const nameEnd = writer.text(writeUnixNano(writer.view, 3, time), 0x12, name);
    if (nameEnd < 0) return false;
    let end = writer.attributes(nameEnd, 0x1a, attributes);
    if (writer.dropped) {
      writer.bytes[end] = 0x20;
      writer.bytes[end + 1] = Math.min(writer.dropped, MOST_DROPPED);
      end += 2;
    }
    return keep(span, closeLength(writer.bytes, 1, end));
  }

  function putLink(span: FixedSpan, { context, attributes }: Link): boolean {
    if (!isSpanContextValid(context)) return true;
    const { bytes, view } = writer;
    bytes[0] = 0x6a;
    bytes.set([0x0a, 16], 2);
    for (let at = 0; at < 4; at++) view.setInt32(4 + at * 4, wordOf(context.traceId, at * 8));
    bytes.set([0x12, 8], 20);
    for (let at = 0; at < 2; at++) view.setInt32(22 + at * 4, wordOf(context.spanId, at * 8));
    return keep(span, closeLength(bytes, 1, writer.attributes(30, 0x22, attributes)));
  }

  /** Writes the whole span into the batch. */
  function encode(span: FixedSpan, end: Moment): void {
    const { bytes, view, at: start } = batch;
    const { parent, status, slot, used } = span;
    bytes[start] = 0x12;
    let at = start + 2;
    const small = (tag: number, value: number): void => {
      bytes[at] = tag;
      bytes[at + 1] = Math.min(value, MOST_DROPPED);
      at += 2;
    };
    small(0x0a, 16);
    view.setInt32(at, span.t0);
    view.setInt32(at + 4, span.t1);
    view.setInt32(at + 8, span.t2);
    view.setInt32(at + 12, span.t3);
    at += 16;
    small(0x12, 8);
    view.setInt32(at, span.s0);
    view.setInt32(at + 4, span.s1);
    at += 8;
    if (parent) {
      small(0x22, 8);
      view.setInt32(at, parent.s0);
      view.setInt32(at + 4, parent.s1);
      at += 8;
    }
    bytes[at] = 0x2a;
    at = writeText(bytes, view, at + 1, span.name);
    small(0x30, span.kind + 1);
    bytes[at] = 0x39;
    at = writeUnixNano(view, at + 1, span.start);
    bytes[at] = 0x41;
    at = writeUnixNano(view, at + 1, nanosBetween(span.start, end) < 0 ? span.start : end);
    if (used) bytes.set(slots.bytes.subarray(slot, slot + used), at);
    at += used;
    if (span.droppedAttributes) small(0x50, span.droppedAttributes);
    if (span.droppedEvents) small(0x60, span.droppedEvents);
    if (span.droppedLinks) small(0x70, span.droppedLinks);
    if (status.code) {
      bytes[at] = 0x7a;
      const statusAt = at + 1;
      at += 2;
      // As much of it as is left; behind it the code, and a second byte that lengths may need.
      const message = cutText(status.message ?? '', span.room - used - 3);
      if (message) {
        bytes[at] = 0x12;
        at = writeText(bytes, view, at + 1, message);
      }
      small(0x18, status.code);
      at = closeLength(bytes, statusAt, at);
    }
    // The one tag of two bytes: 16 << 3 | 5. SpanFlags: the W3C flags, "it is known whether the parent is remote", "it is".
    bytes.set([0x85, 0x01, span.traceFlags, parent?.isRemote ? 3 : 1, 0, 0], at);
    batch.add(closeLength(bytes, start + 1, at + 6));
  }

  const methods: Span & ThisType<FixedSpan> = {
    spanContext(): SpanContext {
      const { t0, t1, t2, t3, s0, s1, traceFlags } = this;
      return { traceId: traceIdHex(t0, t1, t2, t3), spanId: hexOf(s0) + hexOf(s1), traceFlags };
    },
    isRecording() {
      return this.slot >= 0;
    },
    setAttribute(key, value) {
      put(this, key, value);
      return this;
    },
    setAttributes(attributes) {
      for (const key in attributes) put(this, key, attributes[key]);
      return this;
    },
    addEvent(name, second, third) {
      if (this.slot < 0) return this;
      const isTime = !second || typeof second !== 'object' || Array.isArray(second) || second instanceof Date;
      const time = momentIn(this, third ?? (isTime ? (second as TimeInput) : undefined));
      if (!putEvent(this, `${name}`, isTime ? undefined : second, time)) this.droppedEvents++;
      return this;
    },
    addLink(link) {
      if (this.slot >= 0 && !putLink(this, link)) this.droppedLinks++;
      return this;
    },
    addLinks(links) {
      for (const link of links) this.addLink(link);
      return this;
    },
    setStatus(status) {
      if (this.slot >= 0 && this.status.code !== STATUS_OK && status.code) this.status = status;
      return this;
    },
    updateName(name) {
      if (this.slot >= 0) rename(this, `${name}`, this.room + utf8Length(this.name));
      return this;
    },
    recordException(exception: Exception, time) {
      if (this.slot < 0) return;
      const moment = momentIn(this, time);
      const attributes = exceptionAttributes(exception);
      // A stack seldom fits, and is worth less than what was wrong.
      const { 'exception.stacktrace': _stack, ...short } = attributes;
      const type = { 'exception.type': short['exception.type'] };
      if (![attributes, short, type].some((each) => putEvent(this, 'exception', each, moment))) this.droppedEvents++;
    },
    end(time) {
      if (this.slot < 0) return;
      encode(this, momentIn(this, time));
      slots.giveBack(this.slot);
      this.slot = -1;
      onFragment(batch);
    },
  };

  function startSpan(name: string, given: SpanOptions = {}, context: Context = contextStore.active()): Span {
    const inside = given.root ? deleteSpan(context) : context;
    const active = getSpan(inside);
    const local = active && Object.getPrototypeOf(active) === methods ? (active as FixedSpan) : undefined;
    const remote = local ? undefined : active?.spanContext();
    const foreign = isSpanContextValid(remote) ? remote : undefined;
    const parentFlags = local?.traceFlags ?? foreign?.traceFlags;
    const isSampled = parentFlags === undefined || (parentFlags & 1) === 1;
    const isSilent = isStopped() || isTracingSuppressed(context);
    const slot = isSampled && !isSilent ? slots.take() : -1;
    if (slot < 0 && isSampled && !isSilent) onLost();
    const traceWord = (at: 0 | 1 | 2 | 3, own: number | undefined): number =>
      own ?? (foreign ? wordOf(foreign.traceId, at * 8) : word());
    const s0 = word();
    const span = Object.create(methods) as { -readonly [Name in keyof FixedSpan]: FixedSpan[Name] };
    span.t0 = traceWord(0, local?.t0);
    span.t1 = traceWord(1, local?.t1);
    span.t2 = traceWord(2, local?.t2);
    // Never all zero, which would be no id.
    span.t3 = traceWord(3, local?.t3) || (span.t0 ? 0 : 1);
    span.s0 = s0;
    span.s1 = word() || (s0 ? 0 : 1);
    span.traceFlags = (parentFlags === undefined ? 2 : parentFlags & 2) | (slot < 0 ? 0 : 1);
    span.parent = local
      ? { s0: local.s0, s1: local.s1, isRemote: false }
      : foreign && {
          s0: wordOf(foreign.spanId, 0),
          s1: wordOf(foreign.spanId, 8),
          isRemote: foreign.isRemote === true,
        };
    span.originMs = local?.originMs ?? origin();
    span.start = momentIn(span, given.startTime);
    span.kind = given.kind ?? 0;
    span.slot = slot;
    span.used = 0;
    rename(span, `${name}`, slotBytes - FRAME_BYTES - (span.parent ? PARENT_BYTES : 0));
    span.status = { code: 0 };
    span.droppedAttributes = 0;
    span.droppedEvents = 0;
    span.droppedLinks = 0;
    if (given.attributes) span.setAttributes(given.attributes);
    if (given.links) span.addLinks(given.links);
    return span;
  }

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
