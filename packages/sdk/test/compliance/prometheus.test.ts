import { createServer } from 'node:net';
import type { Attributes, Meter } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import type { ScopeMetrics } from '../../src/core/metrics/metric-data.js';
import type { MetricsOptions } from '../../src/core/metrics/metrics-options.js';
import type { Diagnostic } from '../../src/core/options.js';
import { type NodeOptions, start } from '../../src/runtimes/node/index.js';
import { at, bare, described, linesOf, openMetrics, producing, scraped } from './scraped.js';

/*
 * Specification "Prometheus Exporter" and "Prometheus and OpenMetrics Compatibility": what a scraper is answered.
 */

test('Prometheus is answered at /metrics, in the text format unless it asks for OpenMetrics', async () => {
  const { url, telemetry } = await scraped((meter) => meter.createCounter('hits').add(3));
  const typeFor = async (accept?: string) =>
    (await fetch(url, { headers: accept ? { accept } : {} })).headers.get('content-type');
  expect(new URL(url)).toMatchObject({ hostname: 'localhost', pathname: '/metrics' });
  const text = 'text/plain; version=0.0.4; charset=utf-8';
  const open = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
  expect(await typeFor()).toBe(text);
  expect(await typeFor('*/*')).toBe(text);
  expect(await typeFor('text/html')).toBe(text);
  expect(await typeFor('application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5')).toBe(open);
  expect(await typeFor('application/openmetrics-text;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.5')).toBe(text);
  expect(await typeFor('application/openmetrics-text;version=2.0.0,text/plain')).toBe(text);
  expect((await fetch(`${url}/../other`)).status).toBe(404);
  expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  expect((await (await fetch(url, { headers: { 'accept-encoding': 'gzip' } })).text()).length).toBeGreaterThan(50);
  await telemetry.shutdown();
  await expect(fetch(url)).rejects.toThrow();
});

test('gauges are gauges, observed ones too', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createGauge('level').record(1.5, { tank: 'a' });
    meter.createObservableGauge('seen').addCallback((result) => result.observe(-2));
  }, bare);
  expect(linesOf(await scrape(), 'level', 'seen')).toEqual([
    '# HELP level ',
    '# TYPE level gauge',
    'level{tank="a"} 1.5',
    '# HELP seen ',
    '# TYPE seen gauge',
    'seen -2',
  ]);
});

test('monotonic sums are counters that count from the start, scrape after scrape', async () => {
  const { scrape } = await scraped(
    (meter) => {
      const hits = meter.createCounter('hits');
      hits.add(2, { route: '/' });
      hits.add(3, { route: '/' });
    },
    bare,
    { metricTemporality: 'delta' },
  );
  for (let i = 0; i < 2; i++)
    expect(linesOf(await scrape(), 'hits')).toEqual([
      '# HELP hits_total ',
      '# TYPE hits_total counter',
      'hits_total{route="/"} 5',
    ]);
});

test('counters end in _total once, and do not where suffixes are turned off', async () => {
  const record = (meter: Meter) => {
    meter.createCounter('hits').add(1);
    meter.createCounter('all_total').add(1);
  };
  const { scrape, telemetry } = await scraped(record, bare);
  expect(linesOf(await scrape(), '# ', 'hits', 'all').filter((line) => line[0] !== '#')).toEqual([
    'hits_total 1',
    'all_total 1',
  ]);
  await telemetry.shutdown();
  const without = await scraped(record, { ...bare, translationStrategy: 'underscore_escaping_without_suffixes' });
  expect(linesOf(await without.scrape(), 'hits', 'all')).toEqual([
    '# HELP hits ',
    '# TYPE hits counter',
    'hits 1',
    '# HELP all_total ',
    '# TYPE all_total counter',
    'all_total 1',
  ]);
});

test('sums that go up and down are gauges', async () => {
  const { scrape } = await scraped((meter) => {
    const queue = meter.createUpDownCounter('queue');
    queue.add(5);
    queue.add(-2);
  }, bare);
  expect(linesOf(await scrape(), 'queue')).toEqual(['# HELP queue ', '# TYPE queue gauge', 'queue 3']);
});

