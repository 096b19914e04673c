import { afterAll, beforeAll, expect, test } from 'vitest';
import { metricAttributes, metricExemplars } from '../src/query/metric-details.js';
import { readMatcher } from '../src/query/metric-matchers.js';
import { metricQuery } from '../src/query/metric-query.js';
import { createReader } from '../src/query/reader.js';
import type { MetricFunction, MetricKind } from '../src/shapes/api.js';
import type { Metric } from './expected-metric-rows.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantMetrics } from './plant-signals.js';

const START = 1_795_147_200_000_000_000n;
const MINUTE = 60_000_000_000n;
const range = { startNano: START, endNano: START + 10n * MINUTE };
const DELTA = 1;
const CUMULATIVE = 2;
const minutes = Array.from({ length: 10 }, (_, minute) => minute);
const at = (minute: number, since = -30): { timeUnixNano: bigint; startTimeUnixNano: bigint } => ({
  timeUnixNano: START + BigInt(minute) * MINUTE + 1n,
  startTimeUnixNano: START + BigInt(since) * MINUTE,
});
const route = (value: string) => ({ attributes: [{ key: 'http.route', value: { stringValue: value } }] });

/** A counter of ten a minute; it restarts before its sixth point, and names its new start. */
const restarted = minutes.map((minute) =>
  minute < 6
    ? { ...at(minute), ...route('/a'), asInt: BigInt(100 + minute * 10) }
    : { ...at(minute, 5), ...route('/a'), asInt: BigInt((minute - 5) * 200) },
);

const METRICS: readonly Metric[] = [
  {
    name: 'requests',
    sum: {
      aggregationTemporality: CUMULATIVE,
      isMonotonic: true,
      dataPoints: [
        ...restarted,
        // Falls without saying so: what it stands at then is what was counted since.
        ...minutes.map((minute) => ({
          ...at(minute, -60),
          ...route('/b'),
          asDouble: minute < 4 ? minute * 5 : minute,
        })),
      ],
    },
  },
  {
    name: 'sent',
    sum: {
      aggregationTemporality: DELTA,
      isMonotonic: true,
      dataPoints: minutes.map((minute) => ({ ...at(minute, minute - 1), asInt: 30n })),
    },
  },
  {
    // Nothing is heard of it from the second to the ninth minute.
    name: 'gap',
    sum: {
      aggregationTemporality: CUMULATIVE,
      isMonotonic: true,
      dataPoints: [0, 1, 9].map((minute) => ({ ...at(minute, -60), asInt: BigInt(minute * 60) })),
    },
  },
  {
    // Its first point counts: it says that it began in this time.
    name: 'young',
    sum: {
      aggregationTemporality: CUMULATIVE,
      isMonotonic: true,
      dataPoints: [3, 4].map((minute) => ({ ...at(minute, 2), asInt: BigInt((minute - 2) * 7) })),
    },
  },
  {
    name: 'connections',
    sum: {
      aggregationTemporality: CUMULATIVE,
      isMonotonic: false,
      dataPoints: minutes.map((minute) => ({ ...at(minute), asInt: BigInt(minute % 2 === 0 ? 8 : 4) })),
    },
  },
  {
    name: 'temperature',
    gauge: {
      dataPoints: minutes.flatMap((minute) => [
        { ...at(minute), ...route('/a'), asDouble: 20 },
        { ...at(minute), ...route('/b'), asDouble: 30 },
        { ...at(minute), timeUnixNano: at(minute).timeUnixNano + 30_000_000_000n, ...route('/b'), asDouble: 40 },
      ]),
    },
  },
  {
    name: 'latency',
    unit: 's',
    histogram: {
      aggregationTemporality: CUMULATIVE,
      dataPoints: minutes.map((minute) => ({
        ...at(minute),
        ...route('/a'),
        count: BigInt(minute * 10),
        sum: minute * 20,
        bucketCounts: [BigInt(minute * 5), BigInt(minute * 4), BigInt(minute)],
        explicitBounds: [1, 3],
        exemplars: [
          {
            timeUnixNano: at(minute).timeUnixNano,
            asDouble: minute,
            traceId: minute === 4 ? new Uint8Array(0) : Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex'),
            spanId: Buffer.from('b7ad6b7169203331', 'hex'),
            filteredAttributes: [{ key: 'user.id', value: { stringValue: `u${minute}` } }],
          },
        ],
      })),
    },
  },
  {
    // The scale falls by one at the sixth minute; each minute holds as much again as the one before it: sixteen in (1, 2], sixteen in (2, 4].
    name: 'size',
    exponentialHistogram: {
      aggregationTemporality: CUMULATIVE,
      dataPoints: minutes.map((minute) => {
        const times = BigInt(minute + 1);
        return minute < 6
          ? {
              ...at(minute),
              count: 32n * times,
              sum: 64 * (minute + 1),
              scale: 1,
              positive: { offset: 0, bucketCounts: [8n * times, 8n * times, 8n * times, 8n * times] },
            }
          : {
              ...at(minute),
              count: 32n * times,
              sum: 64 * (minute + 1),
              scale: 0,
              positive: { offset: 0, bucketCounts: [16n * times, 16n * times] },
            };
      }),
    },
  },
];

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  await plantMetrics(opened.store, 'shop', METRICS);
}, 60_000);
afterAll(async () => {
  await opened?.close();
});

