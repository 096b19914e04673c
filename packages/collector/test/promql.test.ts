import { afterAll, beforeAll, expect, test } from 'vitest';
import { evaluate } from '../src/query/promql/evaluate.js';
import { parsePromql } from '../src/query/promql/parse-promql.js';
import { labelName, prometheusNames } from '../src/query/promql/prometheus-names.js';
import { QueryProblem } from '../src/query/query-problem.js';
import { createReader } from '../src/query/reader.js';
import type { Metric } from './expected-metric-rows.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantMetrics } from './plant-signals.js';
import { serveApi } from './serve-api.js';

const START_MS = 1_795_147_200_000;
const SECOND = 1_000_000_000n;
const START = BigInt(START_MS) * 1_000_000n;
const CUMULATIVE = 2;
const DELTA = 1;
const at = (seconds: number) => ({
  timeUnixNano: START + BigInt(seconds) * SECOND,
  startTimeUnixNano: START - 3_600n * SECOND,
});
const labels = (all: Record<string, string>) => ({
  attributes: Object.entries(all).map(([key, value]) => ({ key, value: { stringValue: value } })),
});
const every = (seconds: number, count: number) => Array.from({ length: count }, (_, index) => index * seconds);

/** A counter at 15 s of so much a step, beginning at `first`, and at nothing again after a reset. */
const counter = (all: Record<string, string>, by: number, { first = 0, reset = 1_000 } = {}) =>
  every(15, 41).map((seconds, index) => ({
    ...at(seconds),
    ...labels(all),
    asDouble: index < reset ? first + index * by : (index - reset) * by,
  }));

const METRICS: readonly Metric[] = [
  {
    name: 'http.server.requests',
    unit: '{request}',
    description: 'Requests that came',
    sum: {
      aggregationTemporality: CUMULATIVE,
      isMonotonic: true,
      dataPoints: [
        ...counter({ 'http.route': '/a', code: '200' }, 3, { first: 1_000 }),
        ...counter({ 'http.route': '/a', code: '500' }, 1, { first: 50, reset: 20 }),
        ...counter({ 'http.route': '/b', code: '200' }, 2),
      ],
    },
  },
  {
    name: 'jobs',
    sum: {
      aggregationTemporality: DELTA,
      isMonotonic: true,
      dataPoints: every(60, 11).map((seconds) => ({ ...at(seconds), asInt: 6n })),
    },
  },
  {
    name: 'twins',
    sum: {
      aggregationTemporality: DELTA,
      isMonotonic: true,
      // Two senders that cannot be told apart, in step.
      dataPoints: every(60, 11).flatMap((seconds) => [
        { ...at(seconds), asInt: 6n },
        { ...at(seconds), asInt: 1n },
      ]),
    },
  },
  {
    name: 'room.temperature',
    unit: 'Cel',
    gauge: {
      dataPoints: [
        ...every(30, 21).map((seconds, index) => ({
          ...at(seconds),
          ...labels({ room: 'a' }),
          asDouble: 20 + (index % 3),
        })),
        // It ends, and says so.
        { ...at(0), ...labels({ room: 'b' }), asDouble: 7 },
        { ...at(120), ...labels({ room: 'b' }), flags: 1 },
        { ...at(0), ...labels({ room: 'c' }), asDouble: Number.POSITIVE_INFINITY },
      ],
    },
  },
  {
    name: 'http.server.request.duration',
    unit: 's',
    histogram: {
      aggregationTemporality: CUMULATIVE,
      dataPoints: every(15, 41).map((seconds, index) => ({
        ...at(seconds),
        ...labels({ 'http.route': '/a' }),
        count: BigInt(index * 10),
        sum: index * 3,
        bucketCounts: [BigInt(index * 4), BigInt(index * 4), BigInt(index * 2)],
        explicitBounds: [0.1, 0.5],
      })),
    },
  },
  {
    name: 'payload',
    unit: 'By',
    exponentialHistogram: {
      aggregationTemporality: CUMULATIVE,
      dataPoints: every(15, 41).map((seconds, index) => ({
        ...at(seconds),
        count: BigInt(index * 20),
        sum: index,
        scale: 1,
        positive: { offset: 8, bucketCounts: [5n, 5n, 5n, 5n].map((count) => count * BigInt(index)) },
      })),
    },
  },
  {
    name: 'gc.pause',
    unit: 'ms',
    summary: {
      dataPoints: [
        {
          ...at(300),
          count: 4n,
          sum: 10,
          quantileValues: [
            { quantile: 0.5, value: 2 },
            { quantile: 0.99, value: 5 },
          ],
        },
      ],
    },
  },
];

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  await plantMetrics(opened.store, 'shop', METRICS);
  await plantMetrics(opened.store, 'pay', [
    {
      name: 'room.temperature',
      unit: 'Cel',
      gauge: { dataPoints: [{ ...at(300), ...labels({ room: 'a' }), asDouble: 10 }] },
    },
  ]);
}, 60_000);
afterAll(async () => {
  await opened?.close();
});

