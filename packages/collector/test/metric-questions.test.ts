import { afterAll, beforeAll, expect, test } from 'vitest';
import { metricSeries } from '../src/query/metric-series.js';
import { metrics } from '../src/query/metrics.js';
import { createReader } from '../src/query/reader.js';
import type { MetricKind, MetricSeriesAnswer } from '../src/shapes/api.js';
import type { Metric } from './expected-metric-rows.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantMetrics } from './plant-signals.js';

const START = 1_795_147_200_000_000_000n;
const MINUTE = 60_000_000_000n;
const range = { startNano: START, endNano: START + 10n * MINUTE };
const DELTA = 1;
const CUMULATIVE = 2;
const minutes = Array.from({ length: 10 }, (_, minute) => minute);
const at = (minute: number): { timeUnixNano: bigint } => ({ timeUnixNano: START + BigInt(minute) * MINUTE + 1n });
const key = (value: string) => ({ attributes: [{ key: 'key', value: { stringValue: value } }] });

/** Ten minutes of each kind; two series in the running total. */
const METRICS: readonly Metric[] = [
  {
    name: 'queue.length',
    unit: '{message}',
    description: 'Messages that wait',
    gauge: {
      dataPoints: minutes.flatMap((minute) => [
        { ...at(minute), asInt: BigInt(minute) },
        { ...at(minute), asInt: BigInt(minute + 2) },
      ]),
    },
  },
  {
    name: 'requests',
    unit: '1',
    sum: {
      aggregationTemporality: CUMULATIVE,
      isMonotonic: true,
      dataPoints: minutes.flatMap((minute) => [
        { ...at(minute), ...key('a'), asInt: BigInt(minute * 10) },
        { ...at(minute), ...key('b'), asDouble: minute },
      ]),
    },
  },
  {
    name: 'bytes',
    sum: { aggregationTemporality: DELTA, dataPoints: minutes.map((minute) => ({ ...at(minute), asDouble: 2 })) },
  },
  {
    name: 'latency',
    unit: 'ms',
    histogram: {
      aggregationTemporality: DELTA,
      dataPoints: minutes.map((minute) => ({
        ...at(minute),
        count: 4n,
        sum: 4 * (minute + 1),
        bucketCounts: [1n, 3n],
        explicitBounds: [5],
      })),
    },
  },
  {
    name: 'latency',
    exponentialHistogram: {
      aggregationTemporality: CUMULATIVE,
      dataPoints: minutes.map((minute) => ({ ...at(minute), count: BigInt(minute), sum: minute * 2, scale: 2 })),
    },
  },
  {
    name: 'gc',
    summary: { dataPoints: [{ ...at(3), count: 2n, sum: 5, quantileValues: [{ quantile: 0.5, value: 2 }] }] },
  },
  // No recorded value, and one that is no number.
  { name: 'stale', gauge: { dataPoints: [{ ...at(1), flags: 1 }] } },
  { name: 'odd', gauge: { dataPoints: [{ ...at(1), asDouble: Number.NaN }] } },
];

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  await plantMetrics(opened.store, 'shop', METRICS);
  await plantMetrics(opened.store, 'payment', [
    { name: 'queue.length', gauge: { dataPoints: [{ ...at(2), asDouble: 0.5 }] } },
    { name: 'earlier', gauge: { dataPoints: [{ timeUnixNano: START - 1n, asDouble: 1 }] } },
  ]);
}, 60_000);
afterAll(async () => {
  await opened?.close();
});

const reader = () => createReader(opened.store);
const series = (name: string, kind: MetricKind, service?: string): Promise<MetricSeriesAnswer> =>
  metricSeries(reader(), { name, kind, range, service, buckets: 10 });

test('metrics are listed by name with their kind, unit, services and newest value [F12 S7]', async () => {
  const { metrics: found } = await metrics(reader(), { range });
  expect(
    found.map(({ name, kind, unit, services, series: count, points }) => [name, kind, unit, services, count, points]),
  ).toEqual([
    ['bytes', 'sum', '', ['shop'], 1, 10],
    ['gc', 'summary', '', ['shop'], 1, 1],
    ['latency', 'exponential-histogram', '', ['shop'], 1, 10],
    ['latency', 'histogram', 'ms', ['shop'], 1, 10],
    ['odd', 'gauge', '', ['shop'], 1, 1],
    ['queue.length', 'gauge', '{message}', ['payment', 'shop'], 2, 21],
    ['requests', 'sum', '1', ['shop'], 2, 20],
  ]);
  expect(found.find(({ name }) => name === 'bytes')).toMatchObject({ monotonic: false, temporality: 'delta' });
  expect(found.find(({ name }) => name === 'requests')).toMatchObject({ monotonic: true, temporality: 'cumulative' });
  expect(found.find(({ kind }) => kind === 'histogram')).toMatchObject({
    temporality: 'delta',
    newest: { timeUnixNano: String(at(9).timeUnixNano), value: 40, count: 4 },
  });
  expect(found.find(({ name }) => name === 'odd')?.newest).toEqual({
    timeUnixNano: String(at(1).timeUnixNano),
    value: null,
  });
  expect(found.find(({ name }) => name === 'queue.length')).toMatchObject({ description: 'Messages that wait' });
});

test('metrics are found by a part of the name and by service', async () => {
  const names = async (question: { text?: string; service?: string }) =>
    (await metrics(reader(), { range, ...question })).metrics.map(({ name }) => name);
  expect(await names({ text: 'QUEUE' })).toEqual(['queue.length']);
  expect(await names({ service: 'payment' })).toEqual(['queue.length']);
  expect(await names({ text: '%' })).toEqual([]);
});

test('a metric over time is a line for each service: means, sums and running totals [F12]', async () => {
  const gauge = await series('queue.length', 'gauge');
  expect(gauge).toMatchObject({ stepNano: Number(MINUTE), startUnixNano: String(START) });
  expect(gauge.series).toEqual([
    { service: 'shop', values: minutes.map((minute) => minute + 1) },
    { service: 'payment', values: minutes.map((minute) => (minute === 2 ? 0.5 : null)) },
  ]);
  expect((await series('queue.length', 'gauge', 'payment')).series).toHaveLength(1);
  expect((await series('requests', 'sum')).series).toEqual([
    { service: 'shop', values: minutes.map((minute) => minute * 11) },
  ]);
  expect((await series('bytes', 'sum')).series[0]?.values).toEqual(minutes.map(() => 2));
  expect((await series('latency', 'histogram')).series).toEqual([
    { service: 'shop', values: minutes.map((minute) => 4 * (minute + 1)), counts: minutes.map(() => 4) },
  ]);
  expect((await series('latency', 'exponential-histogram')).series).toEqual([
    { service: 'shop', values: minutes.map((minute) => minute * 2), counts: minutes },
  ]);
  expect((await series('gc', 'summary')).series[0]).toMatchObject({
    values: minutes.map((minute) => (minute === 3 ? 5 : null)),
    counts: minutes.map((minute) => (minute === 3 ? 2 : null)),
  });
  expect((await series('nothing', 'gauge')).series).toEqual([]);
});

test('wider steps take deltas together and the newest of running totals', async () => {
  const wide = async (name: string, kind: MetricKind) =>
    (await metricSeries(reader(), { name, kind, range, buckets: 2 })).series[0];
  expect(await wide('bytes', 'sum')).toMatchObject({ values: [10, 10] });
  expect(await wide('requests', 'sum')).toMatchObject({ values: [44, 99] });
  expect(await wide('latency', 'histogram')).toMatchObject({ values: [60, 160], counts: [20, 20] });
});
