import {
  type ExponentialValue,
  exponentialAttributes,
  exponentialValueSize,
  writeExponentialValue,
} from '../wire/exponential-data-point.js';
import type { HistogramParts } from '../wire/histogram-data-point.js';
import { BucketIndex, ExponentialBuckets, scaleChange, scaleFactor } from './exponential-buckets.js';
import { Stream, type StreamOptions } from './stream.js';

export interface ExponentialStreamOptions extends StreamOptions, HistogramParts {
  readonly maxSize: number;
  readonly maxScale: number;
  readonly zeroThreshold: number;
}

/** The histogram of one series. */
class Cells implements ExponentialValue {
  count = 0;
  sum = 0;
  zeroCount = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  /** Of the buckets. */
  fineness: number;
  factor: number;
  readonly positive = new ExponentialBuckets();
  readonly negative = new ExponentialBuckets();

  constructor(scale: number) {
    this.fineness = scale;
    this.factor = scaleFactor(scale);
  }

  clear(scale: number): void {
    this.count = this.sum = this.zeroCount = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
    this.positive.clear();
    this.negative.clear();
    this.rescale(scale);
  }

  /** Of zeros alone any would do: OpenTelemetry's SDKs say 0. */
  get scale(): number {
    return this.count === this.zeroCount ? 0 : this.fineness;
  }

  rescale(scale: number): void {
    this.fineness = scale;
    this.factor = scaleFactor(scale);
  }
}

/**
 * How often values fell into buckets that grow by a constant factor (specification "Base2 Exponential Bucket Histogram Aggregation"): the finest that
 * `maxSize` of them allow for the values there are. Buckets take memory as they are needed.
 */
export class ExponentialStream extends Stream {
  readonly #options: ExponentialStreamOptions;
  readonly #index = new BucketIndex();
  readonly #cells: Cells[] = [];

  constructor(options: ExponentialStreamOptions) {
    super({ ...options, attributes: exponentialAttributes, valueSize: 0 });
    this.#options = options;
  }

  protected at(series: number, value: number): boolean {
    // What is no number has no bucket (specification, "Handle all normal values").
    if (value - value !== 0) return false;
    const cells = this.#cells[series]!;
    cells.count++;
    cells.sum += value;
    if (value < cells.min) cells.min = value;
    if (value > cells.max) cells.max = value;
    const threshold = this.#options.zeroThreshold;
    if (value > threshold) this.#count(cells, cells.positive, value);
    else if (value < -threshold) this.#count(cells, cells.negative, -value);
    else cells.zeroCount++;
    return true;
  }

  #count(cells: Cells, buckets: ExponentialBuckets, value: number): void {
    const { maxSize } = this.#options;
    let index = this.#index.find(value, cells.fineness, cells.factor);
    const low = Math.min(index, buckets.first);
    const high = Math.max(index, buckets.last);
    if (buckets.length && high - low >= maxSize) {
      const change = scaleChange(low, high, maxSize);
      cells.positive.merge(change);
      cells.negative.merge(change);
      cells.rescale(cells.fineness - change);
      index = this.#index.find(value, cells.fineness, cells.factor);
    }
    buckets.add(index, maxSize);
  }

  protected grow(): void {}

  protected clear(series: number): void {
    const { maxScale } = this.#options;
    const cells = this.#cells[series];
    if (cells) cells.clear(maxScale);
    else this.#cells[series] = new Cells(maxScale);
  }

  protected copy(to: number, from: number): void {
    const cells = this.#cells[to]!;
    this.#cells[to] = this.#cells[from]!;
    // For the series that is new there next.
    this.#cells[from] = cells;
  }

  protected override valueSize(series: number): number {
    return (
      super.valueSize(series) + exponentialValueSize(this.#cells[series]!, this.#options, this.#options.zeroThreshold)
    );
  }

  protected writeValue(bytes: Uint8Array, view: DataView, pos: number, series: number): number {
    const { zeroThreshold } = this.#options;
    return writeExponentialValue(bytes, view, pos, this.#cells[series]!, this.#options, zeroThreshold);
  }
}