type Rows = Record<string, number>;
/** At one moment, by default the sixth minute's end: labels that were asked for, joined, and the value. */
async function ask(query: string, seconds = 600): Promise<Rows | number> {
  const value = await evaluate(createReader(opened.store), parsePromql(query), {
    startMs: START_MS + seconds * 1_000,
    stepMs: 0,
    length: 1,
  });
  if (value.kind === 'scalar') return value.values[0]!;
  if (value.kind === 'string') throw new Error('a string');
  return Object.fromEntries(
    value.series
      .filter(({ values }) => values[0] !== undefined)
      .map(({ labels: { job, service_name, otel_scope_name, ...own }, values }) => [
        Object.entries(own)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, text]) => `${name}=${text}`)
          .join(' '),
        Number(values[0]!.toPrecision(12)),
      ]),
  );
}
/** Of a range, the values of the only series. */
async function over(
  query: string,
  stepSeconds: number,
  length: number,
  from = 0,
): Promise<readonly (number | undefined)[]> {
  const value = await evaluate(createReader(opened.store), parsePromql(query), {
    startMs: START_MS + from * 1_000,
    stepMs: stepSeconds * 1_000,
    length,
  });
  if (value.kind !== 'vector') throw new Error('no vector');
  expect(value.series).toHaveLength(1);
  return value.series[0]!.values;
}
const refused = (query: string): QueryProblem => {
  try {
    parsePromql(query);
  } catch (error) {
    if (error instanceof QueryProblem) return error;
  }
  throw new Error(`${query} was not refused`);
};

test('metrics are called as the translation of OTLP calls them: units, total, ratio, parts of distributions [F13]', () => {
  const names = (
    name: string,
    kind: Parameters<typeof prometheusNames>[0]['kind'],
    unit: string,
    isMonotonic = false,
  ) => prometheusNames({ name, kind, unit, isMonotonic }).map((each) => each.name);
  expect(names('http.server.requests', 'sum', '{request}', true)).toEqual(['http_server_requests_total']);
  expect(names('system.network.io', 'sum', 'By', true)).toEqual(['system_network_io_bytes_total']);
  expect(names('disk.io', 'gauge', 'By/s')).toEqual(['disk_io_bytes_per_second']);
  expect(names('cpu.utilization', 'gauge', '1')).toEqual(['cpu_utilization_ratio']);
  expect(names('queue.size', 'sum', '1')).toEqual(['queue_size']);
  expect(names('uptime.seconds', 'gauge', 's')).toEqual(['uptime_seconds']);
  expect(names('2xx..count', 'gauge', '')).toEqual(['_2xx_count']);
  expect(names('a.total.b', 'sum', '', true)).toEqual(['a_b_total']);
  expect(names('latency', 'histogram', 'ms')).toEqual([
    'latency_milliseconds_bucket',
    'latency_milliseconds_sum',
    'latency_milliseconds_count',
  ]);
  expect(['http.route', '1st', '_private', '__two'].map(labelName)).toEqual([
    'http_route',
    'key_1st',
    'key_private',
    '__two',
  ]);
});

