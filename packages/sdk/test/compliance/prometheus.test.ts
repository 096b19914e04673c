import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { type Attributes, type Meter, metrics, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { pathOnMachine } from '../../../testkit/src/on-this-machine.js';
import type { ScopeMetrics } from '../../src/core/metrics/metric-data.js';
import type { MetricsOptions } from '../../src/core/metrics/metrics-options.js';
import type { Diagnostic } from '../../src/core/options.js';
import { type NodeOptions, start } from '../../src/runtimes/node/index.js';
import { type PrometheusReaderOptions, prometheusReader } from '../../src/runtimes/node/prometheus/index.js';

/*
 * Specification "Prometheus Exporter" and "Prometheus and OpenMetrics Compatibility": what a scraper is answered. That the whole of it is of the format it says is asked of
 * Prometheus's own client library for Python, where the machine has it.
 */

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

const openMetrics = 'application/openmetrics-text; version=1.0.0';

async function scraped(
  record: (meter: Meter) => void,
  options: PrometheusReaderOptions = {},
  more: NodeOptions & { readonly metrics?: MetricsOptions } = {},
) {
  const diagnostics: Diagnostic[] = [];
  const reader = prometheusReader({ port: 0, ...options });
  const telemetry = start({
    serviceName: 'shop',
    signals: false,
    env: { OTEL_NODE_RESOURCE_DETECTORS: 'none' },
    destinations: { copies: [] },
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    ...more,
    metrics: { ...more.metrics, readers: [reader] },
  });
  ending.push(() => telemetry.shutdown());
  record(metrics.getMeter('io.shop', '1.2'));
  const url = await reader.listening;
  const scrape = async (accept?: string): Promise<string> => {
    const answer = await fetch(url, { headers: accept ? { accept } : {} });
    expect(answer.status).toBe(200);
    return answer.text();
  };
  return { telemetry, diagnostics, url, scrape };
}

/** Lines of these families, or all of them. */
const linesOf = (text: string, ...starts: string[]) =>
  text
    .split('\n')
    .filter((line) => !starts.length || starts.some((start) => line.replace(/^# \w+ /, '').startsWith(start)));

const bare: PrometheusReaderOptions = { scopeInfo: false, targetInfo: false };

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

/** A producer of one collection: what an instrument of the program would come to, said directly. */
const producing = (...made: ScopeMetrics['metrics']): MetricsOptions['producers'] => [
  { produce: async () => [{ scope: { name: 'other' }, metrics: made }] },
];

const at: [number, number] = [1_700_000_000, 0];
const described = (name: string) => ({ name, description: '', unit: '', valueType: 1 }) as const;

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

test('names of metrics have letters, digits, underscores and colons alone', async () => {
  const { scrape } = await scraped((meter) => {
    for (const name of ['http.server.active-requests', 'a..b//c', 'z_._y']) meter.createGauge(name).record(1);
  }, bare);
  expect(linesOf(await scrape()).filter((line) => line[0] !== '#' && line)).toEqual([
    'http_server_active_requests 1',
    'a_b_c 1',
    'z_y 1',
  ]);
});

test('names in UTF-8 are for scrapers that ask for them, in quotes, where the strategy keeps them', async () => {
  const record = (meter: Meter) => meter.createCounter('foo.bar', { unit: 'By' }).add(1, { 'a.b': 'c' });
  const expected = {
    underscore_escaping_with_suffixes: ['foo_bar_bytes_total{a_b="c"} 1', 'foo_bar_bytes_total{a_b="c"} 1'],
    underscore_escaping_without_suffixes: ['foo_bar{a_b="c"} 1', 'foo_bar{a_b="c"} 1'],
    no_utf8_escaping_with_suffixes: ['foo_bar_bytes_total{a_b="c"} 1', '{"foo.bar_bytes_total",a_b="c"} 1'],
    no_translation: ['foo_bar{a_b="c"} 1', '{"foo.bar","a.b"="c"} 1'],
  } as const;
  for (const [translationStrategy, lines] of Object.entries(expected)) {
    const { scrape, telemetry } = await scraped(record, {
      ...bare,
      translationStrategy: translationStrategy as keyof typeof expected,
    });
    const found = [];
    for (const accept of ['text/plain;version=1.0.0', 'text/plain;version=1.0.0;escaping=allow-utf-8'])
      found.push(linesOf(await scrape(accept)).find((line) => line && line[0] !== '#'));
    expect([translationStrategy, ...found]).toEqual([translationStrategy, ...lines]);
    await telemetry.shutdown();
  }
});

test('a unit stands behind the name, before _total, once', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createCounter('sent', { unit: 'By' }).add(1);
    meter.createCounter('sent_again_total', { unit: 'By' }).add(1);
    meter.createGauge('heap_bytes', { unit: 'By' }).record(1);
    meter.createGauge('ratio', { unit: '1' }).record(1);
    meter.createGauge('packets', { unit: '{packet}' }).record(1);
    meter.createGauge('own', { unit: 'widgets' }).record(1);
  }, bare);
  expect(linesOf(await scrape()).filter((line) => line && line[0] !== '#')).toEqual([
    'sent_bytes_total 1',
    'sent_again_bytes_total 1',
    'heap_bytes 1',
    'ratio 1',
    'packets 1',
    'own_widgets 1',
  ]);
});

test('units are whole words, of rates too', async () => {
  const units = {
    ms: 'milliseconds',
    s: 'seconds',
    min: 'minutes',
    MiBy: 'mebibytes',
    kBy: 'kilobytes',
    '%': 'percent',
    Cel: 'celsius',
    'm/s': 'meters_per_second',
    'By/min': 'bytes_per_minute',
    '{request}/s': 'per_second',
  };
  const { scrape } = await scraped((meter) => {
    for (const unit of Object.keys(units)) meter.createGauge('x', { unit }).record(1);
  }, bare);
  expect(linesOf(await scrape()).filter((line) => line && line[0] !== '#')).toEqual(
    Object.values(units).map((words) => `x_${words} 1`),
  );
});

test('OpenMetrics is told the unit of a family', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createCounter('sent', { unit: 'By' }).add(1);
    meter.createGauge('plain').record(1);
  }, bare);
  const text = await scrape(openMetrics);
  expect(linesOf(text).filter((line) => /UNIT|EOF/.test(line))).toEqual(['# UNIT sent_bytes bytes', '# EOF']);
  expect(linesOf(text, 'sent_bytes_total')).toEqual(['sent_bytes_total 1']);
  expect(await scrape()).not.toContain('UNIT');
});