test('histograms have buckets that count from below, a sum and a count', async () => {
  const { scrape } = await scraped((meter) => {
    const histogram = meter.createHistogram('latency', {
      advice: { explicitBucketBoundaries: [0.5, 1, 10, 1_000_000] },
    });
    for (const value of [0.1, 0.5, 0.7, 5, 2_000_000]) histogram.record(value, { route: '/' });
  }, bare);
  expect(linesOf(await scrape(), 'latency')).toEqual([
    '# HELP latency ',
    '# TYPE latency histogram',
    'latency_bucket{route="/",le="0.5"} 2',
    'latency_bucket{route="/",le="1"} 3',
    'latency_bucket{route="/",le="10"} 4',
    'latency_bucket{route="/",le="1e+06"} 4',
    'latency_bucket{route="/",le="+Inf"} 5',
    'latency_sum{route="/"} 2000006.3',
    'latency_count{route="/"} 5',
  ]);
  expect(linesOf(await scrape(openMetrics), 'latency_bucket{route="/",le="1')).toEqual([
    'latency_bucket{route="/",le="1.0"} 3',
    'latency_bucket{route="/",le="10.0"} 4',
    'latency_bucket{route="/",le="1e+06"} 4',
  ]);
});

/** What a producer counted since it was asked last: three, then four. */
function deltas(): MetricsOptions['producers'] {
  let collected = 0;
  const at: [number, number] = [1_700_000_000, 0];
  const point = { startTime: at, endTime: at, attributes: { by: 'producer' } };
  const named = (name: string) => ({ name, description: '', unit: '', valueType: 0 }) as const;
  return [
    {
      async produce(): Promise<ScopeMetrics[]> {
        const value = collected++ ? 4 : 3;
        const sum = { aggregationTemporality: 0, dataPointType: 3, dataPoints: [{ ...point, value }] } as const;
        return [
          {
            scope: { name: 'other' },
            metrics: [
              { ...sum, descriptor: named('rising'), isMonotonic: true },
              { ...sum, descriptor: named('moving'), isMonotonic: false },
              {
                descriptor: named('spread'),
                aggregationTemporality: 0,
                dataPointType: 0,
                dataPoints: [
                  {
                    ...point,
                    value: { buckets: { boundaries: [1], counts: [value, 1] }, sum: value, count: value + 1 },
                  },
                ],
              },
            ],
          },
        ];
      },
    },
  ];
}

test('sums that count since they were collected last are added up', async () => {
  const { scrape } = await scraped(() => {}, { ...bare, producers: deltas() });
  await scrape();
  const text = await scrape();
  expect(linesOf(text, 'rising', 'moving')).toEqual([
    '# HELP rising_total ',
    '# TYPE rising_total counter',
    'rising_total{by="producer"} 7',
    '# HELP moving ',
    '# TYPE moving gauge',
    'moving{by="producer"} 7',
  ]);
});

test('histograms that count since they were collected last are added up', async () => {
  const { scrape } = await scraped(() => {}, { ...bare, producers: deltas() });
  await scrape();
  expect(linesOf(await scrape(), 'spread_')).toEqual([
    'spread_bucket{by="producer",le="1"} 7',
    'spread_bucket{by="producer",le="+Inf"} 9',
    'spread_sum{by="producer"} 7',
    'spread_count{by="producer"} 9',
  ]);
});

test('an exponential histogram is an ordinary one, with the bounds it has', async () => {
  const value = {
    count: 11,
    sum: 10,
    scale: 0,
    zeroCount: 1,
    zeroThreshold: 0.25,
    positive: { offset: -1, bucketCounts: [1, 2, 0, 3] },
    negative: { offset: 0, bucketCounts: [3, 1] },
  };
  const metric = {
    descriptor: described('sizes'),
    aggregationTemporality: 1,
    dataPointType: 1,
    dataPoints: [{ startTime: at, endTime: at, attributes: {}, value }],
  } as const;
  const { scrape } = await scraped(() => {}, { ...bare, producers: producing(metric) });
  expect(linesOf(await scrape(), 'sizes_')).toEqual([
    'sizes_bucket{le="-2"} 1',
    'sizes_bucket{le="-1"} 4',
    'sizes_bucket{le="0.25"} 5',
    'sizes_bucket{le="1"} 6',
    'sizes_bucket{le="2"} 8',
    'sizes_bucket{le="4"} 8',
    'sizes_bucket{le="8"} 11',
    'sizes_bucket{le="+Inf"} 11',
    'sizes_sum 10',
    'sizes_count 11',
  ]);
});

