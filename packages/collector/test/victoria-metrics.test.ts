import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pathOnMachine } from '../../testkit/src/on-this-machine.js';
import { startVictoriaMetrics, type VictoriaMetrics } from '../../testkit/src/victoria-metrics.js';
import { metricQuery } from '../src/query/metric-query.js';
import { createReader } from '../src/query/reader.js';
import { METRICS, nano, rangeOf, START } from './metrics-of-an-hour-ago.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { encodeMetrics } from './otlp-proto.js';
import { plantMetrics } from './plant-signals.js';
import { type ServedApi, serveApi } from './serve-api.js';

const has = pathOnMachine('victoriaMetrics') !== undefined;

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
