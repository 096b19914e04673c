import { createRequire } from 'node:module';
import type { Attributes, Meter, Observable, ValueType } from '@opentelemetry/api';
import { AggregationTemporality, InstrumentType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joined, metricsRig } from '../../testkit/src/metrics-rig.js';
import {
  type DecodedHistogramPoint,
  type DecodedMetric,
  type DecodedNumberPoint,
  decodeMetrics,
  plainAttributes,
} from '../../testkit/src/otlp-proto.js';
import type { TemporalityPreference } from '../src/core/metrics/instrument-kinds.js';
import { exportRequestToJson } from '../src/core/wire/export-request-to-json.js';
import { splitExportRequest } from '../src/core/wire/split-request.js';

/* The same random program with our engine and with OpenTelemetry's; what an independent decoder reads of both must be the same. */

const { ProtobufMetricsSerializer } = createRequire(import.meta.url)('@opentelemetry/otlp-transformer');

const kinds = ['Counter', 'UpDownCounter', 'Histogram', 'Gauge'] as const;
const observableKinds = ['ObservableCounter', 'ObservableUpDownCounter', 'ObservableGauge'] as const;

const text = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('ü', '\u{1f600}', 'x'.repeat(200)));
const attributes: fc.Arbitrary<Attributes> = fc.dictionary(
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
const number = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.constantFrom(0, 0.5, 5, 10, 10.125, 75, 1e9, 2 ** 40),
  fc.integer({ min: 0, max: 8_000_000 }).map((eighths) => eighths / 8),
);
const step = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(fc.constant('measure' as const), fc.nat(5), number, attributes) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('collect' as const), fc.nat(5), number, attributes) },
);
const program = fc.record({
  instruments: fc.array(instrument, { minLength: 1, maxLength: 4 }),
  steps: fc.array(step, { maxLength: 40 }),
});
type Program = typeof program extends fc.Arbitrary<infer P> ? P : never;

/** Instruments of a meter, and how each is given a value. */
function build(meter: Meter, instruments: Program['instruments']) {
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
function comparable(metrics: readonly DecodedMetric[]): unknown {
  const point = (one: DecodedNumberPoint & Partial<DecodedHistogramPoint>) => ({
    attributes: Object.entries(plainAttributes(one.attributes)).sort(([a], [b]) => (a < b ? -1 : 1)),
    double: one.asDouble,
    int: one.asInt,
    count: one.count,
    sum: one.sum,
    min: one.min,
    max: one.max,
    buckets: one.bucketCounts,
    bounds: one.explicitBounds,
  });
  const text = (value: unknown) =>
    JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? `${each}n` : each));
  return metrics
    .map(({ name, unit = '', description = '', gauge, sum, histogram }) => ({
      name,
      unit,
      description,
      temporality: (sum ?? histogram)?.aggregationTemporality,
      monotonic: sum ? (sum.isMonotonic ?? false) : undefined,
      points: ((gauge ?? sum ?? histogram)!.dataPoints as DecodedNumberPoint[]).map(point).map(text).sort(),
    }))
    .filter(({ points }) => points.length)
    .sort((a, b) => (a.name! < b.name! ? -1 : 1));
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

class Reader extends MetricReader {
  constructor(preference: TemporalityPreference) {
    super({
      aggregationTemporalitySelector: (type) =>
        theirDeltas[preference].includes(type) ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
    });
  }
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

async function expectSame(temporality: TemporalityPreference, { instruments, steps }: Program): Promise<void> {
  const rig = metricsRig({ temporality });
  const ours = build(rig.meter, instruments);
  const reader = new Reader(temporality);
  const theirs = build(new MeterProvider({ readers: [reader] }).getMeter('test', '1'), instruments);
  for (const [what, which, value, given] of [...steps, ['collect', 0, 0, {}] as const]) {
    if (what === 'measure') {
      ours[which % ours.length]!(value, given);
      theirs[which % theirs.length]!(value, given);
      continue;
    }
    await rig.time.advance(1_000);
    const { resourceMetrics } = await reader.collect();
    const bytes: Uint8Array = ProtobufMetricsSerializer.serializeRequest(resourceMetrics);
    const their = decodeMetrics(bytes).resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) => metrics),
    );
    expect(comparable(await rig.metrics())).toEqual(comparable(their));
  }
}

