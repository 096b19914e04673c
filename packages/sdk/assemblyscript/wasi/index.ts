import { SpanKind, StatusCode } from '../span-kind';
import { anyValue } from './any-value';
import { Bytes } from './bytes';
import { environmentVariable, monotonicNanos, randomBytes, wallNanos } from './host';
import { hex, SpanFile } from './span-file';

export { SpanFile, SpanKind, StatusCode };

/*
 * Spans of a program under WASI, which has no host that would take them: they are encoded here and written to a file. The same words as in
 * `@throughline/sdk/assemblyscript`, after one `SpanFile.open(path, service)`.
 */

const MAX_ATTRIBUTES: i32 = 128;
const MAX_EVENTS: i32 = 128;
const TRACE_ID_BYTES: i32 = 16;
const SPAN_ID_BYTES: i32 = 8;
const TRACEPARENT_LENGTH: i32 = 55;
/** OTLP's span flags: whether the parent is in another process is known. */
const KNOWS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;
const SAMPLED: u32 = 1;
const RANDOM: u32 = 2;

/** Keys once each, the last value wins. */
class Pairs {
  private readonly keys: string[] = [];
  private readonly values: Bytes[] = [];
  dropped: i32 = 0;

  set(key: string, value: Bytes): void {
    const at = this.keys.indexOf(key);
    if (at >= 0) this.values[at] = value;
    else if (this.keys.length >= MAX_ATTRIBUTES) this.dropped++;
    else {
      this.keys.push(key);
      this.values.push(value);
    }
  }

  write(into: Bytes, field: i32): void {
    for (let at = 0; at < this.keys.length; at++) {
      const pair = new Bytes();
      pair.text(1, this.keys[at]);
      pair.message(2, this.values[at]);
      into.message(field, pair);
    }
  }
}

/** Attributes of an event. */
export class Attributes {
  /** @internal */
  readonly pairs: Pairs = new Pairs();

  set<T>(key: string, value: T): Attributes {
    this.pairs.set(key, anyValue<T>(value));
    return this;
  }
}

const open: Span[] = [];

/**
 * Something the program does; the current one from its start to its end, so that what is started meanwhile lies below it. The first one continues the trace
 * of `TRACEPARENT` in the environment, where the program was started with one.
 */
export class Span {
  private readonly spanId: StaticArray<u8> = randomBytes(SPAN_ID_BYTES);
  private traceId: StaticArray<u8> = new StaticArray<u8>(0);
  private parentId: StaticArray<u8> | null = null;
  private flags: u32 = SAMPLED | RANDOM | KNOWS_REMOTE;
  /** Nanoseconds since 1970, and of the clock that never goes back, at one moment. */
  private wall: u64 = 0;
  private monotonic: u64 = 0;
  private readonly begun: u64 = monotonicNanos();
  private readonly pairs: Pairs = new Pairs();
  private events: Bytes = new Bytes(0);
  private eventCount: i32 = 0;
  private code: StatusCode = StatusCode.Unset;
  private message: string = '';
  private isOpen: bool = true;

  private constructor(
    private readonly name: string,
    private readonly kind: SpanKind,
    above: Span | null,
    mayContinue: bool,
  ) {
    if (above !== null) {
      this.traceId = above.traceId;
      this.parentId = above.spanId;
      this.flags = above.flags & ~IS_REMOTE;
      // Spans of one trace share an anchor: a clock that is set meanwhile moves none of them.
      this.wall = above.wall;
      this.monotonic = above.monotonic;
    } else {
      this.traceId = randomBytes(TRACE_ID_BYTES);
      this.wall = wallNanos();
      this.monotonic = this.begun;
      if (mayContinue) this.continueTrace(environmentVariable('TRACEPARENT'));
    }
    open.push(this);
  }

  static start(name: string, kind: SpanKind = SpanKind.Internal): Span {
    return new Span(name, kind, open.length > 0 ? open[open.length - 1] : null, true);
  }

  /** Below `parent`, wherever that was started. */
  static startBelow(parent: Span, name: string, kind: SpanKind = SpanKind.Internal): Span {
    return new Span(name, kind, parent, false);
  }

  /** The first of a trace of its own. */
  static startRoot(name: string, kind: SpanKind = SpanKind.Internal): Span {
    return new Span(name, kind, null, false);
  }

