import { numberAttributes, numberValueSize, writeNumberValue } from '../wire/number-data-point.js';
import { grown, Stream, type StreamOptions } from './stream.js';

/** One number for each series: a sum. */
export class NumberStream extends Stream {
  protected values: Float64Array = new Float64Array(0);
  readonly #isInteger: boolean;

  constructor(options: StreamOptions, isInteger: boolean) {
    super({ ...options, attributes: numberAttributes, valueSize: numberValueSize });
    this.#isInteger = isInteger;
  }

  protected at(series: number, value: number): boolean {
    // What is no number would spoil the sum for ever.
    if (value - value !== 0) return false;
    this.values[series]! += value;
    return true;
  }

  protected grow(capacity: number): void {
    this.values = grown(this.values, new Float64Array(capacity));
  }

  protected clear(series: number): void {
    this.values[series] = 0;
  }

  protected copy(to: number, from: number): void {
    this.values[to] = this.values[from]!;
  }

  /** What is written of a series. */
  protected written(series: number): number {
    return this.values[series]!;
  }

  protected writeValue(bytes: Uint8Array, view: DataView, pos: number, series: number): number {
    return writeNumberValue(bytes, view, pos, this.written(series), this.#isInteger);
  }
}

/** The last value of each series. */
export class LastValueStream extends NumberStream {
  protected override at(series: number, value: number): boolean {
    this.values[series] = value;
    return true;
  }
}
