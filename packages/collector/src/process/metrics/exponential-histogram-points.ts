import type { Uint64Column } from '../columns.js';
import { DistributionReader } from './distribution-reader.js';
import type { ExponentialHistogramBlock } from './metric-blocks.js';

/** Points of histograms whose bounds are powers of a base. */
export class ExponentialHistogramPoints extends DistributionReader<ExponentialHistogramBlock> {
  protected override fields(end: number): void {
    const { block } = this;
    const { at } = this.request;
    let scale = 0;
    let zeroCountAt = -1;
    let zeroThresholdAt = -1;
    let positiveOffset = 0;
    let negativeOffset = 0;
    this.beginPoint();
    while (at.position < end) {
      const tag = at.tag(end);
      switch (tag) {
        case 0x0a:
          this.attribute(end);
          break;
        case 0x30:
          scale = at.sint32(end);
          break;
        case 0x39:
          zeroCountAt = at.fixed(8, end);
          break;
        case 0x42:
          positiveOffset = this.buckets(block.positiveCounts, positiveOffset, end);
          break;
        case 0x4a:
          negativeOffset = this.buckets(block.negativeCounts, negativeOffset, end);
          break;
        case 0x5a:
          this.exemplar(end);
          break;
        case 0x61:
          this.minAt = at.fixed(8, end);
          break;
        case 0x69:
          this.maxAt = at.fixed(8, end);
          break;
        case 0x71:
          zeroThresholdAt = at.fixed(8, end);
          break;
        default:
          this.shared(tag, end);
      }
    }
    block.scale.append(scale);
    block.zeroCount.appendBits(at.view, zeroCountAt);
    block.zeroThreshold.appendBits(at.view, zeroThresholdAt);
    block.positiveOffset.append(positiveOffset);
    block.positiveEnds.append64(block.positiveCounts.length / 2, 0);
    block.negativeOffset.append(negativeOffset);
    block.negativeEnds.append64(block.negativeCounts.length / 2, 0);
    this.endPoint();
  }

  /** Appends the counts of a `Buckets` and returns its offset; `otherwise` where it says none. */
  private buckets(counts: Uint64Column, otherwise: number, end: number): number {
    const { at } = this.request;
    const to = at.content(end);
    let offset = otherwise;
    while (at.position < to) {
      const tag = at.tag(to);
      if (tag === 0x08) offset = at.sint32(to);
      else if (tag === 0x12) {
        const packedTo = at.content(to);
        while (at.position < packedTo) {
          at.varint(packedTo);
          counts.append64(at.low, at.high);
        }
      } else if (tag === 0x10) {
        at.varint(to);
        counts.append64(at.low, at.high);
      } else at.skip(tag, to);
    }
    return offset;
  }
}
