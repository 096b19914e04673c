import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  ApiError,
  LogsAnswer,
  MetricsAnswer,
  OperationsAnswer,
  ServicesAnswer,
  TraceAnswer,
  TraceLogsAnswer,
  TracesAnswer,
} from '../src/shapes/api.js';
import { getFrom } from './get-from.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantLogs, plantMetrics } from './plant-signals.js';
import { plantSpans, spanIdOf, traceIdOf } from './plant-spans.js';
import { type ServedApi, serveApi } from './serve-api.js';

const NOW = 1_795_149_538_000_000_000n;
const SECOND = 1_000_000_000n;

let opened: TestStore;
let api: ServedApi;

const get = (path: string, options: Partial<Parameters<typeof getFrom>[1]> = {}) =>
  getFrom(path, { port: api.port, ...options });

beforeAll(async () => {
  opened = await openTestStore();
  await plantSpans(opened.store, [
    {
      traceId: traceIdOf(1),
      spanId: spanIdOf(1),
      service: 'web/shop',
      name: 'POST /cart',
      kind: 'Server',
      status: 'Error',
      statusMessage: 'no stock',
      atNano: NOW - 60n * SECOND,
      durationNano: 300_000_000n,
      attributes: {
        'http.method': 'POST',
        'http.status_code': '500',
        ok: 'false',
        big: '9007199254740993',
        ratio: '0.5',
        raw: 'AQI=',
        list: '[1,"a",{"$int":"9007199254740993"}]',
        none: '',
        nan: 'NaN',
        '1': 'digit key',
      },
      types: typesOf([
        '1:s',
        'http.method:s',
        'http.status_code:i',
        'ok:b',
        'big:i',
        'ratio:d',
        'raw:y',
        'list:a',
        'none:n',
        'nan:d',
      ]),
      resource: { 'service.version': '1.2' },
      scope: 'fastify',
      events: [{ atNano: NOW - 60n * SECOND + 5n, name: 'exception', attributes: { 'exception.type': 'Error' } }],
      links: [{ traceId: traceIdOf(9), spanId: spanIdOf(9) }],
    },
    {
      traceId: traceIdOf(1),
      spanId: spanIdOf(2),
      parent: spanIdOf(1),
      service: 'payment',
      name: 'SELECT',
      kind: 'Client',
      atNano: NOW - 59n * SECOND,
      attributes: { 'db.system.name': 'postgresql' },
    },
    {
      traceId: traceIdOf(2),
      spanId: spanIdOf(3),
      parent: spanIdOf(99),
      service: 'payment',
      name: 'late',
      atNano: NOW - 30n * SECOND,
    },
  ]);
  await plantLogs(opened.store, 'web/shop', [
    {
      timeUnixNano: NOW - 60n * SECOND,
      observedTimeUnixNano: NOW,
      severityNumber: 17,
      severityText: 'ERROR',
      body: { arrayValue: { values: [{ stringValue: 'no' }, { doubleValue: Number.NaN }] } },
      eventName: 'cart.refused',
      traceId: Buffer.from(traceIdOf(1), 'hex'),
      spanId: Buffer.from(spanIdOf(1), 'hex'),
      flags: 1,
      droppedAttributesCount: 1,
      attributes: [{ key: 'k', value: { bytesValue: Buffer.from([1]) } }],
    },
    { timeUnixNano: NOW - 30n * SECOND },
  ]);
  const point = { timeUnixNano: NOW - 60n * SECOND };
  await plantMetrics(opened.store, 'web/shop', [
    { name: 'a/b', unit: 'By', gauge: { dataPoints: [{ ...point, asDouble: 1.5 }] } },
    { name: 'total', sum: { dataPoints: [{ ...point, asInt: 3n }], aggregationTemporality: 2, isMonotonic: true } },
    { name: 'time', histogram: { dataPoints: [{ ...point, count: 2n, sum: 3 }], aggregationTemporality: 1 } },
  ]);
  api = await serveApi({ store: opened.store, now: () => NOW });
}, 60_000);

/** The letters in the order in which JavaScript, and so the planted map, has the keys. */
function typesOf(entries: readonly string[]): string {
  return entries.map((entry) => entry.split(':')[1]).join('');
}

