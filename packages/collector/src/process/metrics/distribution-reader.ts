import type { OpenRequest } from '../open-request.js';
import { ExemplarReader } from './exemplar-reader.js';
import type { KnownSeries } from './known-series.js';
import type { DistributionBlock } from './metric-blocks.js';
import { PointReader, TIME } from './point-reader.js';

/** What the points of both kinds of histogram share. */
export abstract class DistributionReader<Block extends DistributionBlock> extends PointReader<Block> {
  private readonly exemplars: ExemplarReader;
  private temporality = 0;
  // Of the present point: where each number lies, -1 where it is absent.
  protected countAt = -1;
  protected sumAt = -1;
  protected minAt = -1;
  protected maxAt = -1;

  constructor(request: OpenRequest, known: KnownSeries, kind: number) {
    super(request, known, kind);
    this.exemplars = new ExemplarReader(request);
  }

  protected override readKind(end: number): void {
    this.temporality = this.request.at.findUint32(0x10, end);
  }

  protected override endKind(rows: number): void {
    this.block.temporality.appendTimes(this.temporality, rows);
  }

  /** Takes a field that has the same number in both kinds, and skips what is not known. */
  protected shared(tag: number, end: number): void {
    const { at } = this.request;
    switch (tag) {
      case 0x11:
        this.startAt = at.fixed(8, end);
        break;
      case TIME:
        this.timeAt = at.fixed(8, end);
        break;
      case 0x21:
        this.countAt = at.fixed(8, end);
        break;
      case 0x29:
        this.sumAt = at.fixed(8, end);
        break;
      case 0x50:
        this.flags = at.uint32(end);
        break;
      default:
        at.skip(tag, end);
    }
  }

  protected exemplar(end: number): void {
    const { at } = this.request;
    const to = at.content(end);
    this.exemplars.read(this.block.exemplars, to);
    at.position = to;
  }

  protected beginPoint(): void {
    this.countAt = this.sumAt = this.minAt = this.maxAt = -1;
  }

  protected endPoint(): void {
    const { block } = this;
    const { view } = this.request.at;
    block.count.appendBits(view, this.countAt);
    block.sum.appendBits(view, this.sumAt);
    block.noSum.append(this.sumAt < 0 ? 1 : 0);
    block.min.appendBits(view, this.minAt);
    block.noMin.append(this.minAt < 0 ? 1 : 0);
    block.max.appendBits(view, this.maxAt);
    block.noMax.append(this.maxAt < 0 ? 1 : 0);
    block.exemplars.ends.append64(block.exemplars.time.length / 2, 0);
  }
}