test('the description of a metric is its help, with what would end the line escaped', async () => {
  const { scrape } = await scraped(
    (meter) => meter.createGauge('described', { description: 'back\\slash,\nline and "quote"' }).record(1),
    bare,
  );
  expect(linesOf(await scrape(), 'described')[0]).toBe('# HELP described back\\\\slash,\\nline and "quote"');
  expect(linesOf(await scrape(openMetrics), 'described')[0]).toBe(
    '# HELP described back\\\\slash,\\nline and \\"quote\\"',
  );
});

test('the kind of a metric is its type, of every family', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createCounter('c').add(1);
    meter.createUpDownCounter('u').add(1);
    meter.createGauge('g').record(1);
    meter.createHistogram('h').record(1);
    meter.createObservableCounter('oc').addCallback((result) => result.observe(1));
    meter.createObservableUpDownCounter('ou').addCallback((result) => result.observe(1));
  }, bare);
  const typesOf = (text: string) =>
    Object.fromEntries(
      linesOf(text).flatMap((line) => {
        const [, name, type] = /^# TYPE (\S+) (\w+)$/.exec(line) ?? [];
        return name ? [[name, type]] : [];
      }),
    );
  const same = { u: 'gauge', g: 'gauge', h: 'histogram', ou: 'gauge' };
  expect(typesOf(await scrape())).toEqual({ ...same, c_total: 'counter', oc_total: 'counter' });
  expect(typesOf(await scrape(openMetrics))).toEqual({ ...same, c: 'counter', oc: 'counter' });
});

