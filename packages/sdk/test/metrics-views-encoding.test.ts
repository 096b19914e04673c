import { createRequire } from 'node:module';
import type { ValueType } from '@opentelemetry/api';
import {
  type AggregationOption,
  AggregationType,
  createAllowListAttributesProcessor,
  createDenyListAttributesProcessor,
  InstrumentType,
  MeterProvider,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { metricsRig } from '../../testkit/src/metrics-rig.js';
import { type DecodedMetric, decodeMetrics } from '../../testkit/src/otlp-proto.js';
import type { Aggregation } from '../src/core/metrics/aggregation.js';
import { BucketIndex, ExponentialBuckets, scaleChange, scaleFactor } from '../src/core/metrics/exponential-buckets.js';
import type { InstrumentKind, TemporalityPreference } from '../src/core/metrics/instrument-kinds.js';
import { streamsByView } from '../src/core/metrics/streams-by-view.js';
import type { View } from '../src/core/metrics/view.js';
import {
  atScalesOf,
  attributes,
  build,
  comparable,
  number,
  PeerReader,
  type Program,
  program,
} from './metric-programs.js';

/* Views and exponential histograms: the same random program through OpenTelemetry's SDK and ours is the same OTLP, bucket for bucket. */

const { ProtobufMetricsSerializer } = createRequire(import.meta.url)('@opentelemetry/otlp-transformer');

const report = (): void => {};

async function expectSame(
  temporality: TemporalityPreference,
  { instruments, steps }: Program,
  views: readonly View[],
): Promise<void> {
  const rig = metricsRig({ temporality, createStreams: streamsByView({ views }, report) });
  const ours = build(rig.meter, instruments);
  const reader = new PeerReader(temporality);
  const provider = new MeterProvider({ readers: [reader], views: views.map(peerView) });
  const theirs = build(provider.getMeter('test', '1'), instruments);
  let collections = 0;
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
    const our = await rig.metrics();
    collections++;
    // What is counted anew for each collection, or collected once, is the same to the scale.
    const isMerged = ({ exponentialHistogram }: DecodedMetric) =>
      exponentialHistogram?.aggregationTemporality === 2 && collections > 1;
    const same = [...our.filter((one) => !isMerged(one)), ...atScalesOf(their, our.filter(isMerged))];
    expect(comparable(same)).toEqual(comparable(their));
  }
}

const typeOf = (kind: InstrumentKind): InstrumentType =>
  InstrumentType[kind.replace(/[A-Z]/g, '_$&').toUpperCase() as keyof typeof InstrumentType];

function peerView(view: View): ViewOptions {
  const { attributeKeys, instrumentType, aggregation, name, description, instrumentName = '*' } = view;
  return {
    instrumentName,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(instrumentType && { instrumentType: typeOf(instrumentType) }),
    ...(attributeKeys && {
      attributesProcessors: [
        ...(attributeKeys.included ? [createAllowListAttributesProcessor([...attributeKeys.included])] : []),
        ...(attributeKeys.excluded ? [createDenyListAttributesProcessor([...attributeKeys.excluded])] : []),
      ],
    }),
    ...(aggregation && { aggregation: peerAggregation(aggregation) }),
  };
}

function peerAggregation(aggregation: Aggregation): AggregationOption {
  switch (aggregation.type) {
    case 'drop':
      return { type: AggregationType.DROP };
    case 'sum':
      return { type: AggregationType.SUM };
    case 'last_value':
      return { type: AggregationType.LAST_VALUE };
    case 'explicit_bucket_histogram': {
      const { boundaries = [], recordMinMax = true } = aggregation;
      return {
        type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
        options: { boundaries: [...boundaries], recordMinMax },
      };
    }
    case 'base2_exponential_bucket_histogram': {
      const { maxSize = 160, recordMinMax = true } = aggregation;
      return { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize, recordMinMax } };
    }
    default:
      return { type: AggregationType.DEFAULT };
  }
}

const optional = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });
const keys = fc.uniqueArray(fc.constantFrom('http.route', 'code', 'ok', 'tags'), { maxLength: 3 });
const single = {
  instrumentName: fc.constantFrom('*', 'instrument.*', 'instrument.0', 'instrument.1', 'nothing'),
  description: optional(fc.constantFrom('', 'of the view')),
};
/** What both take for everything that is measured at once, and what for everything. */
const syncView = fc.record({
  ...single,
  instrumentType: fc.constantFrom<InstrumentKind>('counter', 'upDownCounter', 'histogram'),
  attributeKeys: optional(fc.record({ included: optional(keys), excluded: optional(keys) })),
  aggregation: optional(
    fc.oneof(
      fc.constantFrom<Aggregation>({ type: 'default' }, { type: 'drop' }, { type: 'sum' }, { type: 'last_value' }),
      fc.record({
        type: fc.constant('explicit_bucket_histogram' as const),
        boundaries: fc.constantFrom<number[]>([], [1], [0, 0.5, 10, 1_000], [-5, 5]),
        recordMinMax: fc.boolean(),
      }),
      fc.record({
        type: fc.constant('base2_exponential_bucket_histogram' as const),
        maxSize: fc.constantFrom(2, 5, 20, 160),
        recordMinMax: fc.boolean(),
      }),
    ),
  ),
});
const anyView = fc.record({
  ...single,
  aggregation: optional(fc.constantFrom<Aggregation>({ type: 'default' }, { type: 'drop' })),
});
const views = fc
  .array(fc.oneof({ weight: 4, arbitrary: syncView }, { weight: 1, arbitrary: anyView }), { maxLength: 3 })
  // Where two make one name they take the first alone, and we both: one without a name, the others with names of their own.
  .map((all): View[] =>
    all
      .filter(
        (view, i) => !/[*]/.test(view.instrumentName) || all.findIndex((one) => /[*]/.test(one.instrumentName)) === i,
      )
      .map((view, i) => (/[*]/.test(view.instrumentName) ? view : { ...view, name: `view.${i}` })),
  );

