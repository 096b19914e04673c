import type { Attributes } from '@opentelemetry/api';
import { numberAttributes, numberValueSize, writeNumberValue } from '../wire/number-data-point.js';
import { Stream, type StreamOptions } from './stream.js';

/** One number for each series: a sum, or the last value. */
export class NumberStream extends Stream {
  protected values: Float64Array = new Float64Array(0);
  readonly #isInteger: boolean;

  constructor(options: Omit<StreamOptions, 'attributes' | 'valueSize'>, isInteger: boolean) {
    super({ ...options, attributes: numberAttributes, valueSize: numberValueSize });
    this.#isInteger = isInteger;
  }

  add(value: number, attributes: Attributes | undefined): void {
    const series = this.find(attributes);
    this.values[series]! += value;
  }

  set(value: number, attributes: Attributes | undefined): void {
    const series = this.find(attributes);
    this.values[series] = value;
  }

  protected grow(capacity: number): void {
    const values = new Float64Array(capacity);
    values.set(this.values);
    this.values = values;
  }

  protected clear(series: number): void {
    this.values[series] = 0;
  }

  /** What is written of a series. */
  protected written(series: number): number {
    return this.values[series]!;
  }

  protected writeValue(bytes: Uint8Array, view: DataView, pos: number, series: number): number {
    return writeNumberValue(bytes, view, pos, this.written(series), this.#isInteger);
  }
}
