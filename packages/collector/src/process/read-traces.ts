import { ATTRIBUTE_TYPE } from '../store/attribute-types.js';
import { arrayJson, mapJson } from './any-value-json.js';
import { LowCardinalityColumn, StringColumn, type Uint32Column } from './columns.js';
import { Malformed } from './malformed.js';
import { appendAscii, appendInt64, doubleText } from './number-text.js';
import type { MapColumn, TraceBlock } from './trace-block.js';

/** What became of one export request. */
export type ReadResult =
  | {
      readonly kind: 'read';
      /** Rows that stand in the block now. */
      readonly accepted: number;
      readonly rejected: number;
      /** Why, for the first few reasons; empty where nothing is to be said. */
      readonly message: string;
    }
  /** Not an export request at all. The block is as it was. */
  | { readonly kind: 'malformed'; readonly message: string };

/** An insert makes one part per day; a request with spans of more days than this loses the others, and is told so. */
export const MAX_DAYS = 100;
/** The last day that ClickHouse's `Date` knows, 2149-06-06. */
const LAST_DAY = 65_535;
const NANOS_PER_DAY = 86_400e9;
const HIGH = 0x1_0000_0000;

const LETTER = Object.fromEntries(
  Object.entries(ATTRIBUTE_TYPE).map(([name, letter]) => [name, letter.charCodeAt(0)]),
) as Record<keyof typeof ATTRIBUTE_TYPE, number>;
const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const UNKNOWN_SERVICE = Buffer.from('unknown_service');
const SERVICE_NAME = Buffer.from('service.name');
const ORIGINAL_TIME = Buffer.from('throughline.original_time');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NOTHING = new Uint8Array(0);

/**
 * Reads `ExportTraceServiceRequest`s into a `TraceBlock` in one pass: no object per span, strings are copied as bytes and never decoded. A
 * request is all there or not at all; a span with an impossible id or length is left out and counted, and its neighbours stay.
 *
 * One reader serves one block at a time and is not re-entrant.
 */
export interface TraceReader {
  /** `receivedUnixMs` stands in for a time that cannot be. */
  read(request: Uint8Array, block: TraceBlock, receivedUnixMs: number): ReadResult;
}

export function createTraceReader(): TraceReader {
  return new Reader();
}

/** Attributes as they are written for every span of one resource or scope. */
class Template {
  readonly map = { keys: new LowCardinalityColumn(), values: new StringColumn() };
  keys = new Uint32Array(0);
  values: Uint8Array = NOTHING;
  types = 0;
  dropped = 0;
  schemaUrl = 0;
}

class Reader implements TraceReader {
  private source: Uint8Array = NOTHING;
  private view: DataView = new DataView(new ArrayBuffer(0));
  private position = 0;
  private block!: TraceBlock;

  private rejected = 0;
  private readonly reasons = new Set<string>();
  private readonly days = new Set<number>();
  private lastDay = -1;
  private receivedLow = 0;
  private receivedHigh = 0;

  // Varint result.
  private low = 0;
  private high = 0;

  private readonly resource = new Template();
  private readonly scope = new Template();
  private service = 0;
  private scopeNameStart = 0;
  private scopeNameEnd = 0;
  private scopeVersionStart = 0;
  private scopeVersionEnd = 0;

  // The letters of the map being read, and the key each place held last time: nearly always the same again.
  private letters = new Uint8Array(256);
  private letterCount = 0;
  private hasLetters = false;
  private readonly spanGuess = new Uint32Array(64);
  private readonly eventGuess = new Uint32Array(64);
  private readonly otherGuess = new Uint32Array(64);
  private lastTypes = 0;
  private lastName = 0;
  /** Tells the map being read from all others; finds a key that comes twice. */
  private mapNumber = 0;
  private maps = 0;

