import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTraceReader } from '../src/process/read-traces.js';
import { TraceBlock } from '../src/process/trace-block.js';
import { TRACE_COLUMNS } from '../src/store/trace-columns.js';
import { arbitraryRequest } from './arbitrary-request.js';
import { expectedRows, type Request, type Row } from './expected-rows.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { encodeTraces } from './otlp-proto.js';

let opened: TestStore;
const directory = mkdtempSync(join(tmpdir(), 'throughline-round-'));
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(async () => {
  await opened.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Each column as text that loses nothing: times and 64-bit numbers in digits, maps as lists of pairs, texts in hex (JSON would hide bytes). */
const EXPRESSIONS = TRACE_COLUMNS.map(({ name, type }) => {
  const column = `\`${name}\``;
  const bare = type.replace('LowCardinality(String)', 'String');
  if (type === 'DateTime64(9)') return `toString(toUnixTimestamp64Nano(${column}))`;
  if (type === 'Array(DateTime64(9))') return `arrayMap(x -> toString(toUnixTimestamp64Nano(x)), ${column})`;
  if (bare === 'String') return `hex(${column})`;
  if (bare === 'Array(String)') return `arrayMap(x -> hex(x), ${column})`;
  const pairs = (map: string) => `arrayMap((k, v) -> [hex(k), hex(v)], mapKeys(${map}), mapValues(${map}))`;
  if (type.startsWith('Map(')) return pairs(column);
  if (type.startsWith('Array(Map(')) return `arrayMap(m -> ${pairs('m')}, ${column})`;
  return column;
});
const hex = (value: unknown): string => Buffer.from(String(value)).toString('hex').toUpperCase();

function asRead(row: Row): unknown[] {
  return TRACE_COLUMNS.map(({ name, type }) => {
    const value = row[name];
    const deep = (item: unknown): unknown =>
      Array.isArray(item) ? item.map(deep) : typeof item === 'string' ? hex(item) : item;
    if (type.includes('DateTime64')) return Array.isArray(value) ? value.map(String) : String(value);
    if (type === 'UInt64') return String(value);
    return deep(value);
  });
}

test('what is sent is what is kept: every column of any span, through the engine and back [B1 F8]', {
  timeout: 120_000,
}, async () => {
  const reader = createTraceReader();
  const block = new TraceBlock();
  const requests: Request[] = fc.sample(arbitraryRequest, { numRuns: 400, seed: 7 });
  let expected: unknown[][] = [];
  // Several blocks in one file, as the spool writes them.
  const chunks: Uint8Array[] = [];
  requests.forEach((request, index) => {
    expect(reader.read(encodeTraces(request), block, 0)).toMatchObject({ kind: 'read', rejected: 0 });
    if (index % 40 !== 39) return;
    chunks.push(Buffer.concat(block.toNative()));
    block.clear();
  });
  const rows = requests.flatMap(expectedRows);
  expected = rows.map(asRead);
  const file = join(directory, 'blocks.native');
  writeFileSync(file, Buffer.concat(chunks));
  const insert = { table: 'otel_traces', file, rows: rows.length, token: 'round-trip' };
  await opened.store.insert(insert);
  // The same again changes nothing, although the file holds many blocks and several days: neither here nor in the view's table.
  await opened.store.insert(insert);

  const { rows: read } = await opened.store.query<Record<string, unknown>>(
    `SELECT ${EXPRESSIONS.map((expression, index) => `${expression} AS c${index}`).join(', ')} FROM otel_traces`,
  );
  const order = (lines: unknown[][]): string[] => lines.map((line) => JSON.stringify(line)).sort();
  expect(order(read.map((row) => EXPRESSIONS.map((_, index) => row[`c${index}`])))).toEqual(order(expected));

  const { rows: ranges } = await opened.store.query<{ traces: string; rows: string }>(
    'SELECT uniqExact(TraceId) AS traces, count() AS rows FROM otel_traces_trace_id_ts',
  );
  const traces = new Set(rows.map((row) => row.TraceId)).size;
  expect(Number(ranges[0]?.traces)).toBe(traces);
  // One row per trace and insert; more only where a trace lies in several days.
  expect(Number(ranges[0]?.rows)).toBeLessThan(traces * 1.5);
});

test('one insert is one part per day', async () => {
  const { rows } = await opened.store.query<{ parts: string; days: string }>(
    "SELECT count() AS parts, uniqExact(partition) AS days FROM system.parts WHERE database = currentDatabase() AND table = 'otel_traces' AND active",
  );
  expect(rows[0]?.parts).toBe(rows[0]?.days);
});
