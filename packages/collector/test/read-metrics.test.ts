import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MetricBlocks } from '../src/process/metrics/metric-blocks.js';
import { createMetricReader } from '../src/process/metrics/read-metrics.js';
import type { NativeBlock } from '../src/process/native-block.js';
import { MAX_DAYS } from '../src/process/open-request.js';
import { arbitraryMetrics } from './arbitrary-metrics.js';
import { createMetricBlocks } from './create-metric-blocks.js';
import { expectedMetricRows, type Metric, type MetricRows, type MetricsRequest } from './expected-metric-rows.js';
import { nativeRows } from './native-block.js';
import { encodeMetrics } from './otlp-proto.js';

const NOW = 1_795_149_538_000;
const reader = createMetricReader();

/** What is known of series depends on what was read before: known-series.test.ts. */
const rowsIn = (block: NativeBlock) =>
  nativeRows(Buffer.concat(block.toNative())).map(({ SeriesKnown, ...row }) => row);
const rowsOf = (blocks: MetricBlocks): MetricRows => ({
  gauge: rowsIn(blocks.gauge),
  sum: rowsIn(blocks.sum),
  histogram: rowsIn(blocks.histogram),
  exponentialHistogram: rowsIn(blocks.exponentialHistogram),
  summary: rowsIn(blocks.summary),
});
const requestOf = (...metrics: Metric[]): MetricsRequest => ({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });

test('metrics of every kind from another encoder become the rows that the objects say, for any request [S7]', () => {
  const blocks = createMetricBlocks();
  fc.assert(
    fc.property(fc.array(arbitraryMetrics, { minLength: 1, maxLength: 2 }), (requests) => {
      for (const block of Object.values(blocks)) block.clear();
      for (const request of requests) {
        expect(reader.read(encodeMetrics(request), blocks, NOW)).toMatchObject({
          kind: 'read',
          rejected: 0,
          message: '',
        });
      }
      expect(rowsOf(blocks)).toEqual(expectedMetricRows(requests));
    }),
    { numRuns: 60 },
  );
});

test('numbers of a list may come one by one, a kind may say its temporality first, and of several kinds the last counts', () => {
  const field = (number: number, content: Uint8Array): Uint8Array =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
  const u64 = (tag: number, value: bigint): Buffer => {
    const bytes = Buffer.alloc(9);
    bytes[0] = tag;
    bytes.writeBigUInt64LE(value, 1);
    return bytes;
  };
  const at = u64(0x19, 1_700_000_000_000_000_000n);
  const point = Buffer.concat([u64(0x31, 3n), at, u64(0x31, 4n), u64(0x39, 0x3ff0000000000000n)]);
  const histogram = Buffer.concat([Buffer.from([0x10, 2]), field(1, point)]);
  const buckets = Buffer.from([0x10, 5, 0x08, 3, 0x10, 0x80, 1]);
  const exponential = field(1, Buffer.concat([at, field(8, buckets), field(8, Buffer.from([0x10, 9]))]));
  const metrics = Buffer.concat([
    field(2, Buffer.concat([field(5, field(1, at)), field(9, histogram), field(1, Buffer.from('h'))])),
    field(2, field(10, exponential)),
  ]);
  const blocks = createMetricBlocks();
  expect(reader.read(field(1, field(2, metrics)), blocks, NOW)).toMatchObject({ kind: 'read', accepted: 2 });
  const rows = rowsOf(blocks);
  expect(rows.gauge).toEqual([]);
  expect(rows.histogram[0]).toMatchObject({
    MetricName: 'h',
    AggregationTemporality: 2,
    BucketCounts: [3n, 4n],
    ExplicitBounds: [1],
  });
  expect(rows.exponentialHistogram[0]).toMatchObject({ PositiveOffset: -2, PositiveBucketCounts: [5n, 128n, 9n] });
});

test('a point whose time cannot be stands at its arrival and says what it was told', () => {
  const blocks = createMetricBlocks();
  const beyond = 6_000_000_000_000_000_000n;
  const result = reader.read(
    encodeMetrics(
      requestOf({
        name: 'g',
        gauge: {
          dataPoints: [
            { timeUnixNano: 0n, asInt: 1n },
            { timeUnixNano: beyond, startTimeUnixNano: 2n ** 64n - 1n, asInt: 2n },
          ],
        },
      }),
    ),
    blocks,
    NOW,
  );
  expect(result).toMatchObject({ accepted: 2, rejected: 0, message: expect.stringContaining('OriginalTimeUnix') });
  expect(rowsOf(blocks).gauge).toMatchObject([
    { TimeUnix: BigInt(NOW) * 1_000_000n, OriginalTimeUnix: 0n },
    { TimeUnix: BigInt(NOW) * 1_000_000n, OriginalTimeUnix: beyond, StartTimeUnix: 2n ** 63n - 1n },
  ]);
});

test('points of too many days in one request are left out and counted, over all kinds', () => {
  const blocks = createMetricBlocks();
  const dataPoints = Array.from({ length: MAX_DAYS + 4 }, (_, day) => ({
    timeUnixNano: 1_600_000_000_000_000_000n + BigInt(day) * 86_400_000_000_000n,
    attributes: [{ key: 'k', value: { intValue: 1n } }],
  }));
  const request = requestOf({ name: 'g', gauge: { dataPoints } }, { name: 'h', histogram: { dataPoints } });
  expect(reader.read(encodeMetrics(request), blocks, NOW)).toMatchObject({
    accepted: 2 * MAX_DAYS,
    rejected: 8,
    message: expect.stringContaining('data points of more than'),
  });
  const kept = dataPoints.slice(0, MAX_DAYS);
  expect(rowsOf(blocks)).toEqual(
    expectedMetricRows([
      requestOf({ name: 'g', gauge: { dataPoints: kept } }, { name: 'h', histogram: { dataPoints: kept } }),
    ]),
  );
  expect(blocks.gauge.days.size).toBe(MAX_DAYS);
  expect(blocks.histogram.days.size).toBe(MAX_DAYS);
});

test('a malformed request of metrics leaves all blocks as they were', () => {
  const blocks = createMetricBlocks();
  const [good] = fc.sample(
    arbitraryMetrics.filter((request) => encodeMetrics(request).length > 2_000),
    {
      numRuns: 1,
      seed: 5,
    },
  );
  reader.read(encodeMetrics(good!), blocks, NOW);
  const before = rowsOf(blocks);
  const point = { timeUnixNano: 1_700_000_000_000_000_000n, attributes: [{ key: 'k', value: { stringValue: 'v' } }] };
  const bytes = encodeMetrics(
    requestOf(
      { name: 'a', gauge: { dataPoints: [{ ...point, asInt: 1n, exemplars: [{ asInt: 1n }] }] } },
      { name: 'b', sum: { dataPoints: [{ ...point, asDouble: 1 }], isMonotonic: true } },
      { name: 'c', histogram: { dataPoints: [{ ...point, bucketCounts: [1n, 2n], explicitBounds: [1] }] } },
      { name: 'd', exponentialHistogram: { dataPoints: [{ ...point, positive: { bucketCounts: [1n, 300n] } }] } },
      { name: 'e', summary: { dataPoints: [{ ...point, quantileValues: [{ quantile: 0.5, value: 1 }] }] } },
    ),
  );
  for (let length = 1; length < bytes.length; length++) {
    expect(reader.read(bytes.subarray(0, length), blocks, NOW).kind, `cut to ${length}`).toBe('malformed');
  }
  expect(rowsOf(blocks)).toEqual(before);
});
