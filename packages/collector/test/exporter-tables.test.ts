import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClickhouseFront, startClickhouseFront } from '../../testkit/src/clickhouse-front.js';
import { createTraceReader } from '../src/process/read-traces.js';
import { TraceBlock } from '../src/process/trace-block.js';
import type { HistogramAnswer, TraceAnswer, TracesAnswer } from '../src/shapes/api.js';
import { createClusterStore } from '../src/store/cluster-store.js';
import type { Store } from '../src/store/store.js';
import { encodeTraces } from './otlp-proto.js';
import { spanIdOf, traceIdOf } from './plant-spans.js';
import { type ServedApi, serveApi } from './serve-api.js';

/** The tables have a time limit, which goes by the real clock. */
const NOW = BigInt(Math.floor(Date.now() / 1000)) * 1_000_000_000n;
const MAP = 'Map(LowCardinality(String), String) CODEC(ZSTD(1))';

/** The tables as the OpenTelemetry Collector's ClickHouse exporter makes them, with three days of retention. */
const EXPORTER_TABLES = [
  `CREATE TABLE otel_traces (
    Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)), TraceId String CODEC(ZSTD(1)), SpanId String CODEC(ZSTD(1)),
    ParentSpanId String CODEC(ZSTD(1)), TraceState String CODEC(ZSTD(1)), SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)), ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes ${MAP}, ScopeName String CODEC(ZSTD(1)), ScopeVersion String CODEC(ZSTD(1)), SpanAttributes ${MAP},
    Duration UInt64 CODEC(ZSTD(1)), StatusCode LowCardinality(String) CODEC(ZSTD(1)), StatusMessage String CODEC(ZSTD(1)),
    Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    Links Nested (TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1
  ) ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
  TTL toDateTime(Timestamp) + toIntervalDay(3) SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`,
  `CREATE TABLE otel_traces_trace_id_ts (
    TraceId String CODEC(ZSTD(1)), Start DateTime CODEC(Delta, ZSTD(1)), End DateTime CODEC(Delta, ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1
  ) ENGINE = MergeTree PARTITION BY toDate(Start) ORDER BY (TraceId, Start)
  TTL toDateTime(Start) + toIntervalDay(3) SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`,
  `CREATE MATERIALIZED VIEW otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS
    SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End FROM otel_traces WHERE TraceId != '' GROUP BY TraceId`,
];
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
  for (const sql of [...EXPORTER_TABLES, EXPORTER_SPANS]) await statement(sql);
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

test('a time limit that somebody else gave the tables stays until one of ours is asked for', async () => {
  const limits = async (): Promise<string[]> => {
    const { rows } = await store.query<{ ddl: string }>(
      "SELECT create_table_query AS ddl FROM system.tables WHERE database = currentDatabase() AND match(name, '^otel_traces(_trace_id_ts|_summaries)?$')",
    );
    return rows.map(({ ddl }) => /toIntervalDay\(\d+\)/.exec(ddl)?.[0] ?? 'none');
  };
  expect(await limits()).toEqual(Array(3).fill('toIntervalDay(3)'));
  await (await createClusterStore({ url: front.url, retentionDays: 9 })).close();
  expect(await limits()).toEqual(Array(3).fill('toIntervalDay(9)'));
  await (await createClusterStore({ url: front.url })).close();
  expect(await limits()).toEqual(Array(3).fill('none'));
});