test('random recordings through OpenTelemetry’s SDK and ours are the same cumulative metrics [S7 F12]', async () => {
  await fc.assert(
    fc.asyncProperty(program, (one) => expectSame('cumulative', one)),
    { numRuns: 120 },
  );
});

test('random recordings through OpenTelemetry’s SDK and ours are the same delta metrics [S7]', async () => {
  await fc.assert(
    fc.asyncProperty(program, (one) => expectSame('delta', one)),
    { numRuns: 120 },
  );
});

test('random recordings through OpenTelemetry’s SDK and ours are the same with the low memory preference', async () => {
  await fc.assert(
    fc.asyncProperty(program, (one) => expectSame('lowmemory', one)),
    { numRuns: 60 },
  );
});

/** A request of what a random program has measured. */
async function requestOf({ instruments, steps }: Program) {
  const rig = metricsRig();
  const measures = build(rig.meter, instruments);
  for (const [, which, value, given] of steps) measures[which % measures.length]!(value, given);
  await rig.time.advance(1_000);
  return rig.collect();
}

test('OTLP/JSON of random metrics reads back the same [S7]', async () => {
  await fc.assert(
    fc.asyncProperty(program, async (one) => {
      const request = await requestOf(one);
      if (!request) return;
      const json: unknown = JSON.parse(exportRequestToJson('metrics', request.bytes));
      expect(canonical(json)).toEqual(canonical(decodeMetrics(request.bytes)));
    }),
    { numRuns: 80 },
  );
});

/** Both forms as one: absent and empty alike. */
function canonical(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(canonical);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part)
      .map(([name, inner]): [string, unknown] => [name, canonical(inner)])
      .filter(([, inner]) => !(Array.isArray(inner) && inner.length === 0)),
  );
}

const metricsOf = (bytes: Uint8Array): DecodedMetric[] =>
  joined(
    decodeMetrics(bytes).resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics)),
  );
const pointsOf = (bytes: Uint8Array): number =>
  metricsOf(bytes).reduce(
    (sum, metric) => sum + (metric.gauge ?? metric.sum ?? metric.histogram)!.dataPoints.length,
    0,
  );

test('a request of metrics that is too large is halved, point by point, each part with all that describes its metrics', async () => {
  await fc.assert(
    fc.asyncProperty(program, async (one) => {
      const request = await requestOf(one);
      if (!request) return;
      const singles = (bytes: Uint8Array): Uint8Array[] => {
        const parts = splitExportRequest('metrics', bytes);
        return parts ? parts.flatMap((part) => singles(part.bytes)) : [bytes];
      };
      const parts = singles(request.bytes);
      expect(parts).toHaveLength(request.items);
      expect(parts.map(pointsOf)).toEqual(parts.map(() => 1));
      expect(comparable(joined(parts.flatMap(metricsOf)))).toEqual(comparable(metricsOf(request.bytes)));
    }),
    { numRuns: 60 },
  );
});

test('a metric of many series is several fragments, so that a batch can be sealed between them, and is whole when it is joined', async () => {
  const rig = metricsRig();
  const counter = rig.meter.createCounter('requests', { unit: '{request}', description: 'as they came' });
  for (let i = 0; i < 1_500; i++) counter.add(i, { user: `user-${i}` });
  const [scope] = await rig.scopes();
  expect(scope!.metrics.length).toBeGreaterThan(30);
  for (const metric of scope!.metrics) {
    expect(metric).toMatchObject({ name: 'requests', unit: '{request}', sum: { isMonotonic: true } });
    expect(metric.sum!.dataPoints.length).toBeLessThan(60);
  }
  const [whole] = joined(scope!.metrics);
  const values = whole!.sum!.dataPoints.map(({ asDouble }) => asDouble!);
  expect(values).toEqual(Array.from({ length: 1_500 }, (_, i) => i));
});
