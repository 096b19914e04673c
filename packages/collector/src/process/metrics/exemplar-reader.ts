import { LETTER } from '../attribute-reader.js';
import type { OpenRequest } from '../open-request.js';
import { appendOptionalId } from '../span-ids.js';
import type { ExemplarColumns } from './exemplar-columns.js';
import { appendNumber } from './number-value.js';

/** Reads the exemplars of points. */
export class ExemplarReader {
  private readonly request: OpenRequest;
  private readonly guesses = new Uint32Array(64);

  constructor(request: OpenRequest) {
    this.request = request;
  }

  /** From the reader's position to `end`; the point's own attributes may stand on both sides of it. */
  read(columns: ExemplarColumns, end: number): void {
    const { at } = this.request;
    let timeAt = -1;
    let valueAt = -1;
    let letter: number = LETTER.empty;
    let traceStart = 0;
    let traceEnd = 0;
    let spanStart = 0;
    let spanEnd = 0;
    at.suspendMap();
    at.startMap();
    while (at.position < end) {
      const tag = at.tag(end);
      switch (tag) {
        case 0x11:
          timeAt = at.fixed(8, end);
          break;
        case 0x19:
        case 0x31:
          valueAt = at.fixed(8, end);
          letter = tag === 0x19 ? LETTER.double : LETTER.int;
          break;
        case 0x22:
          spanEnd = at.content(end);
          spanStart = at.position;
          at.position = spanEnd;
          break;
        case 0x2a:
          traceEnd = at.content(end);
          traceStart = at.position;
          at.position = traceEnd;
          break;
        case 0x3a: {
          const to = at.content(end);
          at.attribute(columns.attributes, to, this.guesses);
          at.position = to;
          break;
        }
        default:
          at.skip(tag, end);
      }
    }
    columns.attributes.end();
    columns.attributeTypes.append(at.endMap(columns.attributeTypes, 0));
    columns.time.appendTime(at.view, timeAt);
    appendNumber(columns, at.view, valueAt, letter);
    const hasTrace = appendOptionalId(columns.traceId, at.source, traceStart, traceEnd, 16);
    const hasSpan = appendOptionalId(columns.spanId, at.source, spanStart, spanEnd, 8);
    if (!hasTrace || !hasSpan) this.request.note('an exemplar with an impossible id was kept without it');
    at.resumeMap();
  }
}