test('a name has one type, help and unit in a scrape: another type is left out, another help is not, and both are told', async () => {
  const { scrape, diagnostics } = await scraped((meter) => {
    meter.createGauge('same', { description: 'first' }).record(1, { of: 'io.shop' });
    const other = metrics.getMeter('io.other');
    other.createGauge('same', { description: 'second' }).record(2, { of: 'io.other' });
    other.createHistogram('same').record(3);
    other.createGauge('same', { unit: '{thing}' }).record(4, { of: 'braces' });
  });
  const lines = linesOf(await scrape(), 'same');
  expect(lines.slice(0, 2)).toEqual(['# HELP same first', '# TYPE same gauge']);
  expect(lines.slice(2).map((line) => line.replace(/otel_scope_[^"]+"[^"]*",?/g, ''))).toEqual([
    'same{of="io.shop"} 1',
    'same{of="io.other"} 2',
    'same{of="braces"} 4',
  ]);
  const said = diagnostics.filter(({ code }) => code === 'prometheus-conflict').map(({ message }) => message);
  expect(said.length).toBeGreaterThan(0);
});

test('every series has the name and version of its scope', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createCounter('hits').add(1);
    meter.createHistogram('h', { advice: { explicitBucketBoundaries: [1] } }).record(1);
    metrics.getMeter('plain', undefined, { schemaUrl: 'https://s/1' }).createGauge('g').record(1);
  });
  const lines = linesOf(await scrape()).filter((line) => line && line[0] !== '#' && !line.startsWith('target_info'));
  const scope = 'otel_scope_name="io.shop",otel_scope_version="1.2"';
  expect(lines).toEqual([
    `hits_total{${scope}} 1`,
    `h_bucket{${scope},le="1"} 1`,
    `h_bucket{${scope},le="+Inf"} 1`,
    `h_sum{${scope}} 1`,
    `h_count{${scope}} 1`,
    'g{otel_scope_name="plain",otel_scope_schema_url="https://s/1"} 1',
  ]);
});

test('attributes of a scope are labels too, but not in place of its name, version and schema URL', async () => {
  const { scrape } = await scraped(() => {
    const attributes = { 'team.name': 'cart', version: 'wrong', 'schema.url': 'wrong' };
    const provider = metrics.getMeterProvider() as {
      getMeter(name: string, version?: string, options?: object): Meter;
    };
    provider.getMeter('attributed', '7', { attributes }).createGauge('g').record(1);
  });
  expect(linesOf(await scrape(), 'g{')).toEqual([
    'g{otel_scope_name="attributed",otel_scope_version="7",otel_scope_team_name="cart"} 1',
  ]);
});

test('labels of scopes can be turned off', async () => {
  const { scrape } = await scraped((meter) => meter.createGauge('g').record(1), { scopeInfo: false });
  expect(linesOf(await scrape(), 'g ')).toEqual(['# HELP g ', '# TYPE g gauge', 'g 1']);
});

test('keys of attributes have letters, digits and underscores alone, and values what they say', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createGauge('g').record(1, {
      'http.route': '/a"b\\c\nd',
      'x--y': true,
      '1st': 2,
      list: ['a', 'b'],
      snow: '\u2603 \ud83d\ude00',
    });
  }, bare);
  expect(linesOf(await scrape(), 'g{')).toEqual([
    'g{_1st="2",http_route="/a\\"b\\\\c\\nd",list="[\\"a\\",\\"b\\"]",snow="\u2603 \ud83d\ude00",x_y="true"} 1',
  ]);
});

test('keys that come to the same name are one label, with their values in the order of the keys', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createGauge('g').record(1, { a_b: 'third', 'a.b': 'second', 'a-b': 'first', c: 'own' });
  }, bare);
  expect(linesOf(await scrape(), 'g{')).toEqual(['g{a_b="first;second;third",c="own"} 1']);
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
  ending.push(() => telemetry.shutdown());
  telemetry.meter.createCounter('hits').add(1);
  const ask = () => fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
  await expect.poll(() => ask().catch(() => '')).toContain('hits_total');
  expect(await telemetry.flush()).toBe(true);
  expect(telemetry.status()).toMatchObject({ sent: { metrics: 0 }, destinations: [] });
});

const python = '/usr/bin/python3';
const hasParser = pathOnMachine('prometheusClient') !== undefined;

/** What Prometheus's own client for Python reads of a scrape: families with their samples. */
function parsed(text: string, module: 'parser' | 'openmetrics.parser') {
  const program = `
import json, sys
from prometheus_client.${module} import text_string_to_metric_families
print(json.dumps([
  [f.name, f.type, f.documentation, f.unit, [
    [s.name, s.labels, str(float(s.value)), s.exemplar and [s.exemplar.labels, s.exemplar.value, float(s.exemplar.timestamp)]] for s in f.samples]]
  for f in text_string_to_metric_families(sys.stdin.read())]))`;
  return JSON.parse(execFileSync(python, ['-c', program], { input: text, encoding: 'utf8' })) as [
    name: string,
    type: string,
    help: string,
    unit: string,
    samples: [name: string, labels: Record<string, string>, value: string, exemplar: unknown][],
  ][];
}

