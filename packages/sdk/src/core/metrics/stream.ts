import type { Attributes, Context } from '@opentelemetry/api';
import type { OnFragment } from '../batch.js';
import type { TimeSource } from '../clock/time-source.js';
import { type PointTimes, pointTimesSize, writePointTimes } from '../wire/data-point.js';
import type { KeyCache } from '../wire/encoded-key.js';
import { cumulative, type DataPoints, type MetricFrame, type Temporality, writeMetric } from '../wire/metric.js';
import type { FragmentBuffer } from '../wire/open-buffer.js';
import { type SeriesRules, SeriesTable } from './series-table.js';

/** What all streams share that are collected together: those of one reader. */
export interface Pipeline {
  readonly time: TimeSource;
  readonly keys: KeyCache;
  /** Where points are written; another one as soon as whoever is told of a fragment says so. */
  buffer: FragmentBuffer;
  /** Filled for each point that is written. */
  readonly times: PointTimes;
  /** When it was collected last; nothing before the first time. */
  lastHi: number;
  lastLo: number;
  /** Something was measured that was not collected yet. */
  dirty: boolean;
  /** Which time of asking callbacks it is that something is observed for: a collection may begin while another one's callbacks have not all answered. */
  round: number;
}

/** Examples of single measurements that a stream keeps beside its sums (specification "Metrics SDK", Exemplar). */
export interface Exemplars {
  /** Told of each measurement, on the hot path. `isOverflow`: its series has none of its attributes. Must not throw. */
  offer(
    series: number,
    value: number,
    attributes: Attributes | undefined,
    context: Context | undefined,
    isOverflow: boolean,
  ): void;
  /** Encodes and forgets what there is, for `size` and `write`. */
  encode(count: number, table: SeriesTable): void;
  size(series: number): number;
  write(bytes: Uint8Array, pos: number, series: number): number;
  move(to: number, from: number): void;
}

/** Whether the series with these attributes, encoded, is written. */
export type SelectSeries = (attributes: Uint8Array) => boolean;

/** Where an instrument's measurements go: one stream, several, or none. */
export interface Sink {
  measure(value: number, attributes: Attributes | undefined, context: Context | undefined): void;
  /** Where those of one series go, which is found now and stays the same whatever is collected. */
  bind(attributes: Attributes | undefined): BoundSink;
}

export interface BoundSink {
  measure(value: number, context: Context | undefined): void;
}

export interface StreamOptions {
  readonly pipeline: Pipeline;
  readonly frame: MetricFrame;
  readonly temporality: Temporality;
  readonly rules: SeriesRules;
  readonly exemplars?: Exemplars | undefined;
}

/** A `StreamOptions` and what a kind of data point adds. */
export interface PointOptions extends StreamOptions {
  /** The tag of `attributes` in a data point. */
  readonly attributes: number;
  /** Bytes of a point's value. */
  readonly valueSize: number;
}

/**
 * What one instrument measures, aggregated: a table of series, and numbers for each of them in plain arrays. Series stay from collection to collection;
 * delta ones that were not measured since the last one are not written, and make room for others when there is none.
 */
export abstract class Stream implements DataPoints, Sink {
  protected readonly pipeline: Pipeline;
  protected readonly table: SeriesTable;
  protected readonly temporality: Temporality;
  /** The collection that is under way, and in which of them each series was measured last. */
  protected collection = 1;
  protected marks: Uint32Array = new Uint32Array(0);
  /** Since when each series is counted, in two halves. */
  protected starts: Int32Array = new Int32Array(0);
  /** When there was no series yet. */
  protected readonly bornHi: number;
  protected readonly bornLo: number;
  readonly frame: MetricFrame;
  readonly #fixedSize: number;
  readonly #exemplars: Exemplars | undefined;
  /** The collection in which room was made last: all that is left then is of that collection. */
  #cleared = 0;
  /** Series that somebody holds: they stay. */
  readonly #bound: { series: number }[] = [];
  /** Asked once for each series: bytes are counted before they are written. */
  #left: ReadonlySet<number> | undefined = undefined;

  constructor({ pipeline, frame, temporality, rules, exemplars, attributes, valueSize }: PointOptions) {
    this.pipeline = pipeline;
    this.frame = frame;
    this.temporality = temporality;
    this.#exemplars = exemplars;
    this.#fixedSize = pointTimesSize + valueSize;
    const { time } = pipeline;
    time.now();
    this.bornHi = time.hi;
    this.bornLo = time.lo;
    this.table = new SeriesTable(rules, attributes, {
      grow: (capacity) => {
        this.starts = grown(this.starts, new Int32Array(capacity * 2));
        this.marks = grown(this.marks, new Uint32Array(capacity));
        this.grow(capacity);
      },
      added: (series) => {
        this.start(series);
        this.marks[series] = 0;
        this.clear(series);
      },
      makeRoom: () => this.makeRoom(),
    });
  }

  /** Room for the values of so many series. */
  protected abstract grow(capacity: number): void;
  /** A series begins: with nothing. */
  protected abstract clear(series: number): void;
  /** The values of a series are those of another from now on. */
  protected abstract copy(to: number, from: number): void;
  /** A measurement of a series; `false` where it counts for nothing: a gauge may be measured as what is no number, of which neither sums nor buckets are made. */
  protected abstract at(series: number, value: number): boolean;
  protected abstract writeValue(bytes: Uint8Array, view: DataView, pos: number, series: number): number;