test('OpenMetrics is told exemplars of counters and of buckets, with the span they belong to', async () => {
  const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
  const exemplar = (value: number, filteredAttributes: Attributes = {}, nanos = 5_000_000) => ({
    ...ids,
    value,
    filteredAttributes,
    timestamp: [1_700_000_001, nanos] as [number, number],
  });
  const point = { startTime: at, endTime: at, attributes: { route: '/' } };
  const cumulative = { aggregationTemporality: 1 } as const;
  const { scrape } = await scraped(() => {}, {
    ...bare,
    producers: producing(
      {
        ...cumulative,
        descriptor: described('hits'),
        dataPointType: 3,
        isMonotonic: true,
        // Of two the later.
        dataPoints: [
          { ...point, value: 2, exemplars: [exemplar(1, { user: 'u1', 'trace.id': 'not' }, 7_000_001), exemplar(9)] },
        ],
      },
      {
        ...cumulative,
        descriptor: described('h'),
        dataPointType: 0,
        dataPoints: [
          {
            ...point,
            value: { buckets: { boundaries: [1, 10], counts: [1, 1, 1] }, count: 3, sum: 55.5 },
            // With what was left out of the series the second would be too long.
            exemplars: [exemplar(0.5), exemplar(5, { user: 'x'.repeat(200) })],
          },
        ],
      },
      {
        ...cumulative,
        descriptor: described('g'),
        dataPointType: 2,
        dataPoints: [{ ...point, value: 1, exemplars: [exemplar(1)] }],
      },
    ),
  });
  const labels = `trace_id="${ids.traceId}",span_id="${ids.spanId}"`;
  expect(linesOf(await scrape(openMetrics)).filter((line) => !/^#|^target/.test(line) && line)).toEqual([
    `hits_total{route="/"} 2 # {${labels},user="u1"} 1 1700000001.007000001`,
    'hits_created{route="/"} 1700000000.000',
    `h_bucket{route="/",le="1.0"} 1 # {${labels}} 0.5 1700000001.005`,
    `h_bucket{route="/",le="10.0"} 2 # {${labels}} 5 1700000001.005`,
    'h_bucket{route="/",le="+Inf"} 3',
    'h_sum{route="/"} 55.5',
    'h_count{route="/"} 3',
    'h_created{route="/"} 1700000000.000',
    'g{route="/"} 1',
  ]);
  // The text format has none.
  expect(await scrape()).not.toContain('trace_id');
});

test('the resource is target_info, once; some of it may be labels of every series, and all of it can be left out', async () => {
  const more: NodeOptions = { resource: { 'service.namespace': 'eu', replicas: 3 } };
  const { scrape, telemetry } = await scraped((meter) => meter.createGauge('g').record(1), { scopeInfo: false }, more);
  const info = linesOf(await scrape(), 'target_info');
  expect(info.slice(0, 2)).toEqual(['# HELP target_info Target metadata', '# TYPE target_info gauge']);
  expect(info[2]).toMatch(/^target_info\{.*replicas="3",.*service_name="shop",service_namespace="eu",.*\} 1$/);
  expect(info).toHaveLength(3);
  expect(linesOf(await scrape(openMetrics), 'target').slice(0, 2)).toEqual([
    '# TYPE target info',
    '# HELP target Target metadata',
  ]);
  await telemetry.shutdown();
  const labelled = await scraped(
    (meter) => meter.createGauge('g').record(1),
    { ...bare, resourceLabels: { included: ['service.*'], excluded: ['service.namespace'] } },
    more,
  );
  const text = await labelled.scrape();
  expect(linesOf(text, 'g{')).toEqual(['g{service_name="shop"} 1']);
  expect(text).not.toContain('target_info');
});

test('OTEL_METRICS_EXPORTER=prometheus and OTEL_EXPORTER_PROMETHEUS_* serve metrics where they say, and send none', async () => {
  // A port that was free a moment ago.
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const env = {
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
  };
  const diagnostics: Diagnostic[] = [];
  const options: NodeOptions = {
    env,
    signals: false,
    global: false,
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
  };
  const unlucky = start(options);
  await expect.poll(() => diagnostics.map(({ code }) => code)).toEqual(['prometheus-unreachable']);
  await unlucky.shutdown();
  await new Promise((resolve) => taken.close(resolve));
  const telemetry = start(options);
  onTestFinished(async () => void (await telemetry.shutdown()));
  telemetry.meter.createCounter('hits').add(1);
  const ask = () => fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
  await expect.poll(() => ask().catch(() => '')).toContain('hits_total');
  expect(await telemetry.flush()).toBe(true);
  expect(telemetry.status()).toMatchObject({ sent: { metrics: 0 }, destinations: [] });
});