const reader = () => createReader(opened.store);
async function ask(
  name: string,
  kind: MetricKind,
  named: MetricFunction,
  more: { by?: string[]; where?: string[]; stepNano?: bigint; quantile?: number; top?: number } = {},
) {
  return await metricQuery(reader(), {
    name,
    kind,
    function: named,
    quantile: more.quantile ?? 0.5,
    by: more.by ?? [],
    where: (more.where ?? []).map(readMatcher),
    range,
    stepNano: more.stepNano ?? MINUTE,
    buckets: 10,
    top: more.top ?? 20,
  });
}
const values = async (...question: Parameters<typeof ask>) => (await ask(...question)).series[0]?.values;

test('an increase follows a running total through restarts that it names and restarts that it does not [F12 S7]', async () => {
  const { series } = await ask('requests', 'sum', 'increase', { by: ['http.route'] });
  expect(series.map(({ labels }) => labels)).toEqual([{ 'http.route': '/a' }, { 'http.route': '/b' }]);
  // What it stood at before the range is not known to be of the range; the new start counts from nothing, though the value is higher than before.
  expect(series[0]!.values).toEqual([0, 10, 10, 10, 10, 10, 200, 200, 200, 200]);
  expect(series[1]!.values).toEqual([0, 5, 5, 5, 4, 1, 1, 1, 1, 1]);
  expect(await values('requests', 'sum', 'rate')).toEqual(
    series[0]!.values.map((value, minute) => (value! + series[1]!.values[minute]!) / 60),
  );
});