test('a rate is drawn out to the edges of its window, and goes on through a reset, as Prometheus has it [F13]', async () => {
  // 40 s to 100 s: samples at 45, 60, 75 and 90; both edges are nearer than 1.1 times 15 s.
  const a = 'rate(http_server_requests_total{http_route="/a",code="200"}[1m])';
  expect(await ask(a, 100)).toEqual({ 'code=200 http_route=/a': 0.2 });
  // The window is open at its begin: at 60 s it has 15, 30, 45 and 60, and 15 s to its begin.
  expect(await ask('increase(http_server_requests_total{http_route="/b"}[1m])', 60)).toEqual({
    'code=200 http_route=/b': 8,
  });
  // A counter that begins at nothing is not drawn out below it.
  expect(await ask('increase(http_server_requests_total{http_route="/b"}[1m])', 20)).toEqual({
    'code=200 http_route=/b': Number((2 * (20 / 15)).toPrecision(12)),
  });
  // Between the twentieth sample (69) and the next (0) it fell.
  expect(await ask('increase(http_server_requests_total{code="500"}[2m])', 360)).toEqual({
    'code=500 http_route=/a': Number(((4 - 67 + 69) * (120 / 105)).toPrecision(12)),
  });
  expect(await ask('resets(http_server_requests_total{code="500"}[10m])')).toEqual({ 'code=500 http_route=/a': 1 });
  expect(await ask('irate(http_server_requests_total{code="500"}[1m])', 300)).toEqual({ 'code=500 http_route=/a': 0 });
  expect(await ask('rate(http_server_requests_total{http_route="/b"}[10s])', 60)).toEqual({});
});

test('deltas are counters too: what a window holds is its increase, and nothing is drawn out [F13]', async () => {
  expect(await ask('increase(jobs_total[5m])')).toEqual({ '': 30 });
  expect(await ask('rate(jobs_total[5m])')).toEqual({ '': 0.1 });
});

test('aggregations group by and without labels, and keep the greatest [F13]', async () => {
  expect(await ask('sum by (code) (rate(http_server_requests_total[5m]))')).toEqual({
    'code=200': Number((5 / 15).toPrecision(12)),
    'code=500': Number((1 / 15).toPrecision(12)),
  });
  expect(
    await ask('sum without (code, http_route, service_name, otel_scope_name) (http_server_requests_total)'),
  ).toEqual({
    '': 1_120 + 20 + 80,
  });
  expect(await ask('max by ("http.route") (http_server_requests_total)')).toEqual({
    'http_route=/a': 1_120,
    'http_route=/b': 80,
  });
  expect(await ask('topk(1, http_server_requests_total)')).toEqual({
    '__name__=http_server_requests_total code=200 http_route=/a': 1_120,
  });
  expect(await ask('bottomk(1, http_server_requests_total)')).toEqual({
    '__name__=http_server_requests_total code=500 http_route=/a': 20,
  });
  expect(await ask('count(http_server_requests_total)')).toEqual({ '': 3 });
  expect(await ask('quantile(0.5, http_server_requests_total)')).toEqual({ '': 80 });
  expect(
    await ask('avg(http_server_requests_total{code="200"}) - stddev(http_server_requests_total{code="200"})'),
  ).toEqual({ '': 80 });
});

