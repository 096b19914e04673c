import { afterAll, beforeAll, expect, test } from 'vitest';
import { dropOldestDays, keepUnder } from '../src/store/keep-under.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantSpans, spanIdOf, traceIdOf } from './plant-spans.js';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

const DAY = 86_400_000_000_000n;
const midnight = ((BigInt(Date.now()) * 1_000_000n) / DAY) * DAY;
let lastId = 0;

/** Some hundred kilobytes that do not pack, so many days ago. */
async function plantDay(daysAgo: number): Promise<void> {
  const noise = (): string => Array.from({ length: 60 }, () => Math.random().toString(36).slice(2)).join('');
  await plantSpans(
    opened.store,
    Array.from({ length: 300 }, () => ({
      traceId: traceIdOf(++lastId),
      spanId: spanIdOf(lastId),
      atNano: midnight - BigInt(daysAgo) * DAY + 1_000n,
      attributes: { noise: noise() },
      types: 's',
    })),
  );
}

interface Kept {
  readonly day: string;
  readonly spans: string;
}
const ask = async <Row>(sql: string): Promise<Row[]> => (await opened.store.query<Row>(sql)).rows;
const daysOf = async (table: string, column: string): Promise<string[]> =>
  (await ask<Kept>(`SELECT toString(toDate(${column})) AS day FROM ${table} GROUP BY day ORDER BY day`)).map(
    ({ day }) => day,
  );
const bytesKept = async (): Promise<number> =>
  Number(
    (
      await ask<{ bytes: string }>(
        `SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND startsWith(table, 'otel_') AND database = currentDatabase()`,
      )
    )[0]!.bytes,
  );

test('beyond the size the oldest days go, from the table and from what its views made, and never today', async () => {
  for (const daysAgo of [0, 1, 2, 3]) await plantDay(daysAgo);
  const before = await bytesKept();
  expect(await dropOldestDays(opened.store, before)).toEqual({ days: [], bytes: before });

  // A byte too many is a day too many.
  const first = await dropOldestDays(opened.store, before - 1);
  expect(first.days).toHaveLength(1);
  expect(await bytesKept()).toBe(first.bytes);
  const days = await daysOf('otel_traces', 'Timestamp');
  expect(days).toHaveLength(3);
  expect(await daysOf('otel_traces_trace_id_ts', 'Start')).toEqual(days);
  expect(await daysOf('otel_traces_summaries', 'Start')).toEqual(days);

  const last = await dropOldestDays(opened.store, 1);
  expect(last.days).toHaveLength(2);
  expect(last.bytes).toBeGreaterThan(1);
  expect(await daysOf('otel_traces', 'Timestamp')).toEqual([days.at(-1)]);
});

test('in a running collector it is looked at again and again, said once, and what is impossible is said once', async () => {
  const said: string[] = [];
  const heard = (count: number) => expect.poll(() => said.length, { timeout: 30_000 }).toBe(count);
  const stop = keepUnder(opened.store, 1, (message, level) => void said.push(`${level}: ${message}`), 20);
  try {
    await heard(1);
    expect(said[0]).toMatch(/^warn: Today alone takes \d+ MiB/);
    await plantDay(5);
    await heard(2);
    expect(said[1]).toMatch(/^info: Forgot what was kept of \d{4}-\d\d-\d\d: beyond --max-size\./);
  } finally {
    stop();
  }
});
