import type { SummaryBlock } from './metric-blocks.js';
import { PointReader, TIME } from './point-reader.js';

/** Points of summaries. */
export class SummaryPoints extends PointReader<SummaryBlock> {
  protected override readKind(): void {
    // A summary has nothing but its points.
  }

  protected override endKind(): void {
    // Nor has it anything to repeat for each.
  }

  protected override fields(end: number): void {
    const { block } = this;
    const { at } = this.request;
    let countAt = -1;
    let sumAt = -1;
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
          countAt = at.fixed(8, end);
          break;
        case 0x29:
          sumAt = at.fixed(8, end);
          break;
        case 0x32:
          this.quantile(end);
          break;
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
    block.count.appendBits(at.view, countAt);
    block.sum.appendBits(at.view, sumAt);
    block.quantileEnds.append64(block.quantile.length / 2, 0);
  }

  private quantile(end: number): void {
    const { block } = this;
    const { at } = this.request;
    const to = at.content(end);
    const quantileAt = at.find(0x09, to);
    const valueAt = at.find(0x11, to);
    block.quantile.appendBits(at.view, quantileAt);
    block.quantileValue.appendBits(at.view, valueAt);
    at.position = to;
  }
}