  read(request: Uint8Array, block: TraceBlock, receivedUnixMs: number): ReadResult {
    this.source = request;
    this.view = new DataView(request.buffer, request.byteOffset, request.byteLength);
    this.block = block;
    this.rejected = 0;
    this.reasons.clear();
    this.lastTypes = 0;
    this.days.clear();
    this.lastDay = -1;
    this.setReceived(receivedUnixMs);
    const mark = block.mark();
    const daysBefore = block.days.size === 0 ? undefined : new Set(block.days);
    try {
      this.position = 0;
      const end = request.length;
      while (this.position < end) {
        const tag = this.tag(end);
        if (tag === 0x0a) {
          const to = this.content(end);
          this.resourceSpans(this.position, to);
          this.position = to;
        } else this.skip(tag, end);
      }
    } catch (error) {
      block.cutBack(mark);
      block.days.clear();
      for (const day of daysBefore ?? []) block.days.add(day);
      // A RangeError is a column that cannot grow any further; both are answers to this one request.
      if (error instanceof Malformed || error instanceof RangeError)
        return { kind: 'malformed', message: error.message };
      throw error;
    } finally {
      this.source = NOTHING;
    }
    return {
      kind: 'read',
      accepted: block.rows - (mark.at(-1) as number),
      rejected: this.rejected,
      message: [...this.reasons].join('; '),
    };
  }

  private setReceived(unixMs: number): void {
    const nanos = BigInt(Math.trunc(unixMs)) * 1_000_000n;
    this.receivedLow = Number(nanos & 0xffffffffn);
    this.receivedHigh = Number(nanos >> 32n);
  }

  private note(reason: string): void {
    if (this.reasons.size < 5) this.reasons.add(reason);
  }

  // ---- protobuf

  private varint(end: number): void {
    const source = this.source;
    let position = this.position;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) throw new Malformed('a number that is cut off');
      const byte = source[position++]!;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= bits << 31;
      if (byte < 128) {
        this.position = position;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw new Malformed('a number of more than ten bytes');
  }

  private tag(end: number): number {
    const byte = this.source[this.position]!;
    if (byte < 128) {
      this.position++;
      if (byte < 8) throw new Malformed('a field with number 0');
      return byte;
    }
    this.varint(end);
    if (this.high !== 0 || this.low < 8) throw new Malformed('a field with an impossible number');
    return this.low;
  }

  /** The end of a length-delimited field's content, which begins at `position`. */
  private content(end: number): number {
    const position = this.position;
    let count: number;
    if (position < end && this.source[position]! < 128) {
      count = this.source[position]!;
      this.position = position + 1;
    } else {
      this.varint(end);
      if (this.high !== 0) throw new Malformed('a length beyond the message');
      count = this.low;
    }
    const to = this.position + count;
    if (to > end) throw new Malformed('a field that ends after its message');
    return to;
  }

  private uint32(end: number): number {
    const position = this.position;
    if (position < end && this.source[position]! < 128) {
      this.position = position + 1;
      return this.source[position]!;
    }
    this.varint(end);
    return this.low;
  }

  private skip(tag: number, end: number): void {
    switch (tag & 7) {
      case 0:
        this.varint(end);
        return;
      case 1:
        this.fixed(8, end);
        return;
      case 2:
        this.position = this.content(end);
        return;
      case 5:
        this.fixed(4, end);
        return;
      default:
        throw new Malformed(`wire type ${tag & 7}`);
    }
  }

  /** Steps over a fixed field and says where it was. */
  private fixed(size: number, end: number): number {
    const at = this.position;
    this.position = at + size;
    if (this.position > end) throw new Malformed('a field that ends after its message');
    return at;
  }

  // ---- resource and scope

