import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pathOnMachine } from '../../testkit/src/on-this-machine.js';
import { startVictoriaMetrics, type VictoriaMetrics } from '../../testkit/src/victoria-metrics.js';
import { metricQuery } from '../src/query/metric-query.js';
import { createReader } from '../src/query/reader.js';
import type { Metric } from './expected-metric-rows.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { encodeMetrics } from './otlp-proto.js';
import { plantMetrics } from './plant-signals.js';
import { type ServedApi, serveApi } from './serve-api.js';

const has = pathOnMachine('victoriaMetrics') !== undefined;

/** An hour ago, at a full minute. */
const START = Math.floor(Date.now() / 60_000 - 60) * 60;
const nano = (seconds: number): bigint => BigInt(Math.round((START + seconds) * 1_000)) * 1_000_000n;
const labels = (all: Record<string, string>) => ({
  attributes: Object.entries(all).map(([key, value]) => ({ key, value: { stringValue: value } })),
});
/** Samples at 15 s, 5 s after the quarter, for twenty minutes. */
const places = Array.from({ length: 80 }, (_, index) => index);
const at = (index: number) => ({ timeUnixNano: nano(index * 15 + 5), startTimeUnixNano: nano(-600) });
/** Repeatable, and looks random. */
function noise(index: number, seed: number): number {
  let mixed = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
}

function counter(all: Record<string, string>, seed: number, resetAt = 1_000) {
  let total = seed * 100;
  return places.map((index) => {
    total = index === resetAt ? 3 : total + Math.floor(noise(index, seed) * 20);
    return { ...at(index), ...labels(all), asDouble: total };
  });
}

const METRICS: readonly Metric[] = [
  {
    name: 'shop.orders',
    unit: '{order}',
    sum: {
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: [
        ...counter({ 'http.route': '/a', code: '200' }, 1),
        ...counter({ 'http.route': '/a', code: '500' }, 2),
        ...counter({ 'http.route': '/b', code: '200' }, 3, 40),
        ...counter({ 'http.route': '/c', code: '404' }, 4),
      ],
    },
  },
  {
    name: 'room.temperature',
    unit: 'Cel',
    gauge: {
      dataPoints: places.flatMap((index) =>
        ['a', 'b', 'c'].map((room, seed) => ({
          ...at(index),
          ...labels({ room }),
          asDouble: 15 + 10 * noise(index, seed + 9),
        })),
      ),
    },
  },
  {
    name: 'request.duration',
    unit: 's',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: ['/a', '/b'].flatMap((route, seed) => {
        const counts = [0, 0, 0, 0];
        return places.map((index) => {
          counts.forEach((_, place) => {
            counts[place]! += Math.floor(noise(index * 4 + place, seed + 20) * 6);
          });
          const count = counts.reduce((sum, each) => sum + each, 0);
          return {
            ...at(index),
            ...labels({ 'http.route': route }),
            count: BigInt(count),
            sum: count / 4,
            bucketCounts: counts.map(BigInt),
            explicitBounds: [0.05, 0.25, 1],
          };
        });
      }),
    },
  },
];

type Result = readonly {
  readonly metric: Record<string, string>;
  readonly values?: readonly (readonly [number, string])[];
}[];

/** By the labels that the query left, with numbers to eight digits. */
async function rangeOf(url: string, query: string): Promise<Record<string, Record<string, number>>> {
  const search = new URLSearchParams({ query, start: String(START + 360), end: String(START + 1_140), step: '60' });
  const response = await fetch(`${url}/api/v1/query_range?${search}`);
  const body = (await response.json()) as { data?: { result: Result }; error?: string };
  if (body.data === undefined) throw new Error(`${query}: ${body.error}`);
  return Object.fromEntries(
    body.data.result.map(({ metric, values }) => [
      JSON.stringify(Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1))),
      Object.fromEntries(values!.map(([seconds, value]) => [seconds - START, Number(Number(value).toPrecision(8))])),
    ]),
  );
}

