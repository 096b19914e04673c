import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pathOnMachine } from '../../testkit/src/on-this-machine.js';
import { type Prometheus, promtool, startPrometheus } from '../../testkit/src/prometheus.js';
import { asOpenMetrics, METRICS, rangeOf, START } from './metrics-of-an-hour-ago.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantMetrics } from './plant-signals.js';
import { type ServedApi, serveApi } from './serve-api.js';

const has = pathOnMachine('prometheus') !== undefined && pathOnMachine('promtool') !== undefined;

/** Instant vectors, as Grafana's builder and people write them. */
const QUESTIONS: readonly string[] = [
  // What Grafana's builder makes of a counter, a gauge and a histogram, its variables filled in.
  'sum by (http_route) (rate(shop_orders_total{job="shop"}[1m]))',
  'rate(shop_orders_total{code=~"2..|5..", http_route!=""}[1m15s])',
  'increase(shop_orders_total[5m])',
  'irate(shop_orders_total[2m])',
  'topk(2, sum by (code) (rate(shop_orders_total[5m])))',
  'bottomk(1, sum by (http_route) (increase(shop_orders_total[10m])))',
  'avg by (room) (avg_over_time(room_temperature_celsius[5m]))',
  'histogram_quantile(0.95, sum by (le) (rate(request_duration_seconds_bucket[5m])))',
  'histogram_quantile(0.5, sum by (le, http_route) (rate(request_duration_seconds_bucket{job="shop"}[1m15s])))',
  'sum(rate(request_duration_seconds_sum[5m])) / sum(rate(request_duration_seconds_count[5m]))',
  'sum by (le) (increase(request_duration_seconds_bucket[2m]))',
  '100 * sum(rate(shop_orders_total{code="500"}[5m])) / sum(rate(shop_orders_total[5m]))',
  // Over a restart, at the edges of windows, and where a window holds one sample.
  'increase(shop_orders_total{http_route="/b"}[2m])',
  'rate(shop_orders_total{http_route="/b"}[20s])',
  'rate(shop_orders_total[15s])',
  'resets(shop_orders_total[20m])',
  'changes(shop_orders_total[3m])',
  // Gauges over time.
  'delta(room_temperature_celsius[3m])',
  'idelta(room_temperature_celsius[2m])',
  'deriv(room_temperature_celsius[5m])',
  'predict_linear(room_temperature_celsius[10m], 600)',
  'min_over_time(room_temperature_celsius[2m])',
  'max_over_time(room_temperature_celsius[2m])',
  'sum_over_time(room_temperature_celsius[3m])',
  'count_over_time(room_temperature_celsius[3m])',
  'last_over_time(room_temperature_celsius[3m])',
  'present_over_time(room_temperature_celsius[3m])',
  'stddev_over_time(room_temperature_celsius[5m])',
  'stdvar_over_time(room_temperature_celsius[5m])',
  'quantile_over_time(0.9, room_temperature_celsius[5m])',
  'max_over_time(sum(rate(shop_orders_total[1m]))[9m30s:1m])',
  'avg_over_time(room_temperature_celsius[5m10s:20s])',
  // Aggregations.
  'stddev by (room) (room_temperature_celsius)',
  'stdvar(room_temperature_celsius)',
  'quantile(0.25, room_temperature_celsius)',
  'group by (code) (shop_orders_total)',
  'count by (code) (shop_orders_total)',
  'count_values("many", count by (code) (shop_orders_total))',
  'sum without (code, service_name, otel_scope_name, otel_scope_version) (shop_orders_total)',
  // Vectors with vectors and numbers.
  'sum by (code) (shop_orders_total) > 500',
  'sum by (code) (shop_orders_total) > bool 500',
  'shop_orders_total{code="500"} / ignoring(code) shop_orders_total{code="200", http_route="/a"}',
  'shop_orders_total / on (http_route) group_left sum by (http_route) (shop_orders_total)',
  'room_temperature_celsius > 20 and on (room) room_temperature_celsius < 24',
  'room_temperature_celsius{room="a"} or room_temperature_celsius{room="b"}',
  'shop_orders_total unless on (http_route) shop_orders_total{code="500"}',
  '-room_temperature_celsius ^ 2 % 7',
  'room_temperature_celsius * on () group_left vector(2)',
  // Functions of values, labels and time.
  'clamp(room_temperature_celsius, 17, 22)',
  'round(room_temperature_celsius, 0.1)',
  'ceil(room_temperature_celsius) - floor(room_temperature_celsius)',
  'ln(exp(sqrt(abs(room_temperature_celsius - 20))))',
  'sgn(room_temperature_celsius - 20)',
  'label_replace(room_temperature_celsius, "place", "room-$1", "room", "(.*)")',
  'label_join(shop_orders_total, "both", "-", "code", "http_route")',
  'timestamp(room_temperature_celsius)',
  'absent(room_temperature_celsius{room="z"})',
  'absent_over_time(room_temperature_celsius{room="z"}[5m])',
  'scalar(room_temperature_celsius{room="a"}) + time()',
  'minute() + hour() + day_of_week() + days_in_month() + year()',
  'vector(1)',
  // Other moments.
  'room_temperature_celsius offset 5m',
  `sum by (code) (shop_orders_total @ ${START + 600})`,
  'sum by (code) (rate(shop_orders_total[2m] @ end()))',
  'sum by (code) (increase(shop_orders_total[2m] offset -1m))',
  'sum by (code) (rate(shop_orders_total[5m])) - sum by (code) (rate(shop_orders_total[5m] offset 5m))',
];