test('quantiles of explicit histograms, and of exponential ones at powers of two [F13]', async () => {
  const quantile = (share: number, name: string) =>
    `histogram_quantile(${share}, sum by (le) (rate(${name}_bucket[5m])))`;
  const name = 'http_server_request_duration_seconds';
  expect(await ask(quantile(0.2, name))).toEqual({ '': 0.05 });
  expect(await ask(quantile(0.6, name))).toEqual({ '': 0.3 });
  expect(await ask(quantile(0.95, name))).toEqual({ '': 0.5 });
  expect(await ask(`rate(${name}_sum[5m]) / rate(${name}_count[5m])`)).toEqual({ 'http_route=/a': 0.3 });
  expect(await ask(`${name}_bucket{le="0.1"}`)).toEqual({ [`__name__=${name}_bucket http_route=/a le=0.1`]: 160 });
  expect(await ask(`${name}_bucket{le="+Inf"}`)).toEqual({ [`__name__=${name}_bucket http_route=/a le=+Inf`]: 400 });
  // Half of all is up to 2^5, all up to 2^6.
  expect(await ask(quantile(0.5, 'payload_bytes'))).toEqual({ '': 32 });
  expect(await ask(quantile(0.75, 'payload_bytes'))).toEqual({ '': 48 });
  expect(await ask('gc_pause_milliseconds{quantile="0.99"}', 500)).toEqual({
    '__name__=gc_pause_milliseconds quantile=0.99': 5,
  });
});

test('a sample stands for five minutes, unless its series says that it ended [F13]', async () => {
  const room = (name: string) => over(`room_temperature_celsius{room="${name}",job="shop"}`, 60, 8);
  expect(await room('b')).toEqual([7, 7, undefined, undefined, undefined, undefined, undefined, undefined]);
  expect(await room('c')).toEqual(
    [1, 1, 1, 1, 1, undefined, undefined, undefined].map((is) => is && Number.POSITIVE_INFINITY),
  );
  expect(await over('count_over_time(room_temperature_celsius{room="b"}[10m])', 60, 4)).toEqual([1, 1, 1, 1]);
  expect(await over('absent(room_temperature_celsius{room="b"})', 60, 4)).toEqual([undefined, undefined, 1, 1]);
});

test('functions over time, of selectors and of subqueries [F13]', async () => {
  const temperature = 'room_temperature_celsius{room="a",job="shop"}';
  expect(await ask(`avg_over_time(${temperature}[90s])`)).toEqual({ 'room=a': 21 });
  expect(await ask(`max_over_time(${temperature}[90s]) - min_over_time(${temperature}[90s])`)).toEqual({ 'room=a': 2 });
  expect(await ask(`quantile_over_time(0.5, ${temperature}[5m])`)).toEqual({ 'room=a': 21 });
  expect(await ask(`changes(${temperature}[2m])`)).toEqual({ 'room=a': 3 });
  expect(await ask(`delta(${temperature}[1m])`, 60)).toEqual({ 'room=a': 2 });
  expect(
    await ask(`max_over_time(sum(rate(http_server_requests_total{http_route="/a",code="200"}[1m]))[5m:1m])`),
  ).toEqual({ '': 0.2 });
  expect(await ask(`sum_over_time(vector(2)[5m:1m])`)).toEqual({ '': 10 });
  expect(await ask('deriv(http_server_requests_total{http_route="/b"}[5m])')).toEqual({
    'code=200 http_route=/b': Number((2 / 15).toPrecision(12)),
  });
  expect(await ask('predict_linear(http_server_requests_total{http_route="/b"}[5m], 150)')).toEqual({
    'code=200 http_route=/b': 100,
  });
});