/** What both define alike: the newest sample, what a window's samples are, what is made of them. Rates are not among it: VictoriaMetrics draws nothing out to the edges. */
const ALIKE: readonly string[] = [
  'sum by (http_route) (shop_orders_total)',
  'sum by (code) (shop_orders_total{http_route=~"/a|/b"})',
  'max by (http_route) (shop_orders_total{code!="200"})',
  'min by (code) (shop_orders_total{code!~"4.."})',
  'avg(room_temperature_celsius)',
  'count(shop_orders_total)',
  'stddev(room_temperature_celsius)',
  'quantile(0.3, room_temperature_celsius)',
  'sum by (room) (avg_over_time(room_temperature_celsius[5m]))',
  'sum by (room) (min_over_time(room_temperature_celsius[2m]))',
  'sum by (room) (max_over_time(room_temperature_celsius[2m]))',
  'sum by (room) (sum_over_time(room_temperature_celsius[5m]))',
  'sum by (room) (count_over_time(room_temperature_celsius[5m]))',
  'sum by (room) (quantile_over_time(0.7, room_temperature_celsius[5m]))',
  'sum by (room) (stddev_over_time(room_temperature_celsius[5m]))',
  'sum by (room) (last_over_time(room_temperature_celsius[5m]))',
  'sum by (code) (irate(shop_orders_total[2m]))',
  'sum by (room) (deriv(room_temperature_celsius[5m]))',
  'sum by (room) (topk(1, room_temperature_celsius))',
  'sum by (room) (bottomk(2, room_temperature_celsius))',
  'sum by (room) (room_temperature_celsius > 20)',
  'sum by (http_route) (shop_orders_total{code="500"}) / sum by (http_route) (shop_orders_total)',
  'sum by (http_route) (shop_orders_total) unless sum by (http_route) (shop_orders_total{code="500"})',
  'sum by (http_route) (shop_orders_total offset 2m)',
  'clamp_max(sum by (room) (room_temperature_celsius), 20) * 2 - 1',
  'round(sum by (room) (room_temperature_celsius), 0.5)',
  'histogram_quantile(0.9, sum by (le) (request_duration_seconds_bucket))',
  'histogram_quantile(0.5, sum by (le, http_route) (request_duration_seconds_bucket))',
  'sum by (http_route) (request_duration_seconds_sum) / sum by (http_route) (request_duration_seconds_count)',
  'sum by (le) (request_duration_seconds_bucket{http_route="/a"})',
];

// Its package is Debian's, fetched by the tools where there is one (tools/lib/machine.mjs); elsewhere this is skipped by name.
describe.skipIf(!has)('beside VictoriaMetrics', () => {
  let opened: TestStore;
  let api: ServedApi;
  let victoria: VictoriaMetrics;
  beforeAll(async () => {
    opened = await openTestStore();
    victoria = await startVictoriaMetrics();
    await plantMetrics(opened.store, 'shop', METRICS);
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };
    await victoria.send(
      encodeMetrics({ resourceMetrics: [{ resource, scopeMetrics: [{ scope: { name: 'test' }, metrics: METRICS }] }] }),
    );
    api = await serveApi({ store: opened.store });
  }, 120_000);
  afterAll(async () => {
    await api?.close();
    await victoria?.close();
    await opened?.close();
  });

  test('the same OTLP gives the same answers to the same PromQL, where both define them alike [F13]', async () => {
    for (const query of ALIKE) {
      const theirs = await rangeOf(victoria.url, query);
      expect(Object.keys(theirs).length, query).toBeGreaterThan(0);
      expect(await rangeOf(api.origin, query), query).toEqual(theirs);
    }
  }, 120_000);

  test('both list the same names and values of labels [F13]', async () => {
    const ask = async (url: string, path: string): Promise<readonly string[]> => {
      const search = new URLSearchParams({ start: String(START), end: String(START + 1_200) });
      return ((await (await fetch(`${url}/api/v1/${path}?${search}`)).json()) as { data: string[] }).data;
    };
    for (const path of [
      'label/__name__/values',
      'label/http_route/values',
      'label/room/values',
      'label/code/values',
      'label/le/values',
    ]) {
      const sorted = (values: readonly string[]) => [...values].sort();
      expect(sorted(await ask(api.origin, path)), path).toEqual(sorted(await ask(victoria.url, path)));
    }
  });

  test('an increase that nothing is extrapolated of is the same in both, restarts included [F12 F13]', async () => {
    const theirs = await rangeOf(victoria.url, 'sum by (http_route) (increase(shop_orders_total[1m]))');
    const ours = await metricQuery(createReader(opened.store), {
      name: 'shop.orders',
      kind: 'sum',
      function: 'increase',
      quantile: 0.5,
      by: ['http.route'],
      where: [],
      range: { startNano: nano(300), endNano: nano(1_140) },
      stepNano: 60_000_000_000n,
      buckets: 10,
      top: 10,
    });
    // What ours calls the step from a minute on, theirs calls the window up to the next.
    const asTheirs = ours.series.map(({ labels: { 'http.route': route }, values }) => [
      JSON.stringify([['http_route', route]]),
      Object.fromEntries(values.map((value, index) => [360 + index * 60, value])),
    ]);
    expect(Object.fromEntries(asTheirs)).toEqual(theirs);
  });
});
