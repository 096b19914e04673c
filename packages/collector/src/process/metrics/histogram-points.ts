import { DistributionReader } from './distribution-reader.js';
import type { HistogramBlock } from './metric-blocks.js';

/** Points of histograms with explicit bounds. */
export class HistogramPoints extends DistributionReader<HistogramBlock> {
  protected override fields(end: number): void {
    const { block } = this;
    const { at } = this.request;
    this.beginPoint();
    while (at.position < end) {
      const tag = at.tag(end);
      switch (tag) {
        // Repeated numbers come packed; a reader of protobuf takes them one by one as well.
        case 0x32:
        case 0x3a: {
          const to = at.content(end);
          const column = tag === 0x32 ? block.bucketCounts : block.bounds;
          while (at.position < to) column.appendBits(at.view, at.fixed(8, to));
          break;
        }
        case 0x31:
          block.bucketCounts.appendBits(at.view, at.fixed(8, end));
          break;
        case 0x39:
          block.bounds.appendBits(at.view, at.fixed(8, end));
          break;
        case 0x42:
          this.exemplar(end);
          break;
        case 0x4a:
          this.attribute(end);
          break;
        case 0x59:
          this.minAt = at.fixed(8, end);
          break;
        case 0x61:
          this.maxAt = at.fixed(8, end);
          break;
        default:
          this.shared(tag, end);
      }
    }
    block.bucketEnds.append64(block.bucketCounts.length / 2, 0);
    block.boundEnds.append64(block.bounds.length / 2, 0);
    this.endPoint();
  }
}