test('random recordings through random views of OpenTelemetry’s SDK and ours are the same cumulative metrics [F14]', async () => {
  await fc.assert(
    fc.asyncProperty(program, views, (one, some) => expectSame('cumulative', one, some)),
    { numRuns: 150 },
  );
});

test('random recordings through random views of OpenTelemetry’s SDK and ours are the same delta metrics [F14]', async () => {
  await fc.assert(
    fc.asyncProperty(program, views, (one, some) => expectSame('delta', one, some)),
    { numRuns: 150 },
  );
});

/** Magnitudes from the least that is normal to the greatest, both signs, and powers of two, which are bounds at every scale. */
const wide = fc.oneof(
  number,
  fc.integer({ min: -1_000, max: 1_000 }).map((exponent) => 2 ** exponent),
  fc
    .tuple(fc.integer({ min: -300, max: 300 }), fc.double({ min: 1, max: 10, noNaN: true }))
    .map(([e, m]) => m * 10 ** e),
);
const exponentialProgram = fc.record({
  instruments: fc.constant([
    { kind: 'Histogram', description: '', unit: '', valueType: 1 as ValueType, bounds: undefined } as const,
    { kind: 'UpDownCounter', description: '', unit: '', valueType: 1 as ValueType, bounds: undefined } as const,
  ]),
  steps: fc.array(
    fc.oneof(
      {
        weight: 12,
        arbitrary: fc
          .tuple(fc.nat(1), wide, fc.boolean(), attributes)
          .map(
            ([which, value, isNegative, given]) =>
              ['measure' as const, which, isNegative && which ? -value : value, { ok: given.ok ?? 0 }] as const,
          ),
      },
      { weight: 1, arbitrary: fc.constant(['collect', 0, 0, {}] as const) },
    ),
    { maxLength: 60 },
  ),
});

test.each(['cumulative', 'delta', 'lowmemory'] as const)(
  'exponential histograms of random values are those of OpenTelemetry’s SDK, bucket for bucket, with %s temporality [S7]',
  async (temporality) => {
    await fc.assert(
      fc.asyncProperty(exponentialProgram, fc.constantFrom(2, 3, 8, 40, 160), (one, maxSize) =>
        expectSame(temporality, one as unknown as Program, [
          { aggregation: { type: 'base2_exponential_bucket_histogram', maxSize } },
        ]),
      ),
      { numRuns: 120 },
    );
  },
);

test('a change of scale is exact: buckets made of finer ones are those that were counted at the coarser scale [S7]', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -4_000, max: 4_000 }), { minLength: 1 }),
      fc.integer({ min: 0, max: 8 }),
      (indexes, change) => {
        const fine = new ExponentialBuckets();
        const coarse = new ExponentialBuckets();
        for (const index of indexes) {
          fine.add(index, 16_384);
          coarse.add(index >> change, 16_384);
        }
        fine.merge(change);
        expect([fine.first, fine.last]).toEqual([coarse.first, coarse.last]);
        expect([...fine.counts.subarray(0, fine.length)]).toEqual([...coarse.counts.subarray(0, coarse.length)]);
        expect(fine.length).toBe(
          Math.max(...indexes.map((i) => i >> change)) - Math.min(...indexes.map((i) => i >> change)) + 1,
        );
      },
    ),
  );
});

test('a value lies in the bucket whose bounds are around it, powers of two at the upper one, at every scale', () => {
  const index = new BucketIndex();
  fc.assert(
    fc.property(
      wide.filter((value) => value > 2 ** -1022),
      fc.integer({ min: -10, max: 20 }),
      (value, scale) => {
        const found = index.find(value, scale, scaleFactor(scale));
        // As exact as logarithms are: a few of the last digits.
        const position = Math.log2(value) * 2 ** scale;
        const slack = Math.abs(position) * 2 ** -50 + 1e-9;
        expect(position).toBeGreaterThan(found - slack);
        expect(position).toBeLessThanOrEqual(found + 1 + slack);
      },
    ),
  );
  for (let exponent = -1_000; exponent <= 1_000; exponent += 8)
    for (let scale = -3; scale <= 20; scale++)
      expect(index.find(2 ** exponent, scale, scaleFactor(scale))).toBe(Math.ceil(exponent * 2 ** scale) - 1);
  // From the least number there is to the greatest.
  expect(index.find(Number.MIN_VALUE, 0, 1)).toBe(-1_023);
  expect(index.find(Number.MIN_VALUE, 20, scaleFactor(20))).toBe(-1_022 * 2 ** 20 - 1);
  expect(index.find(Number.MAX_VALUE, 20, scaleFactor(20))).toBe(1_024 * 2 ** 20 - 1);
  expect(scaleChange(-1_022 * 2 ** 20, 1_024 * 2 ** 20 - 1, 160)).toBe(24);
});
