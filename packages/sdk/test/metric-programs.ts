import type { Attributes, Meter, Observable, ValueType } from '@opentelemetry/api';
import { AggregationTemporality, InstrumentType, MetricReader } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import {
  type DecodedExponentialPoint,
  type DecodedHistogramPoint,
  type DecodedMetric,
  type DecodedNumberPoint,
  plainAttributes,
} from '../../testkit/src/otlp-proto.js';
import type { TemporalityPreference } from '../src/core/metrics/instrument-kinds.js';

/* Random programs that measure, the same for OpenTelemetry's SDK and ours, and what must be the same of what they make. */

const kinds = ['Counter', 'UpDownCounter', 'Histogram', 'Gauge'] as const;
const observableKinds = ['ObservableCounter', 'ObservableUpDownCounter', 'ObservableGauge'] as const;

const text = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('ü', '\u{1f600}', 'x'.repeat(200)));
export const attributes: fc.Arbitrary<Attributes> = fc.dictionary(
  fc.constantFrom('http.route', 'code', 'ok', 'tags'),
  fc.oneof(
    fc.constantFrom('/a', '/b', '', 200, 404, true, false),
    fc.constantFrom<Attributes[string]>(['x'], ['x', 'y'], [1.5]),
  ),
  { maxKeys: 3 },
);
const instrument = fc.record({
  kind: fc.constantFrom(...kinds, ...observableKinds),
  description: text,
  unit: fc.constantFrom('', 'ms', 'By', '{request}'),
  valueType: fc.constantFrom(0, 1) as fc.Arbitrary<ValueType>,
  bounds: fc.option(fc.constantFrom<number[]>([], [1], [0, 0.5, 10, 1_000], [-5, 5]), { nil: undefined }),
});
// In eighths, which add up without rounding: their SDK makes cumulative values of observables out of differences.
export const number = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.constantFrom(0, 0.5, 5, 10, 10.125, 75, 1e9, 2 ** 40),
  fc.integer({ min: 0, max: 8_000_000 }).map((eighths) => eighths / 8),
);
const step = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(fc.constant('measure' as const), fc.nat(5), number, attributes) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('collect' as const), fc.nat(5), number, attributes) },
);
export const program = fc.record({
  instruments: fc.array(instrument, { minLength: 1, maxLength: 4 }),
  steps: fc.array(step, { maxLength: 40 }),
});
export type Program = typeof program extends fc.Arbitrary<infer P> ? P : never;

/** Instruments of a meter, and how each is given a value. */
export function build(meter: Meter, instruments: Program['instruments']) {
  const observed: Map<Attributes, number>[] = [];
  const measures = instruments.map(({ kind, bounds, ...options }, i) => {
    const name = `instrument.${i}`;
    const all = { ...options, ...(bounds && { advice: { explicitBucketBoundaries: bounds } }) };
    if (kind === 'Counter' || kind === 'UpDownCounter') {
      const counter = meter[`create${kind}`](name, all);
      return (value: number, given: Attributes) => counter.add(value, given);
    }
    if (kind === 'Histogram' || kind === 'Gauge') {
      const recorder = meter[`create${kind}`](name, all);
      return (value: number, given: Attributes) => recorder.record(value, given);
    }
    const observable: Observable = meter[`create${kind}`](name, all);
    // What was observed last is observed again, as a callback would.
    const values = new Map<Attributes, number>();
    observed.push(values);
    observable.addCallback((result) => {
      for (const [given, value] of values) result.observe(value, given);
    });
    return (value: number, given: Attributes) => {
      for (const known of values.keys()) if (JSON.stringify(known) === JSON.stringify(given)) values.delete(known);
      values.set(given, value);
    };
  });
  return measures;
}

