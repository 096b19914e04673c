import type { Report } from '../limit-diagnostics.js';
import type { Timers } from '../ports.js';
import type { ReadableResource } from '../trace/readable-span.js';
import type { Aggregation, HistogramAggregation } from './aggregation.js';
import type { InstrumentKind, TemporalityPreference } from './instrument-kinds.js';
import type { ReadableMeterProvider } from './meter-provider.js';
import type { MetricFilter } from './metric-filter.js';
import type { MetricProducer } from './metric-producer.js';

/** A value for all kinds of instruments, or one for each that is named. */
export type ByKind<T> = T | Readonly<Partial<Record<InstrumentKind, T>>>;

/** How a reader wants what it reads (specification "MetricReader"). */
export interface MetricReaderOptions {
  /** A preference, or `cumulative` and `delta` by kind of instrument. Default `cumulative`. */
  readonly temporality?:
    | TemporalityPreference
    | Readonly<Partial<Record<InstrumentKind, 'cumulative' | 'delta'>>>
    | undefined;
  /** By kind of instrument, where no view says one. Default: what the specification gives the kind. */
  readonly aggregation?: Readonly<Partial<Record<InstrumentKind, Aggregation>>> | undefined;
  /** Default `explicit_bucket_histogram`. */
  readonly histogramAggregation?: HistogramAggregation | undefined;
  /** Series of one metric at most, where no view says a number. Default 2,000. */
  readonly cardinalityLimit?: ByKind<number> | undefined;
  /** What is collected. Default: everything. */
  readonly filter?: MetricFilter | undefined;
  /** Collected with the program's own metrics. */
  readonly producers?: readonly MetricProducer[] | undefined;
}

/** What telemetry hands to a reader. */
export interface MetricReaderHost {
  readonly provider: ReadableMeterProvider;
  readonly resource: ReadableResource;
  readonly timers: Timers;
  readonly report: Report;
  /** Runs what the reader sends with so that it is not traced. */
  readonly quietly: <R>(run: () => R) => R;
}

/** A reader beside the one that feeds the outbox: `start({ metrics: { readers: [reader] } })`. It belongs to one telemetry. */
export interface MetricReader {
  /** Called once, by telemetry; `false` where it has one already. */
  attach(host: MetricReaderHost): boolean;
  /** Sends what there is; `false` on failure or time-out. Never rejects. Nothing for a reader that is only asked. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Sends what there is and ends; `false` on failure or time-out. Never rejects, idempotent. */
  shutdown(timeoutMs: number): Promise<boolean>;
}
