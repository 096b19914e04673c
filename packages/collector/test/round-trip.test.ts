import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LogBlock } from '../src/process/log-block.js';
import { createMetricReader } from '../src/process/metrics/read-metrics.js';
import { createLogReader } from '../src/process/read-logs.js';
import { createTraceReader } from '../src/process/read-traces.js';
import { TraceBlock } from '../src/process/trace-block.js';
import { LOG_COLUMNS } from '../src/store/log-columns.js';
import {
  EXPONENTIAL_HISTOGRAM_COLUMNS,
  GAUGE_COLUMNS,
  HISTOGRAM_COLUMNS,
  SUM_COLUMNS,
  SUMMARY_COLUMNS,
} from '../src/store/metric-columns.js';
import type { TableName } from '../src/store/stored-tables.js';
import type { TableColumn } from '../src/store/table-columns.js';
import { TRACE_COLUMNS } from '../src/store/trace-columns.js';
import { arbitraryLogs } from './arbitrary-logs.js';
import { arbitraryMetrics } from './arbitrary-metrics.js';
import { arbitraryRequest } from './arbitrary-request.js';
import { createMetricBlocks } from './create-metric-blocks.js';
import { expectedLogRows } from './expected-log-rows.js';
import { expectedMetricRows } from './expected-metric-rows.js';
import { expectedRows, type Request, type Row } from './expected-rows.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { encodeLogs, encodeMetrics, encodeTraces } from './otlp-proto.js';

const RECEIVED = 1_795_149_538_000;

