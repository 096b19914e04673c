import type { Attributes } from '@opentelemetry/api';
import { cumulative } from '../wire/metric.js';
import { NumberStream } from './number-stream.js';
import type { StreamOptions } from './stream.js';

export interface ObservedStreamOptions extends Omit<StreamOptions, 'attributes' | 'valueSize'> {
  readonly isInteger: boolean;
  /** What is observed is a sum so far, and not a value that stands for itself. */
  readonly isSum: boolean;
  /** A sum that only rises: where it is lower than before it has begun anew. */
  readonly isMonotonic: boolean;
}

/**
 * What callbacks observe. A series is written when it was observed since the last collection; one that no longer is disappears. Of a sum the callback
 * tells the whole: delta is what has come since it was written last.
 */
export class ObservedStream extends NumberStream {
  readonly #isSum: boolean;
  readonly #isMonotonic: boolean;
  /** The collection in which each series was observed last, and the attributes of each. */
  #seen: Uint32Array = new Uint32Array(0);
  #known: (Attributes | undefined)[] = [];
  /** What was written of each. */
  #written: Float64Array = new Float64Array(0);
  #collection = 1;

  constructor({ isInteger, isSum, isMonotonic, ...options }: ObservedStreamOptions) {
    super(options, isInteger);
    this.#isSum = isSum;
    this.#isMonotonic = isMonotonic;
  }

  observe(value: number, attributes: Attributes | undefined): void {
    const series = this.find(attributes);
    if (this.#isMonotonic && value < this.#written[series]!) {
      // When is not known: after it was collected last.
      this.starts[series * 2] = this.state.lastHi;
      this.starts[series * 2 + 1] = this.state.lastLo;
      this.#written[series] = 0;
    }
    const isAnother = series === this.table.overflow && this.#seen[series] === this.#collection;
    // Of one series the last word counts; those beyond the limit are together in one.
    this.values[series] = isAnother && this.#isSum ? this.values[series]! + value : value;
    this.#seen[series] = this.#collection;
    if (series !== this.table.overflow) this.#known[series] ??= { ...attributes };
  }

  override size(series: number): number {
    return this.#seen[series] === this.#collection ? super.size(series) : 0;
  }

  protected override grow(capacity: number): void {
    super.grow(capacity);
    const seen = new Uint32Array(capacity);
    seen.set(this.#seen);
    this.#seen = seen;
    const written = new Float64Array(capacity);
    written.set(this.#written);
    this.#written = written;
  }

  protected override clear(series: number): void {
    super.clear(series);
    this.#seen[series] = 0;
    this.#written[series] = 0;
    this.#known[series] = undefined;
  }

  protected override written(series: number): number {
    return this.values[series]! - (this.#isSum && this.temporality !== cumulative ? this.#written[series]! : 0);
  }

  protected override collected(): void {
    this.#written.set(this.values);
    if (this.table.overflow >= 0) this.#forgetUnseen();
    this.#collection++;
  }

  /** What comes and goes (connections, files) must not fill the table for ever: once it is full, those that were not observed make room. */
  #forgetUnseen(): void {
    const { starts, values } = this;
    const live: { attributes: Attributes | undefined; hi: number; lo: number; value: number }[] = [];
    for (let series = 0; series < this.count; series++) {
      if (series === this.table.overflow || this.#seen[series] !== this.#collection) continue;
      live.push({
        attributes: this.#known[series],
        hi: starts[series * 2]!,
        lo: starts[series * 2 + 1]!,
        value: values[series]!,
      });
    }
    if (live.length * 2 > this.count) return;
    this.table.clear();
    for (const { attributes, hi, lo, value } of live) {
      const series = this.find(attributes);
      this.starts[series * 2] = hi;
      this.starts[series * 2 + 1] = lo;
      this.values[series] = this.#written[series] = value;
      this.#known[series] = attributes;
    }
  }
}
