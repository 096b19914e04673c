import type { Attributes } from '@opentelemetry/api';
import type { OnFragment } from '../batch.js';
import type { TimeSource } from '../clock/time-source.js';
import { type PointTimes, pointTimesSize, writePointTimes } from '../wire/data-point.js';
import { cumulative, type DataPoints, type MetricFrame, type Temporality, writeMetric } from '../wire/metric.js';
import type { FragmentBuffer } from '../wire/open-buffer.js';
import { type SeriesRules, SeriesTable } from './series-table.js';

/** What all streams of a provider share. */
export interface MetricsState {
  readonly time: TimeSource;
  readonly rules: SeriesRules;
  readonly buffer: FragmentBuffer;
  /** Filled for each point that is written. */
  readonly times: PointTimes;
  /** When it was collected last; nothing before the first time. */
  lastHi: number;
  lastLo: number;
  /** Something was measured that was not collected yet. */
  dirty: boolean;
}

export interface StreamOptions {
  readonly state: MetricsState;
  readonly frame: MetricFrame;
  readonly temporality: Temporality;
  /** The tag of `attributes` in a data point. */
  readonly attributes: number;
  /** Bytes of a point's value. */
  readonly valueSize: number;
}

/**
 * What one instrument measures, aggregated: a table of series, and numbers for each of them in plain arrays. Cumulative ones stay from collection to
 * collection; of delta ones each collection begins anew, also with its series.
 */
export abstract class Stream implements DataPoints {
  protected readonly state: MetricsState;
  protected readonly table: SeriesTable;
  readonly #frame: MetricFrame;
  protected readonly temporality: Temporality;
  readonly #fixedSize: number;
  /** Since when each series is counted, in two halves. */
  protected starts: Int32Array = new Int32Array(0);

  constructor({ state, frame, temporality, attributes, valueSize }: StreamOptions) {
    this.state = state;
    this.#frame = frame;
    this.temporality = temporality;
    this.#fixedSize = pointTimesSize + valueSize;
    this.table = new SeriesTable(state.rules, attributes, {
      grow: (capacity) => {
        const starts = new Int32Array(capacity * 2);
        starts.set(this.starts);
        this.starts = starts;
        this.grow(capacity);
      },
      added: (series) => {
        const { time } = state;
        const now = time.monotonicMs();
        time.at(time.rootAnchor(now), now);
        this.starts[series * 2] = time.hi;
        this.starts[series * 2 + 1] = time.lo;
        this.clear(series);
      },
    });
  }

  /** Room for the values of so many series. */
  protected abstract grow(capacity: number): void;
  /** A series begins: with nothing. */
  protected abstract clear(series: number): void;
  protected abstract writeValue(bytes: Uint8Array, view: DataView, pos: number, series: number): number;

  get count(): number {
    return this.table.count;
  }

  size(series: number): number {
    const { ends } = this.table;
    return this.#fixedSize + ends[series]! - (series ? ends[series - 1]! : 0);
  }

  write(bytes: Uint8Array, view: DataView, pos: number, series: number): number {
    const { state } = this;
    const { times } = state;
    if (this.temporality === cumulative || !(state.lastHi | state.lastLo)) {
      times.startHi = this.starts[series * 2]!;
      times.startLo = this.starts[series * 2 + 1]!;
    } else {
      times.startHi = state.lastHi;
      times.startLo = state.lastLo;
    }
    // The wall clock was set back.
    if (isAfter(times.startHi, times.startLo, times.timeHi, times.timeLo)) {
      times.startHi = times.timeHi;
      times.startLo = times.timeLo;
    }
    let at = this.writeValue(bytes, view, writePointTimes(bytes, view, pos, times), series);
    // A loop, because a view on so few bytes costs more than copying them.
    const { bytes: attributes, ends } = this.table;
    const end = ends[series]!;
    for (let i = series ? ends[series - 1]! : 0; i < end; i++) bytes[at++] = attributes[i]!;
    return at;
  }

  /** Writes what there is, at the time that stands in `times`. */
  collect(onFragment: OnFragment): void {
    writeMetric(this.state.buffer, this.#frame, this, onFragment);
    this.collected();
  }

  /** All of it was written. */
  protected collected(): void {
    if (this.temporality !== cumulative) this.table.clear();
  }

  protected find(attributes: Attributes | undefined): number {
    this.state.dirty = true;
    return this.table.find(attributes);
  }
}

const isAfter = (hi: number, lo: number, otherHi: number, otherLo: number): boolean =>
  hi >>> 0 > otherHi >>> 0 || (hi === otherHi && lo >>> 0 > otherLo >>> 0);