test('vectors are combined one to one and many to one, with numbers, and as sets [F13]', async () => {
  const requests = 'http_server_requests_total';
  expect(await ask(`${requests}{code="500"} / ignoring(code) ${requests}{code="200",http_route="/a"}`)).toEqual({
    'http_route=/a': Number((20 / 1_120).toPrecision(12)),
  });
  expect(await ask(`${requests} / on(http_route) group_left sum by (http_route) (${requests})`)).toEqual({
    'code=200 http_route=/a': Number((1_120 / 1_140).toPrecision(12)),
    'code=500 http_route=/a': Number((20 / 1_140).toPrecision(12)),
    'code=200 http_route=/b': 1,
  });
  expect(await ask(`${requests} > 50`)).toEqual({
    '__name__=http_server_requests_total code=200 http_route=/a': 1_120,
    '__name__=http_server_requests_total code=200 http_route=/b': 80,
  });
  expect(await ask(`sum(${requests} > bool 50)`)).toEqual({ '': 2 });
  expect(await ask(`100 < ${requests}`)).toEqual({
    '__name__=http_server_requests_total code=200 http_route=/a': 1_120,
  });
  expect(await ask(`count(${requests} and on(http_route) ${requests}{code="500"})`)).toEqual({ '': 2 });
  expect(await ask(`count(${requests} unless ${requests}{code="500"})`)).toEqual({ '': 2 });
  expect(await ask(`nothing or vector(3)`)).toEqual({ '': 3 });
  expect(await ask('2 ^ 3 ^ 2 % 100 - -1 * 2')).toBe(14);
  expect(await ask('scalar(count(http_server_requests_total)) + 1')).toBe(4);
  expect(await ask('clamp(http_server_requests_total, 30, 100) * 1')).toEqual({
    'code=200 http_route=/a': 100,
    'code=500 http_route=/a': 30,
    'code=200 http_route=/b': 80,
  });
  await expect(ask(`${requests} / on(http_route) ${requests}`)).rejects.toThrow(
    /Several series on the right side of \/ match/,
  );
});

test('offset and @ move what is looked at, and belong to what stands right before them [F13]', async () => {
  const b = 'http_server_requests_total{http_route="/b"}';
  expect(await ask(`${b} - ${b} offset 1m`)).toEqual({ 'code=200 http_route=/b': 8 });
  expect(await ask(`${b} @ ${START_MS / 1_000 + 60}`)).toEqual({
    '__name__=http_server_requests_total code=200 http_route=/b': 8,
  });
  expect(await ask(`sum(${b} offset -1m)`, 60)).toEqual({ '': 16 });
  expect(await over(`${b} @ start()`, 60, 3, 60)).toEqual([8, 8, 8]);
  expect(await over(`sum(${b} @ end())`, 60, 3, 60)).toEqual([24, 24, 24]);
});

test('series are found by every matcher, by names as they were sent, and by patterns on names [F13]', async () => {
  const count = async (selector: string) => await ask(`count(${selector})`, 500);
  expect(await count('{"http.server.requests"}')).toEqual({ '': 3 });
  expect(await count('{"http.server.requests", "http.route"="/b"}')).toEqual({ '': 1 });
  expect(await count('http_server_requests')).toEqual({ '': 3 });
  expect(await count('http_server_requests_total{http_route=~"/(a|x)"}')).toEqual({ '': 2 });
  expect(await count('http_server_requests_total{http_route=~"a"}')).toEqual({});
  expect(await count('http_server_requests_total{code!~"5..", missing=""}')).toEqual({ '': 2 });
  expect(await count('{__name__=~"http_server_request_duration_seconds_(sum|count)"}')).toEqual({ '': 2 });
  expect(await count('room_temperature_celsius{job="pay"}')).toEqual({ '': 1 });
  expect(await count('room_temperature_celsius{service_name="pay"}')).toEqual({ '': 1 });
  expect(
    await ask('label_replace(room_temperature_celsius{job="pay"}, "place", "room-$1", "room", "(.*)")', 500),
  ).toEqual({
    '__name__=room_temperature_celsius place=room-a room=a': 10,
  });
});

