import {
  extraCells,
  type HistogramParts,
  histogramAttributes,
  histogramValueSize,
  maxCell,
  minCell,
  sumCell,
  writeHistogramValue,
} from '../wire/histogram-data-point.js';
import { grown, Stream, type StreamOptions } from './stream.js';

/** The default bounds of the specification ("Explicit Bucket Histogram Aggregation"): made for milliseconds. */
export const defaultBounds: readonly number[] = [
  0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000,
];

const everyPart: HistogramParts = { sum: true, minMax: true };

/** How often values fell between explicit bounds, their sum, the least and the greatest: a run of cells for each series. */
export class HistogramStream extends Stream {
  readonly #bounds: readonly number[];
  readonly #parts: HistogramParts;
  readonly #width: number;
  #cells: Float64Array = new Float64Array(0);

  /** `bounds` rise. */
  constructor(options: StreamOptions, bounds: readonly number[], parts: HistogramParts = everyPart) {
    super({ ...options, attributes: histogramAttributes, valueSize: histogramValueSize(bounds, parts) });
    this.#bounds = bounds;
    this.#parts = parts;
    this.#width = bounds.length + 1 + extraCells;
  }

  protected at(series: number, value: number): boolean {
    // What is no number has no bucket.
    if (value - value !== 0) return false;
    const bounds = this.#bounds;
    const from = series * this.#width;
    const cells = this.#cells;
    // A bound belongs to the bucket below it.
    let bucket = 0;
    let end = bounds.length;
    while (bucket < end) {
      const middle = (bucket + end) >>> 1;
      if (value <= bounds[middle]!) end = middle;
      else bucket = middle + 1;
    }
    const extra = from + bounds.length + 1;
    cells[from + bucket]!++;
    cells[extra + sumCell]! += value;
    if (value < cells[extra + minCell]!) cells[extra + minCell] = value;
    if (value > cells[extra + maxCell]!) cells[extra + maxCell] = value;
    return true;
  }

  protected grow(capacity: number): void {
    this.#cells = grown(this.#cells, new Float64Array(capacity * this.#width));
  }

  protected clear(series: number): void {
    const from = series * this.#width;
    const extra = from + this.#bounds.length + 1;
    this.#cells.fill(0, from, from + this.#width);
    this.#cells[extra + minCell] = Number.POSITIVE_INFINITY;
    this.#cells[extra + maxCell] = Number.NEGATIVE_INFINITY;
  }

  protected copy(to: number, from: number): void {
    const width = this.#width;
    this.#cells.copyWithin(to * width, from * width, (from + 1) * width);
  }

  protected writeValue(bytes: Uint8Array, view: DataView, pos: number, series: number): number {
    return writeHistogramValue(bytes, view, pos, this.#cells, series * this.#width, this.#bounds, this.#parts);
  }
}
