import { cumulative, delta, type Temporality } from '../wire/metric.js';

export type InstrumentKind =
  | 'counter'
  | 'upDownCounter'
  | 'histogram'
  | 'gauge'
  | 'observableCounter'
  | 'observableUpDownCounter'
  | 'observableGauge';

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
