import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTraceReader } from '../../collector/src/process/read-traces.js';
import { TraceBlock } from '../../collector/src/process/trace-block.js';
import type { PreparedInsert, Store, StoreError } from '../../collector/src/store/store.js';

export interface OpenedStore {
  readonly store: Store;
  /** Another store on the same data, opened while the first is closed. */
  reopen(): Promise<Store>;
  /** Kills the engine below the store, as an out-of-memory would. */
  killEngine?(): Promise<void>;
  close(): Promise<void>;
}

export interface SuiteTools {
  /** One `ExportTraceServiceRequest` with spans of these ids, all starting at `atNano`. */
  readonly request: (
    spans: readonly { readonly traceId: string; readonly spanId: string; readonly atNano: bigint }[],
  ) => Uint8Array;
}

const DAY = 86_400_000_000_000n;
const NOW = 1_795_149_538_000_000_000n;

/** The table of spans, and those that views fill with a row for each trace of a block. */
const SPAN_TABLES = ['otel_traces', 'otel_traces_trace_id_ts', 'otel_traces_summaries'];

/** What every store must do, whatever carries its statements. */
export function describeStore(name: string, open: () => Promise<OpenedStore>, tools: SuiteTools): void {
  describe(`the store: ${name}`, () => {
    let opened: OpenedStore;
    let store: Store;
    let dir: string;
    let files = 0;

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'store-suite-'));
      opened = await open();
      store = opened.store;
    });
    afterAll(async () => {
      await opened?.close();
      rmSync(dir, { recursive: true, force: true });
    });

    function prepared(
      count: number,
      options: { from?: number; atNano?: (index: number) => bigint } = {},
    ): PreparedInsert {
      const { from = 0, atNano = () => NOW } = options;
      const spans = Array.from({ length: count }, (_, index) => ({
        traceId: `5${(from + index).toString(16).padStart(31, '0')}`,
        spanId: `6${(from + index).toString(16).padStart(15, '0')}`,
        atNano: atNano(index),
      }));
      const block = new TraceBlock();
      const read = createTraceReader().read(tools.request(spans), block, Number(NOW / 1_000_000n));
      if (read.kind !== 'read' || read.accepted !== count) throw new Error('the suite made a request that is not read');
      const bytes = Buffer.concat(block.toNative());
      const file = join(dir, `${++files}.native`);
      writeFileSync(file, bytes);
      return { table: 'otel_traces', file, rows: count, token: createHash('sha256').update(bytes).digest('hex') };
    }
    const count = async (table: string): Promise<number> =>
      Number((await store.query<{ n: string }>(`SELECT count() AS n FROM ${table}`)).rows[0]!.n);
    const empty = async (): Promise<void> => {
      for (const table of SPAN_TABLES) await store.command(`TRUNCATE TABLE ${table}`);
    };
    const failure = async (promise: Promise<unknown>): Promise<StoreError> => {
      const error = await promise.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error, 'it should have failed').toMatchObject({ name: 'StoreError' });
      return error as StoreError;
    };

    test('it says what it is, and is well', () => {
      expect(['embedded', 'cluster']).toContain(store.kind);
      expect(store.engineVersion).toMatch(/^\d+\.\d+/);
      expect(store.health()).toEqual({ healthy: true });
    });

    test("the exporter's tables are there with their columns, and the view that fills the small one", async () => {
      const { rows } = await store.query<{ name: string; type: string }>(
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'otel_traces'",
      );
      const types = Object.fromEntries(rows.map((row) => [row.name, row.type]));
      expect(types).toMatchObject({
        Timestamp: 'DateTime64(9)',
        TraceId: 'String',
        SpanName: 'LowCardinality(String)',
        ResourceAttributes: 'Map(LowCardinality(String), String)',
        SpanAttributes: 'Map(LowCardinality(String), String)',
        Duration: 'UInt64',
        'Events.Attributes': 'Array(Map(LowCardinality(String), String))',
        'Links.TraceId': 'Array(String)',
      });
      const tables = await store.query<{ name: string }>(
        'SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name',
      );
      expect(tables.rows.map((row) => row.name)).toEqual(
        expect.arrayContaining(['otel_traces', 'otel_traces_trace_id_ts', 'otel_traces_trace_id_ts_mv']),
      );
    });

    test('a prepared block becomes rows, in the table and through the view', async () => {
      await empty();
      await store.insert(prepared(1_000));
      for (const table of SPAN_TABLES) expect(await count(table), table).toBe(1_000);
      const { rows } = await store.query<{ at: string; id: string }>(
        'SELECT toUnixTimestamp64Nano(Timestamp) AS at, SpanId AS id FROM otel_traces ORDER BY SpanId LIMIT 1',
      );
      expect(rows).toEqual([{ at: String(NOW), id: '6'.padEnd(16, '0') }]);
    });

    test('the same token again changes nothing, neither in the table nor behind the view', async () => {
      await empty();
      const insert = prepared(50, { from: 10_000 });
      await store.insert(insert);
      await store.insert(insert);
      await Promise.all([store.insert(insert), store.insert(prepared(50, { from: 20_000 }))]);
      for (const table of SPAN_TABLES) expect(await count(table), table).toBe(100);
    });

    test('a block of several days is one insert and one token', async () => {
      await empty();
      const insert = prepared(60, { from: 30_000, atNano: (index) => NOW - BigInt(index % 6) * DAY });
      await store.insert(insert);
      await store.insert(insert);
      for (const table of SPAN_TABLES) expect(await count(table), table).toBe(60);
    });

    test('values reach a statement as they are, of every type and content', async () => {
      const text = `it's "quoted" \\ back\tslash\nnewline {p:String} %_ ünï😀 \u0000end`;
      const { rows } = await store.query<Record<string, unknown>>(
        'SELECT {text:String} AS text, {empty:String} AS empty, {int:Int64} AS int, {unsigned:UInt64} AS unsigned, {float:Float64} AS float, {list:Array(String)} AS list, {none:Array(String)} AS none, {numbers:Array(UInt32)} AS numbers, {yes:Bool} AS yes',
        {
          params: {
            text,
            empty: '',
            int: '-9223372036854775807',
            unsigned: '18446744073709551615',
            float: 0.1,
            list: ["a'b", '\\', ''],
            none: [],
            numbers: [1, 4294967295],
            yes: true,
          },
        },
      );
      expect(rows).toEqual([
        {
          text,
          empty: '',
          int: '-9223372036854775807',
          unsigned: '18446744073709551615',
          float: 0.1,
          list: ["a'b", '\\', ''],
          none: [],
          numbers: [1, 4294967295],
          yes: true,
        },
      ]);
    });

    test('what a query read is told', async () => {
      await empty();
      await store.insert(prepared(500, { from: 40_000 }));
      const { stats } = await store.query("SELECT count() FROM otel_traces WHERE SpanId != 'x'");
      expect(stats.rowsRead).toBe(500);
      expect(stats.bytesRead).toBeGreaterThan(500);
      expect(stats.elapsedMs).toBeGreaterThan(0);
    });

    test('mistakes in SQL are told from what may pass by itself', async () => {
      for (const sql of [
        'SELEKT 1',
        'SELECT nothing FROM otel_traces',
        'SELECT 1 FROM no_such_table',
        "SELECT match('a', '(')",
      ]) {
        const error = await failure(store.query(sql));
        expect([error.code, error.retryable], sql).toEqual(['bad-sql', false]);
        expect(error.message).not.toMatch(/\(version /);
      }
      expect((await failure(store.command('CREATE NOTHING'))).code).toBe('bad-sql');
      expect(await count('otel_traces')).toBeGreaterThanOrEqual(0);
    });

    test('a statement that takes too long is ended by the engine', async () => {
      const began = performance.now();
      const error = await failure(
        store.query('SELECT count() FROM numbers(1e13) WHERE sipHash64(number) = 1', { maxExecutionMs: 300 }),
      );
      expect([error.code, error.retryable]).toEqual(['timeout', true]);
      expect(performance.now() - began).toBeLessThan(8_000);
    });

    test('a statement whose caller leaves is stopped, not only forgotten', async () => {
      const leaving = new AbortController();
      const mark = `leaving-${Math.floor(performance.now())}`;
      const slow = store.query(`SELECT count(), '${mark}' FROM numbers(1e13) WHERE sipHash64(number) = 1`, {
        abort: leaving.signal,
      });
      const left = failure(slow);
      const rowsRead = async (): Promise<number> =>
        Number(
          (
            await store.query<{ n: string }>(
              `SELECT sum(read_rows) AS n FROM system.processes WHERE query LIKE '%${mark}%' AND query NOT LIKE '%system.processes%'`,
            )
          ).rows[0]!.n,
        );
      await expect.poll(rowsRead, { timeout: 5_000 }).toBeGreaterThan(0);
      leaving.abort();
      expect((await left).code).toBe('stopped');
      // The embedded engine keeps a stopped statement in its list until its session has another; what counts is that it reads no more.
      let before = -1;
      await expect
        .poll(
          async () => {
            const now = await rowsRead();
            const still = now === before;
            before = now;
            return still;
          },
          { timeout: 10_000, interval: 300 },
        )
        .toBe(true);
      const gone = await failure(store.query('SELECT 1', { abort: AbortSignal.abort() }));
      expect(gone.code).toBe('stopped');
    });

    test('many readers at once each get their own answer, while rows arrive', async () => {
      await empty();
      const inserting = (async () => {
        for (let round = 0; round < 5; round++) await store.insert(prepared(100, { from: 50_000 + round * 100 }));
      })();
      const answers = await Promise.all(
        Array.from({ length: 40 }, async (_, index) => {
          const { rows } = await store.query<{ mine: string; n: string }>(
            'SELECT {mine:String} AS mine, (SELECT count() FROM otel_traces) AS n, sum(number) FROM numbers(200000)',
            { params: { mine: `reader ${index}` } },
          );
          return rows[0]!;
        }),
      );
      await inserting;
      expect(answers.map((row) => row.mine)).toEqual(answers.map((_, index) => `reader ${index}`));
      // An insert is seen whole or not at all.
      for (const row of answers) expect(Number(row.n) % 100).toBe(0);
      expect(await count('otel_traces')).toBe(500);
    });

    test('slow questions do not keep quick ones waiting', async () => {
      const leaving = new AbortController();
      const slow = Array.from({ length: 2 }, () =>
        failure(
          store.query('SELECT count() FROM numbers(1e13) WHERE sipHash64(number) = 1', { abort: leaving.signal }),
        ),
      );
      const began = performance.now();
      for (let round = 0; round < 5; round++) await store.query('SELECT count() FROM otel_traces');
      const took = performance.now() - began;
      leaving.abort();
      await Promise.all(slow);
      expect(took).toBeLessThan(3_000);
    });

    test('an insert of what cannot be read fails and leaves nothing', async () => {
      await empty();
      const insert = prepared(10, { from: 60_000 });
      writeFileSync(insert.file, 'this is no block');
      await failure(store.insert(insert));
      expect((await failure(store.insert({ ...insert, file: join(dir, 'nowhere.native') }))).name).toBe('StoreError');
      expect(await count('otel_traces')).toBe(0);
      await store.insert(prepared(10, { from: 60_000 }));
      expect(await count('otel_traces')).toBe(10);
    });

    test('the engine dying is told as such, and it comes back with everything that was acknowledged', async () => {
      if (opened.killEngine === undefined) return;
      await empty();
      await store.insert(prepared(100, { from: 70_000 }));
      await opened.killEngine();
      await expect
        .poll(
          () =>
            count('otel_traces').catch((error: StoreError) => {
              expect([error.code, error.retryable]).toEqual(['away', true]);
              return undefined;
            }),
          { timeout: 15_000 },
        )
        .toBe(100);
      expect(store.health().healthy).toBe(true);
    });

    test('opened again, everything is there and nothing is migrated twice', async () => {
      await empty();
      await store.insert(prepared(20, { from: 80_000 }));
      await store.close();
      store = await opened.reopen();
      expect(await count('otel_traces')).toBe(20);
      const { rows } = await store.query<{ number: string; times: string }>(
        'SELECT number, count() AS times FROM throughline_migrations GROUP BY number HAVING times > 1',
      );
      expect(rows).toEqual([]);
      await store.close();
    });
  });
}
