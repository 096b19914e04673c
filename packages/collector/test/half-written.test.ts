import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTraceReader } from '../src/process/read-traces.js';
import { TraceBlock } from '../src/process/trace-block.js';
import { createEmbeddedStore } from '../src/store/embedded-store.js';
import { brokenParts } from '../src/store/part-files.js';
import type { PreparedInsert, Store } from '../src/store/store.js';
import { buildEngineProcess } from './open-test-store.js';
import { serialRequest } from './serial-sender.js';
import { eventually } from './start-collector.js';

/*
 * What a full disk leaves: the engine takes no notice of what could not be written, and the files are empty (src/store/part-files.ts). Here they are emptied by hand, at the moments
 * that count; the disk itself is filled in disk-full.faults.test.ts.
 */

let dataDir: string;
let store: Store;
const said: string[] = [];
const open = async (): Promise<Store> =>
  createEmbeddedStore({
    dataDir,
    engineEntry: buildEngineProcess(),
    partsEveryMs: 100,
    onEvent: (message) => void said.push(message),
  });

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'throughline-half-'));
  said.length = 0;
  store = await open();
});
afterEach(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true, force: true });
});

function spans(from: number, count: number): PreparedInsert {
  const block = new TraceBlock();
  const request = serialRequest(Array.from({ length: count }, (_, at) => from + at));
  expect(createTraceReader().read(request, block, Date.now())).toMatchObject({ kind: 'read', accepted: count });
  const file = join(dataDir, `${from}.native`);
  writeFileSync(file, Buffer.concat(block.toNative()));
  return { table: 'otel_traces', file, rows: count, token: `token-${from}` };
}

async function counts(): Promise<readonly number[]> {
  const { rows } = await store.query<Record<'spans' | 'summed' | 'traces', string>>(
    `SELECT (SELECT count() FROM otel_traces) AS spans, (SELECT sum(arraySum(Spans)) FROM otel_traces_summaries) AS summed,
       (SELECT count() FROM otel_traces_trace_id_ts) AS traces`,
  );
  const [{ spans: all, summed, traces }] = rows as [Record<'spans' | 'summed' | 'traces', string>];
  return [all, summed, traces].map(Number);
}

async function partPath(table: string, level: 'inserted' | 'merged'): Promise<string> {
  const { rows } = await store.query<{ path: string }>(
    `SELECT path FROM system.parts WHERE database = currentDatabase() AND table = '${table}' AND active AND level ${level === 'inserted' ? '= 0' : '> 0'}
     ORDER BY min_block_number DESC LIMIT 1`,
  );
  return rows[0]!.path;
}

/** As a full disk does: the files are there. */
function emptyFiles(folder: string, keep: readonly string[] = []): void {
  for (const file of readdirSync(folder)) if (!keep.includes(file)) truncateSync(join(folder, file));
}

for (const table of ['otel_traces', 'otel_traces_summaries']) {
  test(`an insert whose part in ${table} came to nothing is made again when it is repeated, in the tables that lack it`, async () => {
    const insert = spans(1, 40);
    await store.insert(insert);
    const whole = await counts();
    expect(whole).toEqual([40, 40, 10]);
    const part = await partPath(table, 'inserted');
    await store.close();
    emptyFiles(part);
    store = await open();
    expect(said.join(' ')).toContain('were not whole');
    expect(await counts()).not.toEqual(whole);
    // The spool still has it: it is the first thing that is done.
    await store.insert(insert);
    expect(await counts()).toEqual(whole);
    await store.insert(insert);
    expect(await counts()).toEqual(whole);
  });
}

test('an insert is not done before its files are whole: what is shorter than the engine believes is written again', async () => {
  await store.insert(spans(1, 40));
  const part = await partPath('otel_traces', 'inserted');
  const data = join(part, 'data.bin');
  truncateSync(data, statSync(data).size - 1);
  // Looked at together with the next one, which was made within the same second.
  await expect(store.insert(spans(41, 40))).rejects.toMatchObject({ code: 'full', retryable: true });
  await store.insert(spans(1, 40));
  await store.insert(spans(41, 40));
  expect(await counts()).toEqual([80, 80, 20]);
  const { rows } = await store.query<{ n: string }>('SELECT uniqExact(SpanId) AS n FROM otel_traces');
  expect(Number(rows[0]!.n)).toBe(80);
});

test('parts that were merged into nothing are there again', async () => {
  for (let from = 1; from <= 161; from += 40) await store.insert(spans(from, 40));
  await store.command('OPTIMIZE TABLE otel_traces FINAL');
  emptyFiles(await partPath('otel_traces', 'merged'));
  await eventually(
    async () => said.join(' '),
    (text) => text.includes('goes on with what they were made of') && text.includes('The engine is back'),
    30_000,
  );
  expect(await counts()).toEqual([200, 200, 50]);
  const { rows } = await store.query<{ n: string }>('SELECT uniqExact(SpanId) AS n FROM otel_traces');
  expect(Number(rows[0]!.n)).toBe(200);
});

test('columns that are empty in every row, and so are their files, are whole', async () => {
  await store.command('ALTER TABLE otel_traces MODIFY SETTING min_bytes_for_wide_part = 0');
  for (let from = 1; from <= 161; from += 40) await store.insert(spans(from, 40));
  await store.command('OPTIMIZE TABLE otel_traces FINAL');
  const files = await partPath('otel_traces', 'merged');
  expect(readdirSync(files).some((file) => statSync(join(files, file)).size === 0)).toBe(true);
  // Looked at several times in between.
  for (let from = 201; from <= 361; from += 40) {
    await store.insert(spans(from, 40));
    await new Promise((done) => setTimeout(done, 120));
  }
  expect(said).toEqual([]);
  expect(await counts()).toEqual([400, 400, 100]);
});

test('a part without rows, which is what a day leaves behind when its time is over, is whole', async () => {
  await store.command('ALTER TABLE otel_logs MODIFY TTL toDateTime(Timestamp) + toIntervalDay(3)');
  await store.command("INSERT INTO otel_logs (Timestamp, Body) VALUES (now() - INTERVAL 10 DAY, 'gone')");
  await store.command('OPTIMIZE TABLE otel_logs FINAL');
  const left = await store.query(
    "SELECT 1 FROM system.parts WHERE database = currentDatabase() AND table = 'otel_logs' AND level > 0 AND rows = 0",
  );
  expect(left.rows).not.toEqual([]);
  expect(await brokenParts(async <Row>(sql: string) => (await store.query<Row>(sql)).rows, 'merged', 0)).toEqual([]);
});

test('a table whose definition is empty opens with the copy of it', async () => {
  await store.insert(spans(1, 40));
  const { rows } = await store.query<{ path: string }>(
    "SELECT metadata_path AS path FROM system.tables WHERE database = currentDatabase() AND name IN ('otel_traces', 'otel_logs')",
  );
  expect(rows).toHaveLength(2);
  await store.close();
  for (const { path } of rows) truncateSync(join(dataDir, 'engine', path.replace(/^.*\/engine\//, '')));
  store = await open();
  expect(said.join(' ')).toContain('Definitions of tables were empty');
  expect(await counts()).toEqual([40, 40, 10]);
});
