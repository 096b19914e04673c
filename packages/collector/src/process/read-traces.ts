import { AttributeReader, LETTER } from './attribute-reader.js';
import type { LowCardinalityColumn, Uint32Column } from './columns.js';
import { Malformed } from './malformed.js';
import { appendAscii } from './number-text.js';
import { appendId, idProblem, isZero } from './span-ids.js';
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

const UNKNOWN_SERVICE = Buffer.from('unknown_service');
const SERVICE_NAME = Buffer.from('service.name');
const ORIGINAL_TIME = Buffer.from('throughline.original_time');
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
  keys = new Uint32Array(0);
  values: Uint8Array = NOTHING;
  types = 0;
  dropped = 0;
  schemaUrl = 0;
}

class Reader extends AttributeReader implements TraceReader {
  private block!: TraceBlock;

  private rejected = 0;
  private readonly reasons = new Set<string>();
  private readonly days = new Set<number>();
  private lastDay = -1;
  private receivedLow = 0;
  private receivedHigh = 0;

  private readonly resource = new Template();
  private readonly scope = new Template();
  private service = 0;
  private scopeNameStart = 0;
  private scopeNameEnd = 0;
  private scopeVersionStart = 0;
  private scopeVersionEnd = 0;

  // The key that each place of a map held last time: nearly always the same again.
  private readonly spanGuess = new Uint32Array(64);
  private readonly eventGuess = new Uint32Array(64);
  private readonly otherGuess = new Uint32Array(64);
  private lastTypes = 0;
  private lastName = 0;

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
}
