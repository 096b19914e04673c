import type { OnFragment } from '../batch.js';
import { cumulative } from '../wire/metric.js';
import { NumberStream } from './number-stream.js';
import { grown, type SelectSeries, type StreamOptions } from './stream.js';

export interface ObservedStreamOptions extends StreamOptions {
  readonly isInteger: boolean;
  /** What is observed is a sum so far, and not a value that stands for itself. */
  readonly isSum: boolean;
  /** A sum that only rises: where it is lower than before it has begun anew. */
  readonly isMonotonic: boolean;
  /** A view leaves out attributes or changes them: what a callback observes apart may be one series. */
  readonly isMerging: boolean;
}

/**
 * What callbacks observe. A series is written when it was observed since the last collection; one that no longer is disappears. Of a sum the callback
 * tells the whole: delta is what has come since it was written last.
 */
export class ObservedStream extends NumberStream {
  readonly #isSum: boolean;
  readonly #isMonotonic: boolean;
  readonly #isMerging: boolean;
  /** What was written of each. */
  #written: Float64Array = new Float64Array(0);
  /** The round of asking that a series was observed in last. */
  #rounds: Uint32Array = new Uint32Array(0);

  constructor({ isInteger, isSum, isMonotonic, isMerging, ...options }: ObservedStreamOptions) {
    super(options, isInteger);
    this.#isSum = isSum;
    this.#isMonotonic = isMonotonic;
    this.#isMerging = isMerging;
  }

  protected override at(series: number, value: number): boolean {
    // A gauge's that is made a sum, where no difference to it can be told.
    if (this.#isSum && value - value !== 0) return false;
    const { round } = this.pipeline;
    // Of one series the last word counts; sums of several that are together in one are added up, those of one round of asking.
    const isMerged = this.#isSum && (this.#isMerging || series === this.table.overflow) && this.isMarked(series);
    // Who answers late says what was asked again meanwhile.
    if (isMerged && round < this.#rounds[series]!) return false;
    const isPart = isMerged && round === this.#rounds[series];
    this.values[series] = isPart ? this.values[series]! + value : value;
    this.#rounds[series] = round;
    return true;
  }

  /** Whoever observes has counted longer than somebody asked. */
  protected override start(series: number): void {
    this.beginAtLast(series);
  }

  protected override isWritten(series: number): boolean {
    return this.isMarked(series);
  }

  protected override grow(capacity: number): void {
    super.grow(capacity);
    this.#written = grown(this.#written, new Float64Array(capacity));
    this.#rounds = grown(this.#rounds, new Uint32Array(capacity));
  }

  protected override clear(series: number): void {
    super.clear(series);
    this.#written[series] = 0;
  }

  protected override copy(to: number, from: number): void {
    super.copy(to, from);
    this.#written[to] = this.#written[from]!;
    this.#rounds[to] = this.#rounds[from]!;
  }

  protected override written(series: number): number {
    return this.values[series]! - (this.#isSum && this.temporality !== cumulative ? this.#written[series]! : 0);
  }

  override collect(onFragment: OnFragment | undefined, select?: SelectSeries): void {
    for (let series = 0; this.#isMonotonic && series < this.count; series++) {
      if (!this.isMarked(series) || this.values[series]! >= this.#written[series]!) continue;
      // It has begun anew; when is not known: after it was collected last.
      this.beginAtLast(series);
      this.#written[series] = 0;
    }
    super.collect(onFragment, select);
  }

  protected override collected(): void {
    this.#written.set(this.values);
    // What comes and goes (connections, files) must not fill the table for ever: once it is full, those that were not observed make room.
    if (this.table.overflow >= 0) this.keep((series) => this.isMarked(series));
  }

  /** Not in the middle of a callback: delta must know what came before of all that may be observed yet. */
  protected override makeRoom(): boolean {
    return false;
  }
}
