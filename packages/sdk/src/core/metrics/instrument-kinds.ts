import { cumulative, delta, type Temporality } from '../wire/metric.js';

export type InstrumentKind =
  | 'counter'
  | 'upDownCounter'
  | 'histogram'
  | 'gauge'
  | 'observableCounter'
  | 'observableUpDownCounter'
  | 'observableGauge';

/** What a program made: everything a view may look at, and the advice it gave. */
export interface InstrumentDescriptor {
  readonly kind: InstrumentKind;
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly isInteger: boolean;
  /** Advice: the bounds of a histogram, rising. */
  readonly boundaries: readonly number[] | undefined;
  /** Advice: the keys that are worth a series; others are left out. */
  readonly attributeKeys: readonly string[] | undefined;
}

/**
 * Which values count from the start and which since they were collected last (specification "OTLP Metrics Exporter", temporality preference). `cumulative`: all
 * from the start. `delta`: all but those that go up and down. `lowmemory`: counters and histograms of the program's own calls alone, as nothing of
 * them has to be kept.
 */
export type TemporalityPreference = 'cumulative' | 'delta' | 'lowmemory';

const deltas: Readonly<Record<TemporalityPreference, readonly InstrumentKind[]>> = {
  cumulative: [],
  delta: ['counter', 'histogram', 'gauge', 'observableCounter', 'observableGauge'],
  lowmemory: ['counter', 'histogram'],
};

export const isPreference = (value: unknown): value is TemporalityPreference => Object.hasOwn(deltas, String(value));

export const temporalityOf = (preference: TemporalityPreference, kind: InstrumentKind): Temporality =>
  deltas[preference].includes(kind) ? delta : cumulative;

/** The kinds whose sum never falls; of what a histogram is given too. */
export const isMonotonic = (kind: InstrumentKind): boolean => /^counter|eCounter|hist/.test(kind);

/** A value that stands for itself, and not a part of a sum. */
export const isGauge = (kind: InstrumentKind): boolean => /gauge/i.test(kind);