afterAll(async () => {
  await api?.close();
  await opened?.close();
});

describe('the questions over HTTP', () => {
  test('every route answers as its OpenAPI document says', async () => {
    const document = (await get('/api/v1/openapi.json')).json<{
      paths: Record<
        string,
        { get: { responses: Record<string, { content: Record<string, { schema: { $ref: string } }> }> } }
      >;
      components: { schemas: Record<string, unknown> };
    }>();
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
    ajv.addKeyword('components');
    ajv.addSchema({ $id: 'doc', components: document.components });
    const asked: Record<string, string[]> = {
      '/api/v1/status': ['/api/v1/status'],
      '/api/v1/services': ['/api/v1/services'],
      '/api/v1/services/{service}/operations': ['/api/v1/services/web%2Fshop/operations'],
      '/api/v1/traces': ['/api/v1/traces', '/api/v1/traces?q=status%3Derror&sort=slowest', '/api/v1/traces?limit=1'],
      '/api/v1/traces/{traceId}': [`/api/v1/traces/${traceIdOf(1)}`],
      '/api/v1/histogram': ['/api/v1/histogram', '/api/v1/histogram?q=duration%3E1ms&buckets=7'],
      '/api/v1/red': [
        '/api/v1/red?service=payment',
        '/api/v1/red?service=payment&operation=SELECT&step=1m',
        '/api/v1/red',
      ],
      '/api/v1/attributes': ['/api/v1/attributes', '/api/v1/attributes?prefix=http'],
      '/api/v1/attributes/{key}/values': ['/api/v1/attributes/http.method/values', '/api/v1/attributes/service/values'],
      '/api/v1/differences': ['/api/v1/differences?minDuration=100ms'],
      '/api/v1/logs': [
        '/api/v1/logs',
        '/api/v1/logs?limit=1',
        '/api/v1/logs?q=no&service=web%2Fshop&severity=warn',
        `/api/v1/logs?trace=${traceIdOf(1)}&span=${spanIdOf(1)}`,
        `/api/v1/logs?q=trace%3D${traceIdOf(1)}%20or%20severity%3Ewarn`,
      ],
      '/api/v1/logs/tail': ['/api/v1/logs/tail', '/api/v1/logs/tail?backlog=5&severity=trace'],
      '/api/v1/logs/histogram': ['/api/v1/logs/histogram', '/api/v1/logs/histogram?q=no&buckets=3&severity=warn'],
      '/api/v1/logs/patterns': ['/api/v1/logs/patterns', '/api/v1/logs/patterns?limit=1&service=web%2Fshop'],
      '/api/v1/sql': ['/api/v1/sql?query=SELECT%20*%20FROM%20otel_traces'],
      '/api/v1/sql/progress': ['/api/v1/sql/progress?id=1'],
      '/api/v1/sql/schema': ['/api/v1/sql/schema'],
      '/api/v1/traces/{traceId}/logs': [`/api/v1/traces/${traceIdOf(1)}/logs`, `/api/v1/traces/${traceIdOf(7)}/logs`],
      '/api/v1/metrics': ['/api/v1/metrics', '/api/v1/metrics?q=tot&service=web%2Fshop'],
      '/api/v1/metrics/{name}/series': [
        '/api/v1/metrics/a%2Fb/series',
        '/api/v1/metrics/time/series?kind=histogram&buckets=10&service=web%2Fshop',
      ],
      '/api/v1/metrics/{name}/query': [
        '/api/v1/metrics/a%2Fb/query',
        '/api/v1/metrics/total/query?kind=sum&function=rate&by=service.name&by=none&step=1m',
        '/api/v1/metrics/time/query?kind=histogram&function=quantile&quantile=0.5&where=service.name%3Dweb%2Fshop',
      ],
      '/api/v1/metrics/{name}/attributes': ['/api/v1/metrics/total/attributes?kind=sum'],
      '/api/v1/metrics/{name}/exemplars': ['/api/v1/metrics/total/exemplars?kind=sum'],
      '/api/v1/services/{service}/errors': ['/api/v1/services/web%2Fshop/errors', '/api/v1/services/none/errors'],
      '/api/v1/span-metrics': [
        '/api/v1/span-metrics',
        '/api/v1/span-metrics?by=service&by=operation&by=kind&by=version&all=1&step=5m',
        '/api/v1/span-metrics?service=payment&operation=SELECT',
      ],
      '/api/v1/query': [
        '/api/v1/query?query=total',
        '/api/v1/query?query=time()',
        '/api/v1/query?query=%22text%22',
        `/api/v1/query?query=${encodeURIComponent('{__name__=~".+"}[5m]')}`,
      ],
      '/api/v1/query_range': [
        `/api/v1/query_range?query=${encodeURIComponent('a_b_bytes * 2')}&start=${NOW / SECOND - 120n}&end=${NOW / SECOND}&step=15`,
      ],
      '/api/v1/labels': ['/api/v1/labels', '/api/v1/labels?match[]=total'],
      '/api/v1/label/{name}/values': ['/api/v1/label/__name__/values', '/api/v1/label/job/values?match[]=total'],
      '/api/v1/series': ['/api/v1/series?match[]=total'],
      '/api/v1/metadata': ['/api/v1/metadata', '/api/v1/metadata?metric=total'],
      '/api/v1/status/buildinfo': ['/api/v1/status/buildinfo'],
      '/api/services': ['/api/services'],
      '/api/services/{service}/operations': ['/api/services/web%2Fshop/operations'],
      '/api/operations': ['/api/operations?service=payment', '/api/operations?service=payment&spanKind=client'],
      '/api/traces': ['/api/traces?service=payment', `/api/traces?traceID=${traceIdOf(1)}`],
      '/api/traces/{traceId}': [`/api/traces/${traceIdOf(1)}`],
      '/api/dependencies': [`/api/dependencies?endTs=${NOW / 1_000_000n}&lookback=86400000`],
    };
    expect(Object.keys(asked).sort()).toEqual(Object.keys(document.paths).sort());
    for (const [path, addresses] of Object.entries(asked)) {
      const reference = document.paths[path]!.get.responses['200']!.content['application/json']!.schema.$ref;
      const validate = ajv.compile({ $ref: `doc${reference}` });
      for (const address of addresses) {
        const answer = await get(address);
        expect(answer.status, `${address}: ${answer.body.toString()}`).toBe(200);
        validate(answer.json());
        expect(validate.errors, address).toBeNull();
      }
    }
    for (const [address, schema] of [
      ['/api/v1/traces?q=a%3D', 'ApiError'],
      ['/api/v1/nowhere', 'ApiError'],
      ['/api/traces', 'JaegerError'],
      ['/api/v1/query?query=rate(x)', 'PrometheusError'],
    ] as const) {
      const validate = ajv.compile({ $ref: `doc#/components/schemas/${schema}` });
      validate((await get(address)).json());
      expect(validate.errors, address).toBeNull();
    }
  });

  test('a trace comes back with its typed values, events, links, resources and scopes [F8]', async () => {
    const trace = (await get(`/api/v1/traces/${traceIdOf(1)}`)).json<TraceAnswer>();
    expect(trace.spans.map((span) => span.spanId)).toEqual([spanIdOf(1), spanIdOf(2)]);
    expect(trace.spans[0]).toEqual({
      spanId: spanIdOf(1),
      parentSpanId: '',
      name: 'POST /cart',
      kind: 'server',
      status: 'error',
      statusMessage: 'no stock',
      startUnixNano: String(NOW - 60n * SECOND),
      durationNano: 300_000_000,
      traceState: '',
      resource: 0,
      scope: 0,
      attributes: {
        'http.method': 'POST',
        'http.status_code': 500,
        ok: false,
        big: { $int: '9007199254740993' },
        ratio: 0.5,
        raw: { $bytes: 'AQI=' },
        list: [1, 'a', { $int: '9007199254740993' }],
        none: null,
        nan: { $double: 'NaN' },
        '1': 'digit key',
      },
      events: [
        { timeUnixNano: String(NOW - 60n * SECOND + 5n), name: 'exception', attributes: { 'exception.type': 'Error' } },
      ],
      links: [{ traceId: traceIdOf(9), spanId: spanIdOf(9), traceState: '', attributes: {} }],
    });
    expect(trace.resources).toEqual([
      { service: 'web/shop', attributes: { 'service.name': 'web/shop', 'service.version': '1.2' } },
      { service: 'payment', attributes: { 'service.name': 'payment' } },
    ]);
    expect(trace.spans[1]!.resource).toBe(1);
    expect(trace.scopes.map((scope) => scope.name).sort()).toEqual(['', 'fastify']);
  });

  test('log records and metrics come with what they say, and the status counts them [S7]', async () => {
    const { records } = (await get('/api/v1/logs?severity=error')).json<LogsAnswer>();
    expect(records).toMatchObject([
      { body: ['no', { $double: 'NaN' }], eventName: 'cart.refused', attributes: { k: { $bytes: 'AQ==' } } },
    ]);
    const ofTrace = (await get(`/api/v1/traces/${traceIdOf(1)}/logs`)).json<TraceLogsAnswer>();
    expect(ofTrace.records).toEqual(records);
    const { metrics } = (await get('/api/v1/metrics')).json<MetricsAnswer>();
    expect(metrics.map(({ name, newest }) => [name, newest.value])).toEqual([
      ['a/b', 1.5],
      ['time', 3],
      ['total', 3],
    ]);
    expect((await get('/api/v1/status')).json()).toMatchObject({ spans: 3, logRecords: 2, metricPoints: 3 });
  });

  test('services and operations are counted, entry spans give the percentiles', async () => {
    const { services } = (await get('/api/v1/services')).json<ServicesAnswer>();
    expect(services).toEqual([
      { name: 'payment', spans: 2, errors: 0, p50: 0, p95: 0, p99: 0 },
      { name: 'web/shop', spans: 1, errors: 1, p50: 300_000_000, p95: 300_000_000, p99: 300_000_000 },
    ]);
    const { operations } = (await get('/api/v1/services/payment/operations')).json<OperationsAnswer>();
    expect(operations.map(({ name, kind, spans }) => [name, kind, spans])).toEqual([
      ['SELECT', 'client', 1],
      ['late', 'internal', 1],
    ]);
  });

  test('the failing trace is found by status = error, whole, with the span that matched', async () => {
    const { traces } = (await get(`/api/v1/traces?q=${encodeURIComponent('status = error')}`)).json<TracesAnswer>();
    expect(traces).toEqual([
      {
        traceId: traceIdOf(1),
        rootService: 'web/shop',
        rootName: 'POST /cart',
        hasRoot: true,
        startUnixNano: String(NOW - 60n * SECOND),
        durationNano: 1_001_000_000,
        spans: 2,
        errors: 1,
        services: [
          { name: 'payment', spans: 1, errors: 0 },
          { name: 'web/shop', spans: 1, errors: 1 },
        ],
        matched: [
          { spanId: spanIdOf(1), service: 'web/shop', name: 'POST /cart', durationNano: 300_000_000, status: 'error' },
        ],
      },
    ]);
  });

  test('a trace without its root says so', async () => {
    const { traces } = (await get(`/api/v1/traces?q=name%3Dlate`)).json<TracesAnswer>();
    expect(traces[0]).toMatchObject({ hasRoot: false, rootName: 'late', rootService: 'payment' });
  });

  test('a trace named by its id is found however old it is', async () => {
    const later = await serveApi({ store: opened.store, now: () => NOW + 40n * 86_400n * SECOND });
    try {
      const none = await get('/api/v1/traces', { port: later.port });
      expect(none.json<TracesAnswer>().traces).toEqual([]);
      const found = await get(`/api/v1/traces?q=trace%3D${traceIdOf(1).toUpperCase()}`, { port: later.port });
      expect(found.json<TracesAnswer>().traces.map((trace) => trace.traceId)).toEqual([traceIdOf(1)]);
    } finally {
      await later.close();
    }
  });

  test('every answer says what it read', async () => {
    for (const path of [
      '/services',
      '/traces',
      '/histogram',
      '/red',
      '/attributes',
      '/attributes/service/values',
      '/differences',
      '/logs',
      '/metrics',
      '/metrics/total/series?kind=sum',
      '/metrics/total/query?kind=sum',
      '/span-metrics',
    ]) {
      const { stats } = (await get(`/api/v1${path}`)).json<{ stats: { rowsRead: number; elapsedMs: number } }>();
      expect(stats.rowsRead, path).toBeGreaterThan(0);
      expect(stats.elapsedMs, path).toBeGreaterThan(0);
    }
  });
});