test('label_replace takes patterns as Prometheus has them: named groups, groups that took no part, none that runs without end', async () => {
  const room = 'room_temperature_celsius{job="pay"}';
  const replaced = async (replacement: string, pattern: string) =>
    Object.keys(await ask(`label_replace(${room}, "x", "${replacement}", "job", "${pattern}")`, 500))[0]!
      .split(' ')
      .find((label) => label.startsWith('x='));
  expect(await replaced(`$first-$\{rest}-$$`, '(?P<first>.)(?:[(]|(?<rest>.*))')).toBe('x=p-ay-$');
  expect(await replaced('<$2$1>', '(q)?(p)ay')).toBe('x=<p>');
  expect(await replaced('$1x', '(.*)')).toBeUndefined();
  expect(await replaced('there', 'pa')).toBeUndefined();
  // Of a pattern like this an engine that goes back takes more steps than the universe has had seconds.
  const long = `label_replace(vector(1), "a", "${'a'.repeat(60)}", "b", ".*")`;
  expect(await ask(`count(label_replace(${long}, "c", "$1", "a", "(a|a)*b"))`)).toEqual({ '': 1 });
  await expect(ask(`label_replace(${room}, "x", "$1", "job", "(")`, 500)).rejects.toThrow(/cannot be read/);
});

test('deltas of one moment are added up, a total that was matched on labels has no name', async () => {
  expect(await ask('increase(twins_total[5m])')).toEqual({ '': 35 });
  expect(await ask('jobs_total > on() vector(1)')).toEqual({ '': 6 });
});

test('an expression that would be the work of minutes is refused before it is begun', async () => {
  const grid = { startMs: START_MS, stepMs: 1_000, length: 11_000 };
  const run = (query: string) => evaluate(createReader(opened.store), parsePromql(query), grid);
  await expect(run('quantile_over_time(0.5, vector(1)[2h:1s])')).rejects.toThrow(/too many samples/);
  await expect(run('count_values("x", vector(time()))')).rejects.toThrow(/too many to be one/);
});

test('moments that no clock shows are found to have nothing, or are refused', async () => {
  for (const query of [
    'room_temperature_celsius @ 1e300',
    'room_temperature_celsius offset -1e300',
    'rate(jobs_total[1e300])',
  ])
    expect(await ask(`count(${query})`), query).toEqual(query.startsWith('rate') ? { '': 1 } : {});
  const api = await serveApi({ store: opened.store });
  for (const path of [
    'query?query=jobs_total&time=1e300',
    'query_range?query=jobs_total&start=0&end=1e300&step=1e299',
    'query_range?query=jobs_total&start=1&end=100&step=1e308',
    'labels?start=-1e300',
  ])
    expect((await fetch(`${api.origin}/api/v1/${path}`)).status, path).toBe(400);
  expect((await fetch(`${api.origin}/api/v1/label/U___FFFFFF_/values`)).status).toBe(200);
  await api.close();
});

test('what cannot be read or is not supported is named, with its place [F13]', () => {
  const cases: readonly (readonly [query: string, message: RegExp, position: number])[] = [
    ['sum(rate(x[5m]', /ends before it is complete/, 14],
    ['foo{a="b" c}', /"c" is not expected/, 10],
    ['rate(x)', /rate takes a range, as in x\[5m\] here, not an instant vector/, 5],
    ['1 + holt_winters(x[5m], 1, 1)', /The function holt_winters is not known/, 4],
    ['info(x)', /The function info is not supported/, 0],
    ['limitk(2, x)', /The aggregation limitk is not supported/, 0],
    ['sum(x, y)', /sum takes 1 argument, not 2/, 0],
    ['1 > 2', /needs bool/, 2],
    ['x and 1', /instant vectors on both sides/, 2],
    ['{a=""}', /needs a name/, 0],
    ['(a + b) offset 5m', /not to parentheses/, 1],
    ['sum(c) offset 1m', /offset and @ belong to a selector/, 0],
    ['x[0s]', /longer than nothing/, 2],
  ];
  for (const [query, message, position] of cases) {
    const error = refused(query);
    expect(error.message, query).toMatch(message);
    expect(error.position, query).toBe(position);
  }
});