  measure(value: number, attributes: Attributes | undefined, context: Context | undefined): void {
    this.#measured(this.table.find(attributes), value, attributes, context);
  }

  #measured(series: number, value: number, attributes: Attributes | undefined, context: Context | undefined): void {
    if (!this.at(series, value)) return;
    this.pipeline.dirty = true;
    this.marks[series] = this.collection;
    if (this.#exemplars) this.#exemplars.offer(series, value, attributes, context, series === this.table.overflow);
  }

  bind(attributes: Attributes | undefined): BoundSink {
    const series = this.table.find(attributes);
    let bound = this.#bound.find((one) => one.series === series);
    if (!bound) {
      bound = { series };
      this.#bound.push(bound);
    }
    const to = bound;
    return { measure: (value, context) => this.#measured(to.series, value, attributes, context) };
  }

  get count(): number {
    return this.table.count;
  }

  size(series: number): number {
    if (!this.isWritten(series)) return 0;
    if (this.#left?.has(series)) return 0;
    const size = this.valueSize(series) + this.table.size(series);
    return this.#exemplars ? size + this.#exemplars.size(series) : size;
  }

  /** Of times and value. */
  protected valueSize(_series: number): number {
    return this.#fixedSize;
  }

  protected isMarked(series: number): boolean {
    return this.marks[series] === this.collection;
  }

  protected isWritten(series: number): boolean {
    // A series that was bound and never measured is none yet.
    return this.temporality === cumulative ? this.marks[series]! > 0 : this.isMarked(series);
  }

  /** A series is measured for the first time: it counts from now on. */
  protected start(series: number): void {
    const { time } = this.pipeline;
    time.now();
    this.begin(series, time.hi, time.lo);
  }

  protected begin(series: number, hi: number, lo: number): void {
    this.starts[series * 2] = hi;
    this.starts[series * 2 + 1] = lo;
  }

  /** Since when what is collected next may have been measured. */
  protected beginAtLast(series: number): void {
    const { lastHi, lastLo } = this.pipeline;
    if (isAfter(this.bornHi, this.bornLo, lastHi, lastLo)) this.begin(series, this.bornHi, this.bornLo);
    else this.begin(series, lastHi, lastLo);
  }

  write(bytes: Uint8Array, view: DataView, pos: number, series: number): number {
    const { times } = this.pipeline;
    if (this.temporality !== cumulative) this.beginAtLast(series);
    times.startHi = this.starts[series * 2]!;
    times.startLo = this.starts[series * 2 + 1]!;
    // The wall clock was set back.
    if (isAfter(times.startHi, times.startLo, times.timeHi, times.timeLo)) {
      times.startHi = times.timeHi;
      times.startLo = times.timeLo;
    }
    let at = this.writeValue(bytes, view, writePointTimes(bytes, view, pos, times), series);
    at = this.table.write(series, view, at);
    return this.#exemplars ? this.#exemplars.write(bytes, at, series) : at;
  }

  /**
   * Writes what there is, at the time that stands in `times`: all of it, or the series that are selected; nothing without `onFragment`. Until
   * `endCollection` all of it can be written anew.
   */
  collect(onFragment: OnFragment | undefined, select?: SelectSeries): void {
    this.#exemplars?.encode(this.count, this.table);
    this.#left = select && this.#notSelected(select);
    if (onFragment) writeMetric(this.pipeline, this.frame, this, onFragment);
  }

  /** What was there counts as written: delta begins anew. */
  endCollection(): void {
    this.collected();
    this.collection++;
  }

  #notSelected(select: SelectSeries): ReadonlySet<number> {
    const left = new Set<number>();
    for (let series = 0; series < this.count; series++) if (!select(this.table.encoded(series))) left.add(series);
    return left;
  }

  /** All of it was written. */
  protected collected(): void {
    if (this.temporality === cumulative) return;
    for (let series = 0; series < this.count; series++) if (this.isMarked(series)) this.clear(series);
  }

  /** For one series more than there may be. */
  protected makeRoom(): boolean {
    if (this.temporality === cumulative || this.#cleared === this.collection) return false;
    this.#cleared = this.collection;
    return this.keep((series) => this.isMarked(series));
  }

  /** Forgets the other series; `true` where there were some. */
  protected keep(isKept: (series: number) => boolean): boolean {
    const { count } = this;
    const held = new Map(this.#bound.map((bound) => [bound.series, bound]));
    this.table.compact(
      (series) => isKept(series) || held.has(series),
      (to, from) => {
        const bound = held.get(from);
        if (bound) bound.series = to;
        this.begin(to, this.starts[from * 2]!, this.starts[from * 2 + 1]!);
        this.marks[to] = this.marks[from]!;
        this.copy(to, from);
        this.#exemplars?.move(to, from);
      },
    );
    return this.count < count;
  }
}

/** `larger`, with what was in `array`. */
export function grown<T extends Float64Array | Int32Array | Uint32Array>(array: T, larger: T): T {
  larger.set(array);
  return larger;
}

const isAfter = (hi: number, lo: number, otherHi: number, otherLo: number): boolean =>
  hi >>> 0 > otherHi >>> 0 || (hi === otherHi && lo >>> 0 > otherLo >>> 0);