describe('what is wrong with a question', () => {
  test.each([
    ['/api/v1/traces?q=a%3D', 400, 'bad-filter', /value is missing/],
    ['/api/v1/traces?q=name%3D~%22(%22', 400, 'bad-pattern', /The pattern \( cannot be read: missing \)/],
    ['/api/v1/traces?q=nothing%3Dhere&name=x', 400, 'bad-parameter', /no parameter "name"/],
    ['/api/v1/traces?limit=0', 400, 'bad-parameter', /from 1 to 200/],
    ['/api/v1/traces?sort=best', 400, 'bad-parameter', /newest, slowest/],
    ['/api/v1/traces?start=1795149538000', 400, 'bad-parameter', /nanoseconds/],
    ['/api/v1/traces?start=yesterday', 400, 'bad-parameter', /not a time/],
    [`/api/v1/traces?start=-${'9'.repeat(400)}d`, 400, 'bad-parameter', /not a time/],
    ['/api/v1/traces?end=9999-01-01T00:00:00Z', 400, 'bad-parameter', /beyond the year 2262/],
    ['/api/v1/traces?q=k%3E1e400', 400, 'bad-filter', /compares numbers/],
    ['/api/v1/traces?start=now&end=-1h', 400, 'bad-parameter', /before end/],
    ['/api/v1/traces?cursor=rubbish', 400, 'bad-cursor', /cannot be read/],
    ['/api/v1/traces/xyz', 400, 'bad-parameter', /32 hexadecimal/],
    [`/api/v1/traces/${'c'.repeat(32)}`, 404, 'no-such-trace', /Nothing of the trace/],
    ['/api/v1/red?step=1ns', 400, 'bad-parameter', /at most 2000 steps/],
    ['/api/v1/red?step=often', 400, 'bad-parameter', /must be a duration/],
    ['/api/v1/logs?severity=loud', 400, 'bad-parameter', /trace, debug, info, warn, error, fatal/],
    ['/api/v1/logs?q=a%20or', 400, 'bad-filter', /clause is missing/],
    ['/api/v1/logs/patterns?q=body%3D~%22(%22', 400, 'bad-pattern', /cannot be read/],
    ['/api/v1/logs?span=1', 400, 'bad-parameter', /16 hexadecimal/],
    ['/api/v1/logs?trace=1', 400, 'bad-parameter', /32 hexadecimal/],
    ['/api/v1/logs?limit=501', 400, 'bad-parameter', /from 1 to 500/],
    ['/api/v1/logs?cursor=rubbish', 400, 'bad-cursor', /cannot be read/],
    ['/api/v1/traces/xyz/logs', 400, 'bad-parameter', /32 hexadecimal/],
    ['/api/v1/metrics/a/series?kind=counter', 400, 'bad-parameter', /gauge, sum, histogram/],
    ['/api/v1/metrics/a/query?function=median', 400, 'bad-parameter', /quantile/],
    ['/api/v1/metrics/a/query?where=route', 400, 'bad-parameter', /no condition/],
    ['/api/v1/metrics/a/query?quantile=2', 400, 'bad-parameter', /from 0 to 1/],
    ['/api/v1/span-metrics?by=host', 400, 'bad-parameter', /service, operation, kind, version/],
    ['/api/v1/nowhere', 404, 'no-such-path', /nothing at \/api\/v1\/nowhere/],
  ])('%s is answered with %i and a sentence', async (path, status, code, message) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    const { error } = answer.json<ApiError>();
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test('a mistake in a filter has its position', async () => {
    expect((await get('/api/v1/histogram?q=x+status%3Dbad')).json<ApiError>().error.position).toBe(9);
  });

  test('an unknown path says what there is, and OTLP sent here where it belongs', async () => {
    expect((await get('/api/v1/nowhere')).json<ApiError>().error.hint).toMatch(/\/api\/v1\/traces,/);
    const sent = await get('/v1/traces', { method: 'POST' });
    expect(sent.status).toBe(405);
    expect(sent.headers.allow).toBe('GET, HEAD, OPTIONS');
    expect(sent.json<ApiError>().error.hint).toMatch(/4318/);
  });
});