test('an increase is the same step by step and point by point, restarts and gaps included [F12]', async () => {
  for (const stepNano of [MINUTE / 2n, MINUTE, 2n * MINUTE, 5n * MINUTE]) {
    const route = async (value: string) =>
      values('requests', 'sum', 'increase', { stepNano, where: [`http.route=${value}`] });
    // The first names its restart, and is followed by steps; the second does not, and is followed by points.
    const [named, unnamed] = [await route('/a'), await route('/b')];
    const both = await values('requests', 'sum', 'increase', { stepNano });
    expect(both).toEqual(named!.map((value, step) => (value === null ? null : value + unnamed![step]!)));
    expect(named!.reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBe(5 * 10 + 800);
    expect(unnamed!.reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBe(15 + 4 + 5);
  }
});

test('deltas are added up as they are, whatever the step [F12 S7]', async () => {
  expect(await values('sent', 'sum', 'rate')).toEqual(minutes.map(() => 0.5));
  expect(await values('sent', 'sum', 'increase', { stepNano: 5n * MINUTE })).toEqual([150, 150]);
});

test('what was counted across a gap is in no step, and a counter that began in the range counts from its start [F12]', async () => {
  const nothing = null;
  expect(await values('gap', 'sum', 'increase')).toEqual([0, 60, ...minutes.slice(2, 9).map(() => nothing), 0]);
  expect(await values('young', 'sum', 'increase')).toEqual([
    nothing,
    nothing,
    nothing,
    7,
    7,
    ...minutes.slice(5).map(() => nothing),
  ]);
});

test('a total that may fall does not begin anew by falling [F12]', async () => {
  expect(await values('connections', 'sum', 'increase')).toEqual([0, -4, 4, -4, 4, -4, 4, -4, 4, -4]);
  expect(await values('connections', 'sum', 'max', { stepNano: 2n * MINUTE })).toEqual([8, 8, 8, 8, 8]);
});

test('numbers as they stand: mean, least, greatest, sum over series, how many series [F12]', async () => {
  const of = async (named: MetricFunction) => (await values('temperature', 'gauge', named))?.[3];
  expect(await of('avg')).toBe(30);
  expect(await of('min')).toBe(20);
  expect(await of('max')).toBe(40);
  expect(await of('sum')).toBe(55);
  expect(await of('count')).toBe(2);
});

test('a distribution says how often, how much in all, and the mean of what was measured in a step [F12]', async () => {
  expect(await values('latency', 'histogram', 'increase')).toEqual([0, ...minutes.slice(1).map(() => 10)]);
  expect(await values('latency', 'histogram', 'sum')).toEqual([0, ...minutes.slice(1).map(() => 20)]);
  expect(await values('latency', 'histogram', 'avg')).toEqual([null, ...minutes.slice(1).map(() => 2)]);
});

test('quantiles of explicit histograms lie on a line within their bucket [F12]', async () => {
  const quantile = async (share: number) =>
    (await values('latency', 'histogram', 'quantile', { quantile: share }))?.[5];
  expect(await quantile(0.25)).toBeCloseTo(0.5, 12);
  expect(await quantile(0.7)).toBeCloseTo(2, 12);
  // Beyond the last bound there is nothing to measure by.
  expect(await quantile(0.99)).toBe(3);
});

test('quantiles of exponential histograms go on when the scale changes between two points [F12]', async () => {
  for (const minute of [3, 5, 6, 8]) {
    const quantile = async (share: number) =>
      (await values('size', 'exponential-histogram', 'quantile', { quantile: share }))?.[minute];
    expect(await quantile(0.5)).toBeCloseTo(2, 9);
    expect(await quantile(0.75)).toBeCloseTo(2 ** 1.5, 9);
  }
});

test('series are chosen by attributes of points and resources, and grouped by them [F12]', async () => {
  const total = async (...where: string[]) => (await values('requests', 'sum', 'increase', { where }))?.[7];
  expect(await total('http.route=/b')).toBe(1);
  expect(await total('http.route!=/b')).toBe(200);
  expect(await total('http.route=~/[ab]', 'service.name=shop')).toBe(201);
  expect(await total('http.route!~/.*')).toBeUndefined();
  expect(await total('service.name=other')).toBeUndefined();
  const { series, groups } = await ask('requests', 'sum', 'rate', { by: ['service.name', 'http.route'], top: 1 });
  expect(groups).toBe(2);
  expect(series.map(({ labels }) => labels)).toEqual([{ 'service.name': 'shop', 'http.route': '/a' }]);
});

test('without a step, it is no shorter than points are apart', async () => {
  const answer = await metricQuery(reader(), {
    name: 'sent',
    kind: 'sum',
    function: 'rate',
    quantile: 0.5,
    by: [],
    where: [],
    range,
    buckets: 1_000,
    top: 1,
  });
  expect(answer.stepNano).toBe(Number(MINUTE));
});

test('a function that a kind does not have is refused by name', async () => {
  await expect(ask('temperature', 'gauge', 'rate')).rejects.toThrow('There is no rate of a gauge.');
});

test('a metric says what it can be grouped by, without a look at its points [F12]', async () => {
  const { attributes, stats } = await metricAttributes(reader(), { name: 'requests', kind: 'sum', range });
  expect(attributes).toEqual([
    { key: 'http.route', scope: 'point', count: 2, values: expect.arrayContaining(['/a', '/b']) },
    { key: 'service.name', scope: 'resource', count: 1, values: ['shop'] },
  ]);
  expect(stats.rowsRead).toBeLessThan(50);
});

test('exemplars name the trace they were measured in [F12 S7]', async () => {
  const { exemplars } = await metricExemplars(reader(), {
    name: 'latency',
    kind: 'histogram',
    range,
    where: [],
    limit: 100,
  });
  expect(exemplars.map(({ value }) => value)).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9]);
  expect(exemplars[3]).toEqual({
    timeUnixNano: String(at(3).timeUnixNano),
    value: 3,
    service: 'shop',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    attributes: { 'http.route': '/a', 'user.id': 'u3' },
  });
  const few = await metricExemplars(reader(), { name: 'latency', kind: 'histogram', range, where: [], limit: 2 });
  expect(few.exemplars.map(({ value }) => value)).toEqual([3, 9]);
});