  private resourceSpans(start: number, end: number): void {
    const { block, resource, source } = this;
    let resourceStart = -1;
    let resourceEnd = -1;
    let urlStart = 0;
    let urlEnd = 0;
    // The schema URL stands after the spans, and protobuf allows the resource there too: look for both first.
    this.position = start;
    while (this.position < end) {
      const tag = this.tag(end);
      if (tag === 0x0a || tag === 0x1a) {
        const to = this.content(end);
        if (tag === 0x0a) {
          resourceStart = this.position;
          resourceEnd = to;
        } else {
          urlStart = this.position;
          urlEnd = to;
        }
        this.position = to;
      } else this.skip(tag, end);
    }
    this.service = -1;
    resource.schemaUrl = block.resourceSchemaUrl.intern(source, urlStart, urlEnd);
    this.fillTemplate(
      resource,
      block.resourceAttributes,
      block.resourceAttributeTypes,
      resourceStart,
      resourceEnd,
      0x0a,
      0x10,
    );
    if (this.service < 0) this.service = block.serviceName.intern(UNKNOWN_SERVICE, 0, UNKNOWN_SERVICE.length);

    this.position = start;
    while (this.position < end) {
      const tag = this.tag(end);
      if (tag === 0x12) {
        const to = this.content(end);
        this.scopeSpans(this.position, to);
        this.position = to;
      } else this.skip(tag, end);
    }
  }

  private scopeSpans(start: number, end: number): void {
    const { block, scope, source } = this;
    let scopeStart = -1;
    let scopeEnd = -1;
    let urlStart = 0;
    let urlEnd = 0;
    this.position = start;
    while (this.position < end) {
      const tag = this.tag(end);
      if (tag === 0x0a || tag === 0x1a) {
        const to = this.content(end);
        if (tag === 0x0a) {
          scopeStart = this.position;
          scopeEnd = to;
        } else {
          urlStart = this.position;
          urlEnd = to;
        }
        this.position = to;
      } else this.skip(tag, end);
    }
    scope.schemaUrl = block.scopeSchemaUrl.intern(source, urlStart, urlEnd);
    this.scopeNameStart = this.scopeNameEnd = this.scopeVersionStart = this.scopeVersionEnd = 0;
    this.fillTemplate(scope, block.scopeAttributes, block.scopeAttributeTypes, scopeStart, scopeEnd, 0x1a, 0x20);

    this.position = start;
    while (this.position < end) {
      const tag = this.tag(end);
      if (tag === 0x12) {
        const to = this.content(end);
        this.span(this.position, to);
        this.position = to;
      } else this.skip(tag, end);
    }
  }

  /** Reads a `Resource` or an `InstrumentationScope` once; its attributes are then copied for every span. */
  private fillTemplate(
    template: Template,
    target: MapColumn,
    types: LowCardinalityColumn,
    start: number,
    end: number,
    attributesTag: number,
    droppedTag: number,
  ): void {
    const isScope = template === this.scope;
    const { keys, values } = target;
    const keysBefore = keys.indexes.length;
    const valuesBefore = values.length;
    this.startMap();
    template.dropped = 0;
    this.position = Math.max(start, 0);
    while (this.position < end) {
      const tag = this.tag(end);
      if (tag === attributesTag) {
        const to = this.content(end);
        const valueAt = values.length;
        const key = this.attribute(target, to, this.otherGuess);
        if (!isScope && key >= 0 && keys.is(key, SERVICE_NAME, 0, SERVICE_NAME.length))
          this.internService(values.bytes, valueAt);
        this.position = to;
      } else if (tag === droppedTag) template.dropped = this.uint32(end);
      else if (isScope && (tag === 0x0a || tag === 0x12)) {
        const to = this.content(end);
        if (tag === 0x0a) {
          this.scopeNameStart = this.position;
          this.scopeNameEnd = to;
        } else {
          this.scopeVersionStart = this.position;
          this.scopeVersionEnd = to;
        }
        this.position = to;
      } else this.skip(tag, end);
    }
    template.types = this.endMap(types, 0);
    // Taken out of the column again: what a row gets is a copy.
    template.keys = keys.indexes.values.slice(keysBefore, keys.indexes.length);
    template.values = values.bytes.slice(valuesBefore, values.length);
    keys.indexes.length = keysBefore;
    values.length = valuesBefore;
  }