/** What neither answers. */
const REFUSED: readonly string[] = [
  'sum by (code) (shop_orders_total',
  'rate(shop_orders_total)',
  'shop_orders_total[5m]',
  'nothing_like_it(room_temperature_celsius)',
  'room_temperature_celsius{room=a}',
  '{room=""}',
  'shop_orders_total / on (http_route) shop_orders_total',
];

// Prometheus and its client are Debian's, fetched by the tools where there are any (tools/lib/machine.mjs); elsewhere this is skipped by name.
describe.skipIf(!has)('beside Prometheus', () => {
  let opened: TestStore;
  let api: ServedApi;
  let prometheus: Prometheus;
  beforeAll(async () => {
    [opened, prometheus] = await Promise.all([openTestStore(), startPrometheus(asOpenMetrics('shop'))]);
    await plantMetrics(opened.store, 'shop', METRICS);
    api = await serveApi({ store: opened.store });
  }, 120_000);
  afterAll(async () => {
    await api?.close();
    await prometheus?.close();
    await opened?.close();
  });

  test('the same OTLP gives the same answers to the same PromQL, step for step [F13]', async () => {
    for (const query of QUESTIONS) {
      const theirs = await rangeOf(prometheus.url, query);
      expect.soft(await rangeOf(api.origin, query).catch((error: Error) => error.message), query).toEqual(theirs);
    }
  }, 300_000);

  test('what Prometheus refuses is refused in its words for programs, at the same status [F13]', async () => {
    const refusal = async (url: string, query: string) => {
      const search = new URLSearchParams({ query, start: String(START), end: String(START + 600), step: '60' });
      const response = await fetch(`${url}/api/v1/query_range?${search}`);
      const { status, errorType, error } = (await response.json()) as Record<string, unknown>;
      return { http: response.status, status, errorType, says: typeof error };
    };
    for (const query of REFUSED)
      expect.soft(await refusal(api.origin, query), query).toEqual(await refusal(prometheus.url, query));
  });

  test("requests in the shapes of Grafana's data source are answered as Prometheus answers them [F13]", async () => {
    const [start, end] = [START + 300, START + 900];
    const selector = 'shop_orders_total{job="shop"}';
    /** As Grafana sends them: forms for what may be long, repeated `match[]`, moments with fractions. */
    const requests: readonly (readonly [
      method: 'GET' | 'POST',
      path: string,
      parameters: readonly (readonly [string, string])[],
    ])[] = [
      [
        'POST',
        'query_range',
        [
          ['query', `sum by(code) (rate(${selector}[1m15s]))`],
          ['start', `${start}`],
          ['end', `${end}`],
          ['step', '15'],
        ],
      ],
      [
        'POST',
        'query_range',
        [
          ['query', selector],
          ['start', `${start}.123`],
          ['end', `${end}.123`],
          ['step', '15s'],
        ],
      ],
      [
        'POST',
        'query',
        [
          ['query', selector],
          ['time', `${end}.5`],
        ],
      ],
      [
        'POST',
        'query',
        [
          ['query', `${selector}[2m]`],
          ['time', `${end}`],
        ],
      ],
      [
        'POST',
        'query',
        [
          ['query', '1+1'],
          ['time', `${end}`],
        ],
      ],
      [
        'POST',
        'query',
        [
          ['query', '"text"'],
          ['time', `${end}`],
        ],
      ],
      [
        'POST',
        'labels',
        [
          ['start', `${START}`],
          ['end', `${end}`],
          ['match[]', selector],
        ],
      ],
      [
        'GET',
        'labels',
        [
          ['start', `${START}`],
          ['end', `${end}`],
        ],
      ],
      [
        'GET',
        'label/__name__/values',
        [
          ['start', `${START}`],
          ['end', `${end}`],
        ],
      ],
      [
        'GET',
        'label/__name__/values',
        [
          ['start', `${START}`],
          ['end', `${end}`],
          ['match[]', '{room!=""}'],
        ],
      ],
      [
        'GET',
        'label/code/values',
        [
          ['start', `${START}`],
          ['end', `${end}`],
          ['match[]', `${selector}`],
          ['match[]', 'room_temperature_celsius'],
        ],
      ],
      [
        'POST',
        'series',
        [
          ['start', `${START}`],
          ['end', `${end}`],
          ['match[]', '{code="200"}'],
          ['match[]', 'room_temperature_celsius{room=~"a|b"}'],
        ],
      ],
    ];
    const ask = async (url: string, [method, path, parameters]: (typeof requests)[number]): Promise<unknown> => {
      const form = new URLSearchParams(parameters.map(([key, value]): [string, string] => [key, value]));
      const response = await fetch(
        `${url}/api/v1/${path}${method === 'GET' ? `?${form}` : ''}`,
        method === 'GET' ? {} : { method, body: form },
      );
      const { status, data, ...more } = (await response.json()) as { status: string; data: unknown };
      expect(more).toEqual({});
      return { http: response.status, status, data: inOrder(data) };
    };
    for (const request of requests)
      expect
        .soft(await ask(api.origin, request), request.flat(2).join(' '))
        .toEqual(await ask(prometheus.url, request));
    for (const url of [api.origin, prometheus.url]) {
      const built = (await (await fetch(`${url}/api/v1/status/buildinfo`)).json()) as {
        status: string;
        data: { version: string };
      };
      expect(built).toMatchObject({ status: 'success', data: { version: expect.stringMatching(/^2\.\d+\.\d+/) } });
    }
  });

  test("Prometheus' own client reads our answers as it reads Prometheus' [F13]", async () => {
    const range = [`--start=${START + 300}`, `--end=${START + 600}`];
    const commands: readonly ((url: string) => readonly string[])[] = [
      (url) => ['instant', `--time=${START + 600}`, url, 'room_temperature_celsius'],
      (url) => ['instant', `--time=${START + 600}`, url, 'shop_orders_total[1m]'],
      (url) => ['instant', `--time=${START + 600}`, url, 'scalar(count(shop_orders_total))'],
      (url) => ['range', ...range, '--step=1m', url, 'sum by (code) (increase(shop_orders_total[2m]))'],
      (url) => ['series', ...range, '--match=shop_orders_total', '--match={room="a"}', url],
      (url) => ['labels', ...range, url, 'http_route'],
    ];
    for (const command of commands) {
      const lines = async (url: string): Promise<readonly string[]> =>
        (await promtool('query', ...command(url)))
          .split('\n')
          .map((line) => line.replace(/\d+\.\d{6,}/g, (number) => String(Number(Number(number).toPrecision(8)))))
          .sort();
      const theirs = await lines(prometheus.url);
      expect(theirs.length).toBeGreaterThan(0);
      expect.soft(await lines(api.origin), command('').join(' ')).toEqual(theirs);
    }
  });
});

/** Series in one order, which nobody promises; numbers to eight digits. */
function inOrder(data: unknown): unknown {
  const text = (value: unknown): string => JSON.stringify(value);
  const rounded = (value: unknown): unknown => {
    if (typeof value === 'string' && /^-?\d+\.\d+$/.test(value)) return Number(Number(value).toPrecision(8));
    if (Array.isArray(value)) return value.map(rounded);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, one]) => [key, rounded(one)]),
    );
  };
  const sorted = (list: readonly unknown[]): unknown[] =>
    list.map(rounded).sort((a, b) => (text(a) < text(b) ? -1 : 1));
  if (Array.isArray(data)) return sorted(data);
  const { result, ...rest } = data as { result?: unknown[]; resultType?: string };
  return rest.resultType === 'vector' || rest.resultType === 'matrix'
    ? { ...rest, result: sorted(result!) }
    : rounded(data);
}