test.skipIf(!hasParser)('Prometheus’s own client library reads both formats, and finds what was measured', async () => {
  const { scrape } = await scraped((meter) => {
    const odd = { 'odd.key': 'a "quoted" \\ text\nof two lines', 'odd-key': '2' };
    meter.createCounter('requests.served', { unit: '{request}', description: 'Served \\ "all"\nof them' }).add(7, odd);
    const inSpan = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: 'c'.repeat(32),
      spanId: 'd'.repeat(16),
      traceFlags: 1,
    });
    const latency = meter.createHistogram('http.latency', {
      unit: 's',
      advice: { explicitBucketBoundaries: [0.005, 0.1, 1, 1_000_000] },
    });
    for (const value of [0.001, 0.05, 0.5, 100, 5e6]) latency.record(value, { 'http.route': '/' }, inSpan);
    const gauge = meter.createGauge('temperature', { unit: 'Cel' });
    gauge.record(-1.5e-7, { at: 'outside' });
    gauge.record(Number.POSITIVE_INFINITY, { at: 'sun' });
    meter.createUpDownCounter('queue').add(-4);
    metrics.getMeter('second', '2').createUpDownCounter('queue').add(9);
  });
  const scope = { otel_scope_name: 'io.shop', otel_scope_version: '1.2' };
  const odd = { ...scope, odd_key: '2;a "quoted" \\ text\nof two lines' };
  for (const [text, module] of [
    // First: exemplars are those since the last collection.
    [await scrape(openMetrics), 'openmetrics.parser'],
    [await scrape(), 'parser'],
  ] as const) {
    const families = new Map(parsed(text, module).map((family) => [family[0], family]));
    const isOpen = module === 'openmetrics.parser';
    expect([...families.keys()].sort()).toEqual([
      'http_latency_seconds',
      'queue',
      'requests_served',
      isOpen ? 'target' : 'target_info',
      'temperature_celsius',
    ]);
    const samples = (family: string, suffix = '') =>
      families
        .get(family)![4]
        .filter(([name]) => name === family + suffix)
        .map(([, labels, value]) => [labels, value]);
    expect(families.get('requests_served')!.slice(0, 3)).toEqual([
      'requests_served',
      'counter',
      'Served \\ "all"\nof them',
    ]);
    expect(samples('requests_served', '_total')).toEqual([[odd, '7.0']]);
    expect(
      samples('http_latency_seconds', '_bucket').map(([labels, value]) => [
        Number((labels as { le: string }).le.replace('+Inf', 'Infinity')),
        value,
      ]),
    ).toEqual([
      [0.005, '1.0'],
      [0.1, '2.0'],
      [1, '3.0'],
      [1_000_000, '4.0'],
      [Number.POSITIVE_INFINITY, '5.0'],
    ]);
    expect(samples('temperature_celsius')).toEqual([
      [{ ...scope, at: 'outside' }, '-1.5e-07'],
      [{ ...scope, at: 'sun' }, 'inf'],
    ]);
    expect(samples('queue')).toEqual([
      [scope, '-4.0'],
      [{ otel_scope_name: 'second', otel_scope_version: '2' }, '9.0'],
    ]);
    if (isOpen) {
      expect(families.get('http_latency_seconds')![3]).toBe('seconds');
      // Measured in a span: each bucket has one that leads to its trace.
      const exemplars = families
        .get('http_latency_seconds')![4]
        .flatMap(([, , , exemplar]) => (exemplar ? [exemplar] : []));
      expect(exemplars).toEqual(
        [0.001, 0.05, 0.5, 100, 5e6].map((value) => [
          { trace_id: 'c'.repeat(32), span_id: 'd'.repeat(16) },
          value,
          expect.closeTo(Date.now() / 1_000, -2),
        ]),
      );
    }
  }
});