  /** The service's name is the value just written: its text stands in the column with its length in front. */
  private internService(bytes: Uint8Array, at: number): void {
    let count = 0;
    let position = at;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++]!;
      count += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    if (count > 0) this.service = this.block.serviceName.intern(bytes, position, position + count);
  }

  // ---- spans

  private span(start: number, end: number): void {
    const { block, source } = this;
    const { spanAttributes } = block;
    const keysBefore = spanAttributes.keys.indexes.length;
    const valuesBefore = spanAttributes.values.length;
    const nestedMark = this.nestedMark;

    let traceStart = 0;
    let traceEnd = 0;
    let spanStart = 0;
    let spanEnd = 0;
    let parentStart = 0;
    let parentEnd = 0;
    let stateStart = 0;
    let stateEnd = 0;
    let nameStart = 0;
    let nameEnd = 0;
    let messageStart = 0;
    let messageEnd = 0;
    let kind = 0;
    let status = 0;
    let flags = 0;
    let startAt = -1;
    let endAt = -1;
    let droppedAttributes = 0;
    let droppedEvents = 0;
    let droppedLinks = 0;
    let nested = false;

    this.startMap();
    this.position = start;
    while (this.position < end) {
      const tag = this.tag(end);
      switch (tag) {
        case 0x0a:
          traceEnd = this.content(end);
          traceStart = this.position;
          this.position = traceEnd;
          break;
        case 0x12:
          spanEnd = this.content(end);
          spanStart = this.position;
          this.position = spanEnd;
          break;
        case 0x1a:
          stateEnd = this.content(end);
          stateStart = this.position;
          this.position = stateEnd;
          break;
        case 0x22:
          parentEnd = this.content(end);
          parentStart = this.position;
          this.position = parentEnd;
          break;
        case 0x2a:
          nameEnd = this.content(end);
          nameStart = this.position;
          this.position = nameEnd;
          break;
        case 0x30:
          kind = this.uint32(end);
          break;
        case 0x39:
          startAt = this.fixed(8, end);
          break;
        case 0x41:
          endAt = this.fixed(8, end);
          break;
        case 0x4a: {
          const to = this.content(end);
          this.attribute(spanAttributes, to, this.spanGuess);
          this.position = to;
          break;
        }
        case 0x50:
          droppedAttributes = this.uint32(end);
          break;
        case 0x5a: {
          const to = this.content(end);
          if (!nested) {
            nested = true;
            this.markNested(nestedMark);
          }
          this.suspendMap();
          this.event(to);
          this.resumeMap();
          this.position = to;
          break;
        }
        case 0x60:
          droppedEvents = this.uint32(end);
          break;
        case 0x6a: {
          const to = this.content(end);
          if (!nested) {
            nested = true;
            this.markNested(nestedMark);
          }
          this.suspendMap();
          if (!this.link(to)) droppedLinks++;
          this.resumeMap();
          this.position = to;
          break;
        }
        case 0x70:
          droppedLinks += this.uint32(end);
          break;
        case 0x7a: {
          const to = this.content(end);
          while (this.position < to) {
            const inner = this.tag(to);
            if (inner === 0x12) {
              messageEnd = this.content(to);
              messageStart = this.position;
              this.position = messageEnd;
            } else if (inner === 0x18) status = this.uint32(to);
            else this.skip(inner, to);
          }
          break;
        }
        case 0x85:
          flags = this.view.getUint32(this.fixed(4, end), true);
          break;
        default:
          this.skip(tag, end);
      }
    }

    const problem =
      idProblem(source, traceStart, traceEnd, 16) ??
      idProblem(source, spanStart, spanEnd, 8) ??
      (parentEnd > parentStart && parentEnd - parentStart !== 8 ? 'length' : undefined);
    const reason =
      problem === undefined
        ? this.times(startAt, endAt)
        : problem === 'length'
          ? 'an id of impossible length'
          : 'an id of zeros';
    if (reason !== undefined) {
      this.rejected++;
      this.note(reason);
      spanAttributes.keys.indexes.length = keysBefore;
      spanAttributes.values.length = valuesBefore;
      if (nested) this.cutNested(nestedMark);
      return;
    }

    appendId(block.traceId, source, traceStart, traceEnd, 16);
    appendId(block.spanId, source, spanStart, spanEnd, 8);
    if (parentEnd === parentStart || isZero(source, parentStart, parentEnd)) block.parentSpanId.appendEmpty();
    else appendId(block.parentSpanId, source, parentStart, parentEnd, 8);
    block.traceState.append(source, stateStart, stateEnd);
    if (!block.spanName.is(this.lastName, source, nameStart, nameEnd))
      this.lastName = block.spanName.intern(source, nameStart, nameEnd);
    block.spanName.append(this.lastName);
    block.spanKind.append(kind <= 5 ? kind : 0);
    block.serviceName.append(this.service);
    block.scopeName.append(source, this.scopeNameStart, this.scopeNameEnd);
    block.scopeVersion.append(source, this.scopeVersionStart, this.scopeVersionEnd);
    this.appendTemplate(
      this.resource,
      block.resourceAttributes,
      block.resourceAttributeTypes,
      block.resourceSchemaUrl,
      block.resourceDroppedAttributes,
    );
    this.appendTemplate(
      this.scope,
      block.scopeAttributes,
      block.scopeAttributeTypes,
      block.scopeSchemaUrl,
      block.scopeDroppedAttributes,
    );
    this.lastTypes = this.endMap(block.spanAttributeTypes, this.lastTypes);
    block.spanAttributeTypes.append(this.lastTypes);
    spanAttributes.end();
    block.statusCode.append(status <= 2 ? status : 0);
    block.statusMessage.append(source, messageStart, messageEnd);
    block.spanFlags.append(flags);
    block.droppedAttributes.append(droppedAttributes);
    block.droppedEvents.append(droppedEvents);
    block.droppedLinks.append(droppedLinks);
    block.eventEnds.append64(block.eventTimestamp.length / 2, 0);
    block.linkEnds.append64(block.linkFlags.length, 0);
    block.rows++;
  }

  /** Appends start and duration, or says why the span cannot be kept. */
  private times(startAt: number, endAt: number): string | undefined {
    const { block, view } = this;
    let low = startAt < 0 ? 0 : view.getUint32(startAt, true);
    let high = startAt < 0 ? 0 : view.getUint32(startAt + 4, true);
    const endLow = endAt < 0 ? 0 : view.getUint32(endAt, true);
    const endHigh = endAt < 0 ? 0 : view.getUint32(endAt + 4, true);
    const startsBeforeEnd = high < endHigh || (high === endHigh && low <= endLow);
    let day = Math.floor((high * HIGH + low) / NANOS_PER_DAY);
    const isImpossible = (low === 0 && high === 0) || day > LAST_DAY;
    // An end of nothing is a span that has not ended; it is kept with no duration.
    const ended = endLow !== 0 || endHigh !== 0;
    if (isImpossible || (ended && !startsBeforeEnd)) {
      this.note(
        'times that cannot be were set to the time of arrival, or the duration to 0; the original stands in throughline.original_time',
      );
      this.appendOriginalTime(low, high, endLow, endHigh);
    }
    let durationLow = 0;
    let durationHigh = 0;
    if (isImpossible) {
      low = this.receivedLow;
      high = this.receivedHigh;
      day = Math.floor((high * HIGH + low) / NANOS_PER_DAY);
    } else if (ended && startsBeforeEnd) {
      durationLow = endLow - low;
      durationHigh = endHigh - high;
      if (durationLow < 0) {
        durationLow += HIGH;
        durationHigh--;
      }
    }
    if (day !== this.lastDay) {
      if (!this.days.has(day)) {
        if (this.days.size >= MAX_DAYS) return `spans of more than ${MAX_DAYS} different days in one request`;
        this.days.add(day);
        block.days.add(day);
      }
      this.lastDay = day;
    }
    block.timestamp.append64(low, high);
    block.duration.append64(durationLow, durationHigh);
    return undefined;
  }

  private appendOriginalTime(low: number, high: number, endLow: number, endHigh: number): void {
    const { keys, values } = this.block.spanAttributes;
    const unsigned = (l: number, h: number): string => ((BigInt(h) << 32n) | BigInt(l)).toString();
    keys.append(keys.intern(ORIGINAL_TIME, 0, ORIGINAL_TIME.length));
    appendAscii(values, `${unsigned(low, high)}/${unsigned(endLow, endHigh)}`);
    this.letter(LETTER.string);
  }

  private appendTemplate(
    template: Template,
    target: MapColumn,
    types: LowCardinalityColumn,
    schemaUrl: LowCardinalityColumn,
    dropped: Uint32Column,
  ): void {
    if (template.keys.length > 0) {
      target.keys.indexes.appendAll(template.keys);
      target.values.appendEncoded(template.values);
    }
    target.end();
    types.append(template.types);
    schemaUrl.append(template.schemaUrl);
    dropped.append(template.dropped);
  }

  // ---- events and links

  private event(end: number): void {
    const { block, source } = this;
    let timeAt = -1;
    let nameStart = 0;
    let nameEnd = 0;
    let dropped = 0;
    this.startMap();
    while (this.position < end) {
      const tag = this.tag(end);
      if (tag === 0x1a) {
        const to = this.content(end);
        this.attribute(block.eventAttributes, to, this.eventGuess);
        this.position = to;
      } else if (tag === 0x09) timeAt = this.fixed(8, end);
      else if (tag === 0x12) {
        nameEnd = this.content(end);
        nameStart = this.position;
        this.position = nameEnd;
      } else if (tag === 0x20) dropped = this.uint32(end);
      else this.skip(tag, end);
    }
    const low = timeAt < 0 ? 0 : this.view.getUint32(timeAt, true);
    const high = timeAt < 0 ? 0 : this.view.getUint32(timeAt + 4, true);
    // DateTime64(9) holds a signed number; what is beyond becomes the last moment it can say.
    const fits = high < 0x80000000;
    block.eventTimestamp.append64(fits ? low : 0xffffffff, fits ? high : 0x7fffffff);
    block.eventName.append(block.eventName.intern(source, nameStart, nameEnd));
    block.eventAttributes.end();
    block.eventAttributeTypes.append(this.endMap(block.eventAttributeTypes, 0));
    block.eventDroppedAttributes.append(dropped);
  }

  /** `false`: it points nowhere and was left out. */
  private link(end: number): boolean {
    const { block, source } = this;
    const { keys, values } = block.linkAttributes;
    const keysBefore = keys.indexes.length;
    const valuesBefore = values.length;
    let traceStart = 0;
    let traceEnd = 0;
    let spanStart = 0;
    let spanEnd = 0;
    let stateStart = 0;
    let stateEnd = 0;
    let dropped = 0;
    let flags = 0;
    this.startMap();
    while (this.position < end) {
      const tag = this.tag(end);
      if (tag === 0x0a) {
        traceEnd = this.content(end);
        traceStart = this.position;
        this.position = traceEnd;
      } else if (tag === 0x12) {
        spanEnd = this.content(end);
        spanStart = this.position;
        this.position = spanEnd;
      } else if (tag === 0x1a) {
        stateEnd = this.content(end);
        stateStart = this.position;
        this.position = stateEnd;
      } else if (tag === 0x22) {
        const to = this.content(end);
        this.attribute(block.linkAttributes, to, this.otherGuess);
        this.position = to;
      } else if (tag === 0x28) dropped = this.uint32(end);
      else if (tag === 0x35) flags = this.view.getUint32(this.fixed(4, end), true);
      else this.skip(tag, end);
    }
    if (
      idProblem(source, traceStart, traceEnd, 16) !== undefined ||
      idProblem(source, spanStart, spanEnd, 8) !== undefined
    ) {
      this.note('a link with an impossible id was left out');
      keys.indexes.length = keysBefore;
      values.length = valuesBefore;
      return false;
    }
    appendId(block.linkTraceId, source, traceStart, traceEnd, 16);
    appendId(block.linkSpanId, source, spanStart, spanEnd, 8);
    block.linkTraceState.append(source, stateStart, stateEnd);
    block.linkAttributes.end();
    block.linkAttributeTypes.append(this.endMap(block.linkAttributeTypes, 0));
    block.linkFlags.append(flags);
    block.linkDroppedAttributes.append(dropped);
    return true;
  }

  private readonly nestedMark = new Float64Array(17);

  private nestedColumns(): readonly { length: number }[] {
    const { block } = this;
    return [
      block.eventTimestamp,
      block.eventName.indexes,
      block.eventAttributes.ends,
      block.eventAttributes.keys.indexes,
      block.eventAttributes.values,
      block.eventAttributeTypes.indexes,
      block.eventDroppedAttributes,
      block.linkTraceId,
      block.linkSpanId,
      block.linkTraceState,
      block.linkAttributes.ends,
      block.linkAttributes.keys.indexes,
      block.linkAttributes.values,
      block.linkAttributeTypes.indexes,
      block.linkFlags,
      block.linkDroppedAttributes,
    ];
  }

  private markNested(mark: Float64Array): void {
    this.nestedColumns().forEach((column, index) => {
      mark[index] = column.length;
    });
  }

  private cutNested(mark: Float64Array): void {
    this.nestedColumns().forEach((column, index) => {
      column.length = mark[index] as number;
    });
  }

  // ---- attributes

  private startMap(): void {
    this.letterCount = 0;
    this.hasLetters = false;
    this.mapNumber = ++this.maps;
  }

  private readonly outer = { letters: new Uint8Array(256), count: 0, has: false, number: 0 };

  /** A span's own attributes may stand on both sides of an event. */
  private suspendMap(): void {
    const { outer } = this;
    const letters = outer.letters;
    outer.letters = this.letters;
    this.letters = letters;
    outer.count = this.letterCount;
    outer.has = this.hasLetters;
    outer.number = this.mapNumber;
  }

  private resumeMap(): void {
    const { outer } = this;
    const letters = this.letters;
    this.letters = outer.letters;
    outer.letters = letters;
    this.letterCount = outer.count;
    this.hasLetters = outer.has;
    this.mapNumber = outer.number;
  }

  private letter(code: number): void {
    if (this.letterCount === this.letters.length) {
      const letters = new Uint8Array(this.letters.length * 2);
      letters.set(this.letters);
      this.letters = letters;
    }
    this.letters[this.letterCount++] = code;
    if (code !== LETTER.string) this.hasLetters = true;
  }

  private endMap(types: LowCardinalityColumn, guess: number): number {
    if (!this.hasLetters) return 0;
    return types.is(guess, this.letters, 0, this.letterCount) ? guess : types.intern(this.letters, 0, this.letterCount);
  }

  /** A `KeyValue` from `position` to `end`. Returns the key's number, -1 when the map has the key already (the first one counts). */
  private attribute(target: MapColumn, end: number, guesses: Uint32Array): number {
    const { source } = this;
    let keyStart = 0;
    let keyEnd = 0;
    let valueStart = 0;
    let valueEnd = 0;
    while (this.position < end) {
      const tag = this.tag(end);
      if (tag === 0x0a) {
        keyEnd = this.content(end);
        keyStart = this.position;
        this.position = keyEnd;
      } else if (tag === 0x12) {
        valueEnd = this.content(end);
        valueStart = this.position;
        this.position = valueEnd;
      } else this.skip(tag, end);
    }
    const { keys } = target;
    const place = this.letterCount & 63;
    let key = guesses[place]!;
    if (!keys.is(key, source, keyStart, keyEnd)) {
      key = keys.intern(source, keyStart, keyEnd);
      guesses[place] = key;
    }
    if (target.hasKey(key, this.mapNumber)) {
      // Still has to be a value: a malformed one makes the request malformed wherever it stands.
      const length = target.values.length;
      this.value(target.values, valueStart, valueEnd);
      target.values.length = length;
      return -1;
    }
    keys.append(key);
    this.letter(this.value(target.values, valueStart, valueEnd));
    return key;
  }

  /** Appends an `AnyValue` as text and returns its letter. Of several values the last one counts. */
  private value(column: StringColumn, start: number, end: number): number {
    const { source } = this;
    let letter: number = LETTER.empty;
    let from = 0;
    let to = 0;
    let low = 0;
    let high = 0;
    this.position = start;
    while (this.position < end) {
      const tag = this.tag(end);
      switch (tag) {
        case 0x0a:
          to = this.content(end);
          from = this.position;
          this.position = to;
          letter = LETTER.string;
          break;
        case 0x10:
          this.varint(end);
          low = this.low;
          high = this.high;
          letter = LETTER.bool;
          break;
        case 0x18:
          this.varint(end);
          low = this.low;
          high = this.high;
          letter = LETTER.int;
          break;
        case 0x21:
          from = this.fixed(8, end);
          letter = LETTER.double;
          break;
        case 0x2a:
        case 0x32:
        case 0x3a:
          to = this.content(end);
          from = this.position;
          this.position = to;
          letter = tag === 0x2a ? LETTER.array : tag === 0x32 ? LETTER.map : LETTER.bytes;
          break;
        default:
          this.skip(tag, end);
      }
    }
    switch (letter) {
      case LETTER.string:
        column.append(source, from, to);
        break;
      case LETTER.int:
        appendInt64(column, low, high);
        break;
      case LETTER.bool:
        column.appendRaw(low === 0 && high === 0 ? FALSE : TRUE);
        break;
      case LETTER.double:
        appendAscii(column, doubleText(this.view.getFloat64(from, true)));
        break;
      case LETTER.array:
        column.appendRaw(Buffer.from(arrayJson(source, from, to)));
        break;
      case LETTER.map:
        column.appendRaw(Buffer.from(mapJson(source, from, to)));
        break;
      case LETTER.bytes:
        column.appendRaw(
          Buffer.from(Buffer.from(source.buffer, source.byteOffset + from, to - from).toString('base64')),
        );
        break;
      default:
        column.appendEmpty();
    }
    return letter;
  }
}

/** What is wrong with an id; 64-bit trace ids are taken. */
function idProblem(source: Uint8Array, start: number, end: number, size: number): 'length' | 'zeros' | undefined {
  const count = end - start;
  if (count !== size && !(size === 16 && count === 8)) return 'length';
  return isZero(source, start, end) ? 'zeros' : undefined;
}

function isZero(source: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (source[i] !== 0) return false;
  return true;
}

/** An id in hex; a 64-bit trace id gets zeros in front. */
function appendId(column: StringColumn, source: Uint8Array, start: number, end: number, size: number): void {
  column.reserve(size * 2 + 1);
  const { bytes } = column;
  let at = column.length;
  bytes[at++] = size * 2;
  for (let missing = size - (end - start); missing > 0; missing--) {
    bytes[at++] = 48;
    bytes[at++] = 48;
  }
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    bytes[at++] = HEX[byte >> 4]!;
    bytes[at++] = HEX[byte & 15]!;
  }
  column.length = at;
}
