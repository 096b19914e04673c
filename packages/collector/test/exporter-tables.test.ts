import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClickhouseFront, startClickhouseFront } from '../../testkit/src/clickhouse-front.js';
import { createTraceReader } from '../src/process/read-traces.js';
import { TraceBlock } from '../src/process/trace-block.js';
import type {
  HistogramAnswer,
  LogsAnswer,
  MetricKind,
  MetricSeriesAnswer,
  MetricsAnswer,
  TraceAnswer,
  TracesAnswer,
} from '../src/shapes/api.js';
import { createClusterStore } from '../src/store/cluster-store.js';
import type { PreparedInsert, Store } from '../src/store/store.js';
import { EXPORTER_TABLES } from './exporter-tables.js';
import { encodeTraces } from './otlp-proto.js';
import { plantLogs, plantMetrics } from './plant-signals.js';
import { spanIdOf, traceIdOf } from './plant-spans.js';
import { type ServedApi, serveApi } from './serve-api.js';

/** The tables have a time limit, which goes by the real clock. */
const NOW = BigInt(Math.floor(Date.now() / 1000)) * 1_000_000_000n;
const EXPORTER_SPANS = `INSERT INTO otel_traces SETTINGS async_insert = 0 FORMAT JSONEachRow ${JSON.stringify({
  Timestamp: `${NOW / 1_000_000_000n - 60n}.5`,
  TraceId: traceIdOf(1),
  SpanId: spanIdOf(1),
  SpanName: 'GET /cart',
  SpanKind: 'Server',
  ServiceName: 'shop',
  ResourceAttributes: { 'service.name': 'shop' },
  ScopeName: 'net/http',
  SpanAttributes: { 'http.response.status_code': '500' },
  Duration: 7_000_000,
  StatusCode: 'Error',
  StatusMessage: 'broken',
  'Events.Timestamp': [`${NOW / 1_000_000_000n - 60n}.6`],
  'Events.Name': ['exception'],
  'Events.Attributes': [{ 'exception.type': 'Oops' }],
  'Links.TraceId': [traceIdOf(9)],
  'Links.SpanId': [spanIdOf(9)],
  'Links.TraceState': [''],
  'Links.Attributes': [{}],
})}`;

const row = (table: string, values: Readonly<Record<string, unknown>>): string =>
  `INSERT INTO ${table} SETTINGS async_insert = 0 FORMAT JSONEachRow ${JSON.stringify(values)}`;

const LOG_RECORD = row('otel_logs', {
  Timestamp: `${NOW / 1_000_000_000n - 60n}.25`,
  TraceId: traceIdOf(1),
  SpanId: spanIdOf(1),
  TraceFlags: 1,
  SeverityText: 'ERROR',
  SeverityNumber: 17,
  ServiceName: 'shop',
  Body: 'the card was declined',
  ResourceAttributes: { 'service.name': 'shop' },
  ScopeName: 'net/http',
  LogAttributes: { 'card.kind': 'debit' },
});

const POINT_AT = NOW / 1_000_000_000n - 30n;
const point = (table: string, name: string, unit: string, values: Readonly<Record<string, unknown>>): string =>
  row(table, {
    ResourceAttributes: { 'service.name': 'shop' },
    ServiceName: 'shop',
    MetricName: name,
    MetricUnit: unit,
    Attributes: { method: 'GET' },
    StartTimeUnix: String(POINT_AT - 60n),
    TimeUnix: String(POINT_AT),
    ...values,
  });
const MEASURED = { Count: '4', Sum: 10, Min: 1, Max: 4 };
const POINTS = [
  point('otel_metrics_gauge', 'queue.length', '{item}', { Value: 7 }),
  point('otel_metrics_sum', 'orders', '{order}', { Value: 12, AggregationTemporality: 2, IsMonotonic: true }),
  point('otel_metrics_histogram', 'wait', 's', {
    ...MEASURED,
    AggregationTemporality: 2,
    BucketCounts: ['1', '3'],
    ExplicitBounds: [1],
  }),
  point('otel_metrics_exp_histogram', 'size', 'By', {
    ...MEASURED,
    AggregationTemporality: 2,
    PositiveBucketCounts: ['4'],
  }),
  point('otel_metrics_summary', 'old.wait', 's', {
    Count: '4',
    Sum: 10,
    'ValueAtQuantiles.Quantile': [0.5],
    'ValueAtQuantiles.Value': [2],
  }),
];

