import type { OpenRequest } from './open-request.js';
import { appendId, idProblem } from './span-ids.js';
import type { TraceBlock } from './trace-block.js';

/** Reads the events and links of spans. What a span that is left out had of them is cut off again. */
export class SpanChildren {
  private readonly request: OpenRequest;
  private block!: TraceBlock;
  private readonly eventGuesses = new Uint32Array(64);
  private readonly linkGuesses = new Uint32Array(64);
  private growing: readonly { length: number }[] = [];
  private readonly marked = new Float64Array(16);

  constructor(request: OpenRequest) {
    this.request = request;
  }

  begin(block: TraceBlock): void {
    this.block = block;
    this.growing = [
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

  /** Before a span's first event or link. */
  mark(): void {
    this.growing.forEach((column, index) => {
      this.marked[index] = column.length;
    });
  }

  cutBack(): void {
    this.growing.forEach((column, index) => {
      column.length = this.marked[index] as number;
    });
  }

  /** From the reader's position to `end`; the span's own attributes may stand on both sides of it. */
  event(end: number): void {
    const { block } = this;
    const { at } = this.request;
    let timeAt = -1;
    let nameStart = 0;
    let nameEnd = 0;
    let dropped = 0;
    at.suspendMap();
    at.startMap();
    while (at.position < end) {
      const tag = at.tag(end);
      if (tag === 0x1a) {
        const to = at.content(end);
        at.attribute(block.eventAttributes, to, this.eventGuesses);
        at.position = to;
      } else if (tag === 0x09) timeAt = at.fixed(8, end);
      else if (tag === 0x12) {
        nameEnd = at.content(end);
        nameStart = at.position;
        at.position = nameEnd;
      } else if (tag === 0x20) dropped = at.uint32(end);
      else at.skip(tag, end);
    }
    block.eventTimestamp.appendTime(at.view, timeAt);
    block.eventName.append(block.eventName.intern(at.view, nameStart, nameEnd));
    block.eventAttributes.end();
    block.eventAttributeTypes.append(at.endMap(block.eventAttributeTypes, 0));
    block.eventDroppedAttributes.append(dropped);
    at.resumeMap();
  }

  /** The same for a link. `false`: it points nowhere and was left out. */
  link(end: number): boolean {
    const { block, request } = this;
    const { at } = request;
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
    at.suspendMap();
    at.startMap();
    while (at.position < end) {
      const tag = at.tag(end);
      if (tag === 0x0a) {
        traceEnd = at.content(end);
        traceStart = at.position;
        at.position = traceEnd;
      } else if (tag === 0x12) {
        spanEnd = at.content(end);
        spanStart = at.position;
        at.position = spanEnd;
      } else if (tag === 0x1a) {
        stateEnd = at.content(end);
        stateStart = at.position;
        at.position = stateEnd;
      } else if (tag === 0x22) {
        const to = at.content(end);
        at.attribute(block.linkAttributes, to, this.linkGuesses);
        at.position = to;
      } else if (tag === 0x28) dropped = at.uint32(end);
      else if (tag === 0x35) flags = at.view.getUint32(at.fixed(4, end), true);
      else at.skip(tag, end);
    }
    const types = at.endMap(block.linkAttributeTypes, 0);
    at.resumeMap();
    if (
      idProblem(at.source, traceStart, traceEnd, 16) !== undefined ||
      idProblem(at.source, spanStart, spanEnd, 8) !== undefined
    ) {
      request.note('a link with an impossible id was left out');
      keys.indexes.length = keysBefore;
      values.length = valuesBefore;
      return false;
    }
    appendId(block.linkTraceId, at.source, traceStart, traceEnd, 16);
    appendId(block.linkSpanId, at.source, spanStart, spanEnd, 8);
    block.linkTraceState.append(at.view, stateStart, stateEnd);
    block.linkAttributes.end();
    block.linkAttributeTypes.append(types);
    block.linkFlags.append(flags);
    block.linkDroppedAttributes.append(dropped);
    return true;
  }
}