  /** A string, a boolean, an integer, a float, or an Array of one of these. */
  set<T>(key: string, value: T): Span {
    if (this.isOpen) this.pairs.set(key, anyValue<T>(value));
    return this;
  }

  event(name: string, attributes: Attributes | null = null): Span {
    if (!this.isOpen || this.eventCount++ >= MAX_EVENTS) return this;
    const event = new Bytes();
    event.fixed64(1, this.now());
    event.text(2, name);
    if (attributes !== null) {
      attributes.pairs.write(event, 3);
      event.number(4, attributes.pairs.dropped);
    }
    this.events.message(11, event);
    return this;
  }

  status(code: StatusCode, message: string = ''): Span {
    // Ok is final, and nothing is unset (OpenTelemetry's specification, "Set Status").
    if (!this.isOpen || this.code === StatusCode.Ok || code === StatusCode.Unset) return this;
    this.code = code;
    this.message = code === StatusCode.Error ? message : '';
    return this;
  }

  /** Something went wrong: recorded as an exception, and the span's status is error. The span still has to end. */
  fail(message: string, type: string = 'Error', stack: string = ''): Span {
    const attributes = new Attributes().set('exception.type', type).set('exception.message', message);
    if (stack.length > 0) attributes.set('exception.stacktrace', stack);
    return this.event('exception', attributes).status(StatusCode.Error, message);
  }

  /** The context of this span as a W3C header. */
  get traceparent(): string {
    return `00-${hex(this.traceId)}-${hex(this.spanId)}-0${(this.flags & (SAMPLED | RANDOM)).toString()}`;
  }

  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const at = open.indexOf(this);
    if (at >= 0) open.splice(at, 1);
    const file = SpanFile.active;
    // A caller that did not choose its trace does not want our part of it.
    if (file !== null && (this.flags & SAMPLED) !== 0) file.add(this.encode(), open.length === 0);
  }

  private now(): u64 {
    return this.wall + (monotonicNanos() - this.monotonic);
  }

  private encode(): Bytes {
    const span = new Bytes(256);
    span.bytes(1, changetype<usize>(this.traceId), TRACE_ID_BYTES);
    span.bytes(2, changetype<usize>(this.spanId), SPAN_ID_BYTES);
    const parentId = this.parentId;
    if (parentId !== null) span.bytes(4, changetype<usize>(parentId), SPAN_ID_BYTES);
    span.text(5, this.name);
    // OTLP counts kinds from 1: 0 says that it is not known.
    span.number(6, <u64>this.kind + 1);
    span.fixed64(7, this.wall + (this.begun - this.monotonic));
    span.fixed64(8, this.now());
    this.pairs.write(span, 9);
    span.number(10, this.pairs.dropped);
    span.raw(this.events.start, this.events.length);
    span.number(12, max(0, this.eventCount - MAX_EVENTS));
    if (this.code !== StatusCode.Unset) {
      const status = new Bytes();
      if (this.message.length > 0) status.text(2, this.message);
      status.number(3, this.code);
      span.message(15, status);
    }
    span.fixed32(16, this.flags);
    return span;
  }

  /** W3C trace context; anything else is ignored. */
  private continueTrace(text: string): void {
    if (text.length !== TRACEPARENT_LENGTH || !text.startsWith('00-')) return;
    const traceId = bytesOf(text.slice(3, 35));
    const parentId = bytesOf(text.slice(36, 52));
    const flags = bytesOf(text.slice(53));
    if (traceId === null || parentId === null || flags === null) return;
    if (isZero(traceId) || isZero(parentId)) return;
    this.traceId = traceId;
    this.parentId = parentId;
    this.flags = (flags[0] & (SAMPLED | RANDOM)) | KNOWS_REMOTE | IS_REMOTE;
  }
}

/** Of lowercase hex; `null` where it is none. */
function bytesOf(text: string): StaticArray<u8> | null {
  const bytes = new StaticArray<u8>(text.length >> 1);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const digit = code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : -1;
    if (digit < 0) return null;
    bytes[at >> 1] = (bytes[at >> 1] << 4) | <u8>digit;
  }
  return bytes;
}

function isZero(bytes: StaticArray<u8>): bool {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}