let front: ClickhouseFront;
let store: Store;
let api: ServedApi;
const scratch = mkdtempSync(join(tmpdir(), 'throughline-exporter-'));

async function statement(sql: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${front.port}/?database=default`, { method: 'POST', body: sql });
  if (!response.ok) throw new Error(await response.text());
}

beforeAll(async () => {
  front = await startClickhouseFront();
  for (const sql of [...EXPORTER_TABLES, EXPORTER_SPANS, LOG_RECORD, ...POINTS]) await statement(sql);
  store = await createClusterStore({ url: front.url });
  api = await serveApi({ store, now: () => NOW });
}, 60_000);
afterAll(async () => {
  await api?.close();
  await store?.close();
  await front?.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(`${api.origin}${path}`);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Answer;
}

test('what the exporter wrote is searched, counted and shown [F8]', async () => {
  const { traces } = await ask<TracesAnswer>('/api/v1/traces?q=status%3Derror%20http.response.status_code%3E499');
  expect(traces).toMatchObject([{ traceId: traceIdOf(1), rootService: 'shop', rootName: 'GET /cart', errors: 1 }]);
  const trace = await ask<TraceAnswer>(`/api/v1/traces/${traceIdOf(1)}`);
  expect(trace).toMatchObject({
    resources: [{ service: 'shop', attributes: { 'service.name': 'shop' } }],
    scopes: [{ name: 'net/http' }],
    spans: [
      {
        kind: 'server',
        status: 'error',
        statusMessage: 'broken',
        attributes: { 'http.response.status_code': '500' },
        events: [{ name: 'exception', attributes: { 'exception.type': 'Oops' } }],
        links: [{ traceId: traceIdOf(9), spanId: spanIdOf(9) }],
      },
    ],
  });
  const { count } = await ask<HistogramAnswer>('/api/v1/histogram');
  expect(count.reduce((sum, each) => sum + each, 0)).toBe(1);
  for (const path of ['services', 'services/shop/operations', 'attributes', 'differences?minDuration=1ms', 'red']) {
    await ask(`/api/v1/${path}`);
  }
  await ask(`/api/traces/${traceIdOf(1)}`);
});

test('its tables take our spans beside its own, and an insert that is repeated changes nothing', async () => {
  const block = new TraceBlock();
  const bytes = encodeTraces({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {
                traceId: Buffer.from(traceIdOf(1), 'hex'),
                spanId: Buffer.from(spanIdOf(2), 'hex'),
                parentSpanId: Buffer.from(spanIdOf(1), 'hex'),
                name: 'SELECT',
                attributes: [{ key: 'rows', value: { intValue: '3' } }],
                startTimeUnixNano: String(NOW - 59_000_000_000n),
                endTimeUnixNano: String(NOW - 58_000_000_000n),
              },
            ],
          },
        ],
      },
    ],
  });
  expect(createTraceReader().read(bytes, block, Number(NOW / 1_000_000n))).toMatchObject({ kind: 'read', accepted: 1 });
  const file = join(scratch, 'ours.native');
  writeFileSync(file, Buffer.concat(block.toNative()));
  for (let i = 0; i < 2; i++) await store.insert({ table: 'otel_traces', file, rows: 1, token: 'tl-ours' });
  const { spans } = await ask<TraceAnswer>(`/api/v1/traces/${traceIdOf(1)}`);
  expect(spans.map((span) => [span.name, span.attributes])).toEqual([
    ['GET /cart', { 'http.response.status_code': '500' }],
    ['SELECT', { rows: 3 }],
  ]);
  const { rows } = await store.query('SELECT count() AS n FROM otel_traces_trace_id_ts');
  expect(rows).toEqual([{ n: '2' }]);
});

/** Each insert twice, as after a crash before its file was removed. */
const insertingTwice = {
  async insert(insert: PreparedInsert) {
    await store.insert(insert);
    await store.insert(insert);
  },
};

test("the exporter's log records are found, and ours come beside them once [F8 S7]", async () => {
  const first = await ask<LogsAnswer>('/api/v1/logs?q=declined&severity=error');
  expect(first.resources).toMatchObject([{ service: 'shop' }]);
  expect(first.records).toMatchObject([
    {
      body: 'the card was declined',
      severityNumber: 17,
      traceId: traceIdOf(1),
      timeUnixNano: String(NOW - 59_750_000_000n),
      attributes: { 'card.kind': 'debit' },
    },
  ]);
  await plantLogs(insertingTwice, 'shop', [
    { timeUnixNano: NOW - 50_000_000_000n, severityNumber: 9, body: { stringValue: 'another card' } },
  ]);
  const both = await ask<LogsAnswer>('/api/v1/logs?service=shop');
  expect(both.records.map(({ body }) => body)).toEqual(['another card', 'the card was declined']);
  const ofTrace = await ask<LogsAnswer>(`/api/v1/traces/${traceIdOf(1)}/logs`);
  expect(ofTrace.records).toHaveLength(1);
});

test("the exporter's metrics of every kind are listed and drawn, and ours come beside them once [F8 S7]", async () => {
  const kinds: Readonly<Record<string, MetricKind>> = {
    'old.wait': 'summary',
    orders: 'sum',
    'queue.length': 'gauge',
    size: 'exponential-histogram',
    wait: 'histogram',
  };
  const timeUnixNano = String(POINT_AT * 1_000_000_000n);
  const { metrics } = await ask<MetricsAnswer>('/api/v1/metrics');
  expect(metrics.map(({ name, kind, newest, points }) => [name, kind, newest, points])).toEqual([
    ['old.wait', 'summary', { timeUnixNano, value: 10, count: 4 }, 1],
    ['orders', 'sum', { timeUnixNano, value: 12 }, 1],
    ['queue.length', 'gauge', { timeUnixNano, value: 7 }, 1],
    ['size', 'exponential-histogram', { timeUnixNano, value: 10, count: 4 }, 1],
    ['wait', 'histogram', { timeUnixNano, value: 10, count: 4 }, 1],
  ]);
  const time = { startTimeUnixNano: NOW - 90_000_000_000n, timeUnixNano: NOW - 20_000_000_000n };
  const measured = { ...time, count: 2n, sum: 5 };
  await plantMetrics(insertingTwice, 'pay', [
    { name: 'queue.length', gauge: { dataPoints: [{ ...time, asDouble: 3 }] } },
    { name: 'orders', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ ...time, asInt: 5n }] } },
    { name: 'wait', histogram: { aggregationTemporality: 2, dataPoints: [{ ...measured, bucketCounts: [2n] }] } },
    { name: 'size', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ ...measured, scale: 1 }] } },
    { name: 'old.wait', summary: { dataPoints: [measured] } },
  ]);
  for (const [name, kind] of Object.entries(kinds)) {
    const { series } = await ask<MetricSeriesAnswer>(`/api/v1/metrics/${name}/series?kind=${kind}`);
    const totals = series.map(({ service, values }) => [service, values.filter((value) => value !== null)]);
    const isNumber = kind === 'gauge' || kind === 'sum';
    const ours = isNumber ? (kind === 'gauge' ? 3 : 5) : 5;
    const theirs = isNumber ? (kind === 'gauge' ? 7 : 12) : 10;
    expect(totals, name).toEqual([
      ['pay', [ours]],
      ['shop', [theirs]],
    ]);
  }
  const again = await ask<MetricsAnswer>('/api/v1/metrics');
  expect(again.metrics.map(({ points }) => points)).toEqual([2, 2, 2, 2, 2]);
});

test('a time limit that somebody else gave the tables stays until one of ours is asked for', async () => {
  const limits = async (): Promise<string[]> => {
    const { rows } = await store.query<{ ddl: string }>(
      "SELECT create_table_query AS ddl FROM system.tables WHERE database = currentDatabase() AND match(name, '^otel_') AND engine = 'MergeTree'",
    );
    return rows.map(({ ddl }) => /toIntervalDay\(\d+\)/.exec(ddl)?.[0] ?? 'none');
  };
  expect(await limits()).toEqual(Array(9).fill('toIntervalDay(3)'));
  await (await createClusterStore({ url: front.url, retentionDays: 9 })).close();
  expect(await limits()).toEqual(Array(9).fill('toIntervalDay(9)'));
  await (await createClusterStore({ url: front.url })).close();
  expect(await limits()).toEqual(Array(9).fill('none'));
});