test('what a scraper is answered stands whatever values attributes have: integers of 64 bits, bytes, lists of them', async () => {
  const large = 2n ** 60n;
  const { scrape } = await scraped((meter) => {
    const attributes = { id: large, ids: [large], raw: new Uint8Array([1, 2]) } as unknown as Attributes;
    meter.createCounter('c').add(1, attributes);
  }, bare);
  expect(linesOf(await scrape(), 'c_total')).toContain(
    'c_total{id="1152921504606846976",ids="[\\"1152921504606846976\\"]",raw="AQI="} 1',
  );
});

test('a producer that hands over nonsense costs its own metric alone, and is named', async () => {
  const broken = { ...described('broken') };
  const { scrape, diagnostics } = await scraped((meter) => meter.createGauge('mine').record(1), {
    ...bare,
    producers: producing(
      { descriptor: broken, aggregationTemporality: 1, dataPointType: 2, dataPoints: [{}] } as never,
      {
        descriptor: described('foreign'),
        aggregationTemporality: 1,
        dataPointType: 1,
        // As OpenTelemetry's SDK for JavaScript has them: no threshold.
        dataPoints: [
          {
            startTime: at,
            endTime: at,
            attributes: {},
            value: {
              count: 2,
              sum: 3,
              scale: 0,
              zeroCount: 1,
              positive: { offset: 1023, bucketCounts: [1] },
              negative: { offset: 0, bucketCounts: [] },
            },
          },
        ],
      } as never,
    ),
  });
  expect(linesOf(await scrape()).filter((line) => line && line[0] !== '#')).toEqual([
    'mine 1',
    'foreign_bucket{le="0"} 1',
    'foreign_bucket{le="+Inf"} 2',
    'foreign_sum 3',
    'foreign_count 2',
  ]);
  expect(diagnostics.map(({ code, message }) => [code, message.split(':')[0]])).toEqual([
    ['prometheus-conflict', 'broken cannot be written'],
  ]);
});

test('a collection that fails altogether is answered with 500 and told, and does not end the program', async () => {
  const { url, diagnostics } = await scraped((meter) => meter.createGauge('mine').record(1), {
    producers: [{ produce: () => [undefined] as never }],
  });
  expect((await fetch(url)).status).toBe(500);
  expect(diagnostics.map(({ code }) => code)).toEqual(['prometheus-collection']);
});

test('a label of the program called le is no bound of a histogram, and a key with a colon is quoted', async () => {
  const { scrape } = await scraped(
    (meter) => {
      meter.createHistogram('h', { advice: { explicitBucketBoundaries: [1] } }).record(1, { le: 'mine' });
      meter.createGauge('g').record(1, { 'a:b': 1 });
    },
    { ...bare, translationStrategy: 'no_translation' },
  );
  const text = await scrape('text/plain;version=1.0.0;escaping=allow-utf-8');
  expect(linesOf(text).filter((line) => line && line[0] !== '#')).toEqual([
    'h_bucket{exported_le="mine",le="1"} 1',
    'h_bucket{exported_le="mine",le="+Inf"} 1',
    'h_sum{exported_le="mine"} 1',
    'h_count{exported_le="mine"} 1',
    'g{"a:b"="1"} 1',
  ]);
});

test('a gauge whose unit is 1 is a ratio by its name, a counter is not', async () => {
  const { scrape } = await scraped((meter) => {
    meter.createGauge('used', { unit: '1' }).record(0.5);
    meter.createCounter('jobs', { unit: '1' }).add(1);
    meter.createUpDownCounter('open', { unit: '1' }).add(1);
  }, bare);
  expect(linesOf(await scrape()).filter((line) => line && line[0] !== '#')).toEqual([
    'used_ratio 0.5',
    'jobs_total 1',
    'open 1',
  ]);
});

test('a port that is none is told, and metrics go on where else they go', async () => {
  const diagnostics: Diagnostic[] = [];
  const telemetry = start({
    signals: false,
    destinations: { copies: [] },
    env: { OTEL_METRICS_EXPORTER: 'prometheus,otlp', OTEL_EXPORTER_PROMETHEUS_PORT: '70000' },
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
  });
  ending.push(() => telemetry.shutdown());
  expect(diagnostics.map(({ code, message }) => [code, message.slice(0, 45)])).toEqual([
    ['prometheus-unreachable', 'Metrics cannot be scraped at localhost:70000:'],
  ]);
  expect(telemetry.status().uncollected).toBe(false);
});