/** What is the same in both: points by their attributes, without times, numbers as they are. */
export function comparable(metrics: readonly DecodedMetric[]): unknown {
  const point = (one: DecodedNumberPoint & Partial<DecodedHistogramPoint> & Partial<DecodedExponentialPoint>) => ({
    attributes: Object.entries(plainAttributes(one.attributes)).sort(([a], [b]) => (a < b ? -1 : 1)),
    double: one.asDouble,
    int: one.asInt,
    count: one.count,
    sum: one.sum,
    min: one.min,
    max: one.max,
    buckets: one.bucketCounts,
    bounds: one.explicitBounds,
    scale: one.scale,
    zeros: one.zeroCount === undefined ? undefined : Number(one.zeroCount),
    positive: buckets(one.positive),
    negative: buckets(one.negative),
  });
  /** Buckets without any are as good as none. */
  const buckets = (some: DecodedExponentialPoint['positive']) =>
    some?.bucketCounts.some((count) => count !== '0') ? [some.offset ?? 0, some.bucketCounts] : undefined;
  const text = (value: unknown) =>
    JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? `${each}n` : each));
  return metrics
    .map(({ name, unit = '', description = '', gauge, sum, histogram, exponentialHistogram }) => ({
      name,
      unit,
      description,
      temporality: (sum ?? histogram ?? exponentialHistogram)?.aggregationTemporality,
      monotonic: sum ? (sum.isMonotonic ?? false) : undefined,
      points: ((gauge ?? sum ?? histogram ?? exponentialHistogram)!.dataPoints as DecodedNumberPoint[])
        .map(point)
        .map(text)
        .sort(),
    }))
    .filter(({ points }) => points.length)
    .map((metric) => JSON.stringify(metric))
    .sort();
}

const theirDeltas: Readonly<Record<TemporalityPreference, readonly InstrumentType[]>> = {
  cumulative: [],
  delta: [
    InstrumentType.COUNTER,
    InstrumentType.OBSERVABLE_COUNTER,
    InstrumentType.GAUGE,
    InstrumentType.HISTOGRAM,
    InstrumentType.OBSERVABLE_GAUGE,
  ],
  lowmemory: [InstrumentType.COUNTER, InstrumentType.HISTOGRAM],
};

export class PeerReader extends MetricReader {
  constructor(preference: TemporalityPreference) {
    super({
      aggregationTemporalitySelector: (type) =>
        theirDeltas[preference].includes(type) ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
    });
  }
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

/**
 * Our metrics with exponential histograms at the scales of `theirs`, which are no finer. Their SDK adds up deltas, and then makes coarse what need not be: it
 * counts the range of a side that is empty, and takes what holds zeros alone for one of scale 0.
 */
export function atScalesOf(theirs: readonly DecodedMetric[], ours: readonly DecodedMetric[]): DecodedMetric[] {
  return ours.map((metric) => {
    const points = metric.exponentialHistogram?.dataPoints;
    if (!points) return metric;
    const peers = theirs.filter(({ name }) => name === metric.name);
    const dataPoints = points.map((point) => {
      const peer = peers
        .flatMap(({ exponentialHistogram }) => exponentialHistogram?.dataPoints ?? [])
        .find((one) => attributeText(one) === attributeText(point));
      const change = (point.scale ?? 0) - (peer?.scale ?? 0);
      if (!peer || change <= 0) return point;
      const { scale: _, positive, negative, ...rest } = point;
      return {
        ...rest,
        ...(peer.scale !== undefined && { scale: peer.scale }),
        ...(positive && { positive: coarser(positive, change) }),
        ...(negative && { negative: coarser(negative, change) }),
      };
    });
    return { ...metric, exponentialHistogram: { ...metric.exponentialHistogram, dataPoints } };
  });
}

const attributeText = (point: DecodedExponentialPoint): string =>
  JSON.stringify(Object.entries(plainAttributes(point.attributes)).sort(), (_key, each) =>
    typeof each === 'bigint' ? `${each}n` : each,
  );

function coarser({ offset = 0, bucketCounts }: NonNullable<DecodedExponentialPoint['positive']>, change: number) {
  const first = Math.floor(offset / 2 ** change);
  const counts: number[] = [];
  bucketCounts.forEach((count, i) => {
    const at = Math.floor((offset + i) / 2 ** change) - first;
    counts[at] = (counts[at] ?? 0) + Number(count);
  });
  return { offset: first, bucketCounts: Array.from(counts, (count) => String(count ?? 0)) };
}
