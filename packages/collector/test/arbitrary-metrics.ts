import fc from 'fast-check';
import { arbitraryResources, attributes, count, id, int64, start, text, traceId } from './arbitrary-request.js';
import type {
  ExponentialPoint,
  HistogramPoint,
  Metric,
  MetricsRequest,
  NumberPoint,
  SummaryPoint,
} from './expected-metric-rows.js';

const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 1000n }),
  fc.constantFrom(0n, 127n, 128n, 2n ** 32n, 2n ** 64n - 1n),
);
const int32 = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.constantFrom(0, -1, 20, -11, 2 ** 31 - 1, -(2 ** 31)),
);
const double = fc.double();
const number = fc.oneof(
  double.map((asDouble) => ({ asDouble })),
  int64.map((asInt) => ({ asInt })),
  fc.constant({}),
);
const exemplar = fc
  .tuple(
    fc.record(
      { timeUnixNano: start, spanId: id(8), traceId, filteredAttributes: attributes },
      { requiredKeys: ['timeUnixNano'] },
    ),
    number,
  )
  .map(([rest, value]) => ({ ...rest, ...value }));
const exemplars = fc.array(exemplar, { maxLength: 2 });
const point = { startTimeUnixNano: fc.oneof(start, fc.constant(0n)), timeUnixNano: start, attributes, flags: count };
const distribution = { ...point, count: uint64, sum: double, min: double, max: double, exemplars };
const buckets = fc.record({ offset: int32, bucketCounts: fc.array(uint64, { maxLength: 12 }) }, { requiredKeys: [] });
const points = <Point>(arbitrary: fc.Arbitrary<Point>): fc.Arbitrary<Point[]> => fc.array(arbitrary, { maxLength: 4 });
const requiredKeys = ['timeUnixNano'] as const;

const numberPoints = points<NumberPoint>(
  fc
    .tuple(fc.record({ ...point, exemplars }, { requiredKeys: [...requiredKeys] }), number)
    .map(([rest, value]) => ({ ...rest, ...value })),
);
const histogramPoints = points<HistogramPoint>(
  fc.record(
    {
      ...distribution,
      bucketCounts: fc.array(uint64, { maxLength: 12 }),
      explicitBounds: fc.array(double, { maxLength: 12 }),
    },
    { requiredKeys: [...requiredKeys] },
  ),
);
const exponentialPoints = points<ExponentialPoint>(
  fc.record(
    {
      ...distribution,
      scale: int32,
      zeroCount: uint64,
      zeroThreshold: double,
      positive: buckets,
      negative: buckets,
    },
    { requiredKeys: [...requiredKeys] },
  ),
);
const summaryPoints = points<SummaryPoint>(
  fc.record(
    {
      ...point,
      count: uint64,
      sum: double,
      quantileValues: fc.array(fc.record({ quantile: double, value: double }, { requiredKeys: [] }), { maxLength: 4 }),
    },
    { requiredKeys: [...requiredKeys] },
  ),
);
const temporality = fc.integer({ min: 0, max: 2 });
const data: fc.Arbitrary<Metric> = fc.oneof(
  fc.record({ gauge: fc.record({ dataPoints: numberPoints }) }),
  fc.record({
    sum: fc.record(
      { dataPoints: numberPoints, aggregationTemporality: temporality, isMonotonic: fc.boolean() },
      { requiredKeys: ['dataPoints'] },
    ),
  }),
  fc.record({
    histogram: fc.record(
      { dataPoints: histogramPoints, aggregationTemporality: temporality },
      { requiredKeys: ['dataPoints'] },
    ),
  }),
  fc.record({
    exponentialHistogram: fc.record(
      { dataPoints: exponentialPoints, aggregationTemporality: temporality },
      { requiredKeys: ['dataPoints'] },
    ),
  }),
  fc.record({ summary: fc.record({ dataPoints: summaryPoints }) }),
);
const metric: fc.Arbitrary<Metric> = fc
  .tuple(fc.record({ name: text, description: text, unit: text, metadata: attributes }, { requiredKeys: [] }), data)
  .map(([rest, kind]) => ({ ...rest, ...kind }));

export const arbitraryMetrics = arbitraryResources(
  { resources: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics' },
  metric,
) as fc.Arbitrary<MetricsRequest>;
