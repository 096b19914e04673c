import { Envelope } from './envelope.js';
import { MAX_DAYS, type OpenRequest } from './open-request.js';
import { appendOriginalTime } from './original-time.js';
import { createRequestReader, type ItemReader, type RequestReader } from './read-request.js';
import { SpanChildren } from './span-children.js';
import { appendId, idProblem, isZero } from './span-ids.js';
import type { TraceBlock } from './trace-block.js';

const HIGH = 0x1_0000_0000;

/** Reads `ExportTraceServiceRequest`s into a `TraceBlock`. A span with an impossible id is left out and counted. */
export function createTraceReader(): RequestReader<TraceBlock> {
  return createRequestReader((request) => new SpanReader(request));
}

class SpanReader implements ItemReader<TraceBlock> {
  private readonly request: OpenRequest;
  private readonly envelope: Envelope;
  private readonly children: SpanChildren;
  private block!: TraceBlock;
  // What the last span had: nearly always the same again. Guesses are by the attribute's place in the map.
  private readonly guesses = new Uint32Array(64);
  private lastTypes = 0;
  private lastName = 0;

  constructor(request: OpenRequest) {
    this.request = request;
    this.envelope = new Envelope(request);
    this.children = new SpanChildren(request);
  }

  blocksOf(block: TraceBlock): readonly TraceBlock[] {
    return [block];
  }

  begin(block: TraceBlock): void {
    this.block = block;
    this.envelope.begin(block.envelope);
    this.children.begin(block);
    this.lastTypes = 0;
  }

  item(start: number, end: number): void {
    const { block, children, request } = this;
    const { at } = request;
    const { source, view } = at;
    const { spanAttributes } = block;
    this.envelope.prepare();
    const keysBefore = spanAttributes.keys.indexes.length;
    const valuesBefore = spanAttributes.values.length;

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
    let hasChildren = false;

    at.startMap();
    at.position = start;
    while (at.position < end) {
      const tag = at.tag(end);
      switch (tag) {
        case 0x0a:
          traceEnd = at.content(end);
          traceStart = at.position;
          at.position = traceEnd;
          break;
        case 0x12:
          spanEnd = at.content(end);
          spanStart = at.position;
          at.position = spanEnd;
          break;
        case 0x1a:
          stateEnd = at.content(end);
          stateStart = at.position;
          at.position = stateEnd;
          break;
        case 0x22:
          parentEnd = at.content(end);
          parentStart = at.position;
          at.position = parentEnd;
          break;
        case 0x2a:
          nameEnd = at.content(end);
          nameStart = at.position;
          at.position = nameEnd;
          break;
        case 0x30:
          kind = at.uint32(end);
          break;
        case 0x39:
          startAt = at.fixed(8, end);
          break;
        case 0x41:
          endAt = at.fixed(8, end);
          break;
        case 0x4a: {
          const to = at.content(end);
          at.attribute(spanAttributes, to, this.guesses);
          at.position = to;
          break;
        }
        case 0x50:
          droppedAttributes = at.uint32(end);
          break;
        case 0x5a:
        case 0x6a: {
          const to = at.content(end);
          if (!hasChildren) {
            hasChildren = true;
            children.mark();
          }
          if (tag === 0x5a) children.event(to);
          else if (!children.link(to)) droppedLinks++;
          at.position = to;
          break;
        }
        case 0x60:
          droppedEvents = at.uint32(end);
          break;
        case 0x70:
          droppedLinks += at.uint32(end);
          break;
        case 0x7a: {
          const to = at.content(end);
          while (at.position < to) {
            const inner = at.tag(to);
            if (inner === 0x12) {
              messageEnd = at.content(to);
              messageStart = at.position;
              at.position = messageEnd;
            } else if (inner === 0x18) status = at.uint32(to);
            else at.skip(inner, to);
          }
          break;
        }
        case 0x85:
          flags = at.view.getUint32(at.fixed(4, end), true);
          break;
        default:
          at.skip(tag, end);
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
      request.reject(reason);
      spanAttributes.keys.indexes.length = keysBefore;
      spanAttributes.values.length = valuesBefore;
      if (hasChildren) children.cutBack();
      return;
    }

    appendId(block.traceId, source, traceStart, traceEnd, 16);
    appendId(block.spanId, source, spanStart, spanEnd, 8);
    if (parentEnd === parentStart || isZero(source, parentStart, parentEnd)) block.parentSpanId.appendEmpty();
    else appendId(block.parentSpanId, source, parentStart, parentEnd, 8);
    block.traceState.append(view, stateStart, stateEnd);
    if (!block.spanName.is(this.lastName, view, nameStart, nameEnd))
      this.lastName = block.spanName.intern(view, nameStart, nameEnd);
    block.spanName.append(this.lastName);
    block.spanKind.append(kind <= 5 ? kind : 0);
    this.envelope.append();
    this.lastTypes = at.endMap(block.spanAttributeTypes, this.lastTypes);
    block.spanAttributeTypes.append(this.lastTypes);
    spanAttributes.end();
    block.statusCode.append(status <= 2 ? status : 0);
    block.statusMessage.append(view, messageStart, messageEnd);
    block.spanFlags.append(flags);
    block.droppedAttributes.append(droppedAttributes);
    block.droppedEvents.append(droppedEvents);
    block.droppedLinks.append(droppedLinks);
    block.eventEnds.append64(block.eventTimestamp.length / 2, 0);
    block.linkEnds.append64(block.linkFlags.length, 0);
    block.rows++;
  }

  end(): void {
    this.envelope.end();
  }

  /** Appends start and duration, or says why the span cannot be kept. */
  private times(startAt: number, endAt: number): string | undefined {
    const { block, request } = this;
    const { view } = request.at;
    let low = startAt < 0 ? 0 : view.getUint32(startAt, true);
    let high = startAt < 0 ? 0 : view.getUint32(startAt + 4, true);
    const endLow = endAt < 0 ? 0 : view.getUint32(endAt, true);
    const endHigh = endAt < 0 ? 0 : view.getUint32(endAt + 4, true);
    const startsBeforeEnd = high < endHigh || (high === endHigh && low <= endLow);
    const isImpossible = !request.isPossible(low, high);
    // An end of nothing is a span that has not ended; it is kept with no duration.
    const ended = endLow !== 0 || endHigh !== 0;
    if (isImpossible || (ended && !startsBeforeEnd)) {
      request.note(
        'times that cannot be were set to the time of arrival, or the duration to 0; the original stands in throughline.original_time',
      );
      appendOriginalTime(request.at, block.spanAttributes, [low, high], [endLow, endHigh]);
    }
    let durationLow = 0;
    let durationHigh = 0;
    if (isImpossible) {
      low = request.receivedLow;
      high = request.receivedHigh;
    } else if (ended && startsBeforeEnd) {
      durationLow = endLow - low;
      durationHigh = endHigh - high;
      if (durationLow < 0) {
        durationLow += HIGH;
        durationHigh--;
      }
    }
    if (!request.takesDay(block, low, high)) return `spans of more than ${MAX_DAYS} different days in one request`;
    block.timestamp.append64(low, high);
    block.duration.append64(durationLow, durationHigh);
    return undefined;
  }
}