let opened: TestStore;
const directory = mkdtempSync(join(tmpdir(), 'throughline-round-'));
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(async () => {
  await opened.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Each column as text that loses nothing: times and 64-bit numbers in digits, maps as lists of pairs, texts in hex (JSON would hide bytes), doubles as bits. */
function expressionOf({ name, type }: TableColumn): string {
  const column = `\`${name}\``;
  const array = /^Array\((.*)\)$/.exec(type)?.[1];
  return array === undefined ? asText(type, column) : `arrayMap(x -> ${asText(array, 'x')}, ${column})`;
}
function asText(type: string, value: string): string {
  switch (type) {
    case 'DateTime64(9)':
      return `toString(toUnixTimestamp64Nano(${value}))`;
    case 'LowCardinality(String)':
    case 'String':
      return `hex(${value}::String)`;
    case 'Map(LowCardinality(String), String)':
      return `arrayMap((k, v) -> [hex(k), hex(v)], mapKeys(${value}), mapValues(${value}))`;
    case 'Float64':
      return `if(isNaN(${value}), 'NaN', toString(reinterpretAsUInt64(${value})))`;
    case 'UInt64':
    case 'Int64':
      return `toString(${value})`;
    default:
      return value;
  }
}
const hex = (value: unknown): string => Buffer.from(String(value)).toString('hex').toUpperCase();

function asRead(columns: readonly TableColumn[], row: Row): unknown[] {
  return columns.map(({ name, type }) => {
    const array = /^Array\((.*)\)$/.exec(type)?.[1];
    const value = row[name];
    return array === undefined ? plain(type, value) : (value as unknown[]).map((item) => plain(array, item));
  });
}
function plain(type: string, value: unknown): unknown {
  switch (type) {
    case 'DateTime64(9)':
    case 'UInt64':
    case 'Int64':
      return String(value);
    case 'LowCardinality(String)':
    case 'String':
      return hex(value);
    case 'Map(LowCardinality(String), String)':
      return (value as [string, string][]).map((pair) => pair.map(hex));
    case 'Float64': {
      if (Number.isNaN(value)) return 'NaN';
      const bits = Buffer.alloc(8);
      bits.writeDoubleLE(value as number);
      return String(bits.readBigUInt64LE());
    }
    default:
      return value;
  }
}

const order = (lines: unknown[][]): string[] => lines.map((line) => JSON.stringify(line)).sort();

/** The rows of a table with each value as `asRead` gives it. */
async function readTable(table: string, columns: readonly TableColumn[]): Promise<unknown[][]> {
  const selected = columns.map((column, index) => `${expressionOf(column)} AS c${index}`).join(', ');
  const { rows } = await opened.store.query<Record<string, unknown>>(`SELECT ${selected} FROM ${table}`);
  return rows.map((row) => columns.map((_, index) => row[`c${index}`]));
}

test('what is sent is what is kept: every column of any span, through the engine and back [B1 F8]', {
  timeout: 120_000,
}, async () => {
  const reader = createTraceReader();
  const block = new TraceBlock();
  const requests: Request[] = fc.sample(arbitraryRequest, { numRuns: 400, seed: 7 });
  // Several blocks in one file, as the spool writes them.
  const chunks: Uint8Array[] = [];
  requests.forEach((request, index) => {
    expect(reader.read(encodeTraces(request), block, 0)).toMatchObject({ kind: 'read', rejected: 0 });
    if (index % 40 !== 39) return;
    chunks.push(Buffer.concat(block.toNative()));
    block.clear();
  });
  const rows = requests.flatMap(expectedRows);
  const expected = rows.map((row) => asRead(TRACE_COLUMNS, row));
  const file = join(directory, 'blocks.native');
  writeFileSync(file, Buffer.concat(chunks));
  const insert = { table: 'otel_traces' as const, file, rows: rows.length, token: 'round-trip' };
  await opened.store.insert(insert);
  // The same again changes nothing, although the file holds many blocks and several days: neither here nor in the view's table.
  await opened.store.insert(insert);

  expect(order(await readTable('otel_traces', TRACE_COLUMNS))).toEqual(order(expected));

  const { rows: ranges } = await opened.store.query<{ traces: string; rows: string }>(
    'SELECT uniqExact(TraceId) AS traces, count() AS rows FROM otel_traces_trace_id_ts',
  );
  const traces = new Set(rows.map((row) => row.TraceId)).size;
  expect(Number(ranges[0]?.traces)).toBe(traces);
  // One row per trace and insert; more only where a trace lies in several days.
  expect(Number(ranges[0]?.rows)).toBeLessThan(traces * 1.5);
});

async function insertTwice(table: TableName, chunks: readonly Uint8Array[], rows: number): Promise<void> {
  const file = join(directory, `${table}.native`);
  writeFileSync(file, Buffer.concat(chunks));
  const insert = { table, file, rows, token: `round-trip-${table}` };
  await opened.store.insert(insert);
  await opened.store.insert(insert);
}

test('what is sent of logs is what is kept: every column of any record, through the engine and back [S7]', {
  timeout: 120_000,
}, async () => {
  const reader = createLogReader();
  const block = new LogBlock();
  const requests = fc.sample(arbitraryLogs, { numRuns: 150, seed: 8 });
  for (const request of requests)
    expect(reader.read(encodeLogs(request), block, RECEIVED)).toMatchObject({ kind: 'read', rejected: 0 });
  const rows = requests.flatMap((request) => expectedLogRows(request, BigInt(RECEIVED) * 1_000_000n));
  await insertTwice('otel_logs', block.toNative(), rows.length);
  const expected = rows.map((row) => asRead(LOG_COLUMNS, row));
  expect(order(await readTable('otel_logs', LOG_COLUMNS))).toEqual(order(expected));
});

test('what is sent of metrics is what is kept: every column of any point of any kind, through the engine and back [S7]', {
  timeout: 120_000,
}, async () => {
  const reader = createMetricReader();
  const blocks = createMetricBlocks();
  const requests = fc.sample(arbitraryMetrics, { numRuns: 150, seed: 9 });
  for (const request of requests)
    expect(reader.read(encodeMetrics(request), blocks, RECEIVED)).toMatchObject({ kind: 'read', rejected: 0 });
  const rows = expectedMetricRows(requests);
  for (const [kind, table, columns] of [
    ['gauge', 'otel_metrics_gauge', GAUGE_COLUMNS],
    ['sum', 'otel_metrics_sum', SUM_COLUMNS],
    ['histogram', 'otel_metrics_histogram', HISTOGRAM_COLUMNS],
    ['exponentialHistogram', 'otel_metrics_exp_histogram', EXPONENTIAL_HISTOGRAM_COLUMNS],
    ['summary', 'otel_metrics_summary', SUMMARY_COLUMNS],
  ] as const) {
    expect(rows[kind].length, kind).toBeGreaterThan(50);
    await insertTwice(table, blocks[kind].toNative(), rows[kind].length);
    // What is known of series depends on what came before: known-series.test.ts.
    const asked = columns.filter(({ name }) => name !== 'SeriesKnown');
    const expected = rows[kind].map((row) => asRead(asked, row));
    expect(order(await readTable(table, asked)), kind).toEqual(order(expected));
  }
});

test('one insert is one part per day', async () => {
  const { rows } = await opened.store.query<{ table: string; parts: string; days: string }>(
    `SELECT table, count() AS parts, uniqExact(partition) AS days FROM system.parts
     WHERE database = currentDatabase() AND match(table, '^otel_(traces|logs|metrics_(gauge|sum|histogram|exp_histogram|summary))$') AND active GROUP BY table`,
  );
  expect(rows.map((row) => row.parts)).toEqual(rows.map((row) => row.days));
  expect(rows.length).toBeGreaterThanOrEqual(7);
});
