import { LETTER } from '../attribute-reader.js';
import type { OpenRequest } from '../open-request.js';
import { ExemplarReader } from './exemplar-reader.js';
import type { KnownSeries } from './known-series.js';
import type { NumberBlock } from './metric-blocks.js';
import { appendNumber } from './number-value.js';
import { PointReader, TIME } from './point-reader.js';

/** Points of gauges and sums. */
export class NumberPoints extends PointReader<NumberBlock> {
  private readonly exemplars: ExemplarReader;
  private temporality = 0;
  private isMonotonic = 0;

  constructor(request: OpenRequest, known: KnownSeries, kind: number) {
    super(request, known, kind);
    this.exemplars = new ExemplarReader(request);
  }

  protected override readKind(end: number): void {
    const { at } = this.request;
    this.temporality = at.findUint32(0x10, end);
    this.isMonotonic = at.findUint32(0x18, end) === 0 ? 0 : 1;
  }

  protected override fields(end: number): void {
    const { block } = this;
    const { at } = this.request;
    let valueAt = -1;
    let letter: number = LETTER.empty;
    while (at.position < end) {
      const tag = at.tag(end);
      switch (tag) {
        case 0x11:
          this.startAt = at.fixed(8, end);
          break;
        case TIME:
          this.timeAt = at.fixed(8, end);
          break;
        case 0x21:
        case 0x31:
          valueAt = at.fixed(8, end);
          letter = tag === 0x21 ? LETTER.double : LETTER.int;
          break;
        case 0x2a: {
          const to = at.content(end);
          this.exemplars.read(block.exemplars, to);
          at.position = to;
          break;
        }
        case 0x3a:
          this.attribute(end);
          break;
        case 0x40:
          this.flags = at.uint32(end);
          break;
        default:
          at.skip(tag, end);
      }
    }
    appendNumber(block, at.view, valueAt, letter);
    block.exemplars.ends.append64(block.exemplars.time.length / 2, 0);
  }

  protected override endKind(rows: number): void {
    this.block.temporality.appendTimes(this.temporality, rows);
    this.block.isMonotonic.appendTimes(this.isMonotonic, rows);
  }
}
