import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogTails } from '../src/query/log-tail.js';
import { createReader } from '../src/query/reader.js';
import type { LogTailAnswer } from '../src/shapes/api.js';
import { StoreError } from '../src/store/store.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantLogs } from './plant-signals.js';
import { type ServedApi, serveApi } from './serve-api.js';

const START = 1_795_147_200_000_000_000n;
const DAY = 86_400_000_000_000n;

let opened: TestStore;
let api: ServedApi;
beforeAll(async () => {
  opened = await openTestStore();
  api = await serveApi({ store: opened.store });
}, 60_000);
afterAll(async () => {
  await api?.close();
  await opened?.close();
});

let planted = 0;
/** So many records, numbered on; `at`: when they say they were written. */
async function plant(count: number, at = START, service = 'shop'): Promise<readonly string[]> {
  const records = Array.from({ length: count }, (_, index) => ({
    timeUnixNano: at + BigInt(index),
    severityNumber: planted % 2 === 0 ? 17 : 9,
    body: { stringValue: `record ${++planted}` },
  }));
  await plantLogs(opened.store, service, records);
  return records.map(({ body }) => body.stringValue);
}
async function ask(parameters: Record<string, string>, signal?: AbortSignal): Promise<LogTailAnswer> {
  const response = await fetch(`${api.origin}/api/v1/logs/tail?${new URLSearchParams(parameters)}`, {
    signal: signal ?? null,
  });
  expect(response.status).toBe(200);
  return (await response.json()) as LogTailAnswer;
}
const bodies = ({ records }: LogTailAnswer): unknown[] => records.map(({ body }) => body);

test('a tail shows each record that is stored once, whatever its time, through merges and lost answers [S7]', {
  timeout: 60_000,
}, async () => {
  await plant(3);
  let { cursor } = await ask({});
  const expected: string[] = [];
  const shown: unknown[] = [];
  for (let round = 0; round < 12; round++) {
    // Of today, of a year ago, of tomorrow; several inserts between two answers, and merges of what was seen with what was not.
    expected.push(...(await plant(5, START + BigInt(round) * 1_000n)));
    if (round % 3 === 1) expected.push(...(await plant(2, START - 365n * DAY)));
    if (round % 4 === 2) expected.push(...(await plant(2, START + DAY)));
    if (round % 2 === 0) await opened.store.command('OPTIMIZE TABLE otel_logs FINAL');
    const answer = await ask({ cursor, wait: '1s' });
    // The answer gets lost: the same question again.
    const again = await ask({ cursor, wait: '1s' });
    expect(bodies(again)).toEqual(bodies(answer));
    shown.push(...bodies(answer));
    cursor = answer.cursor;
  }
  expect([...shown].sort()).toEqual([...expected].sort());
  expect(bodies(await ask({ cursor, wait: '1ms' }))).toEqual([]);
});

test('a tail waits for the next record, and passes over what does not match', { timeout: 60_000 }, async () => {
  const { cursor } = await ask({});
  const asked = ask({ cursor, service: 'wanted', q: 'record', wait: '30s' });
  await plant(2, START, 'other');
  const wanted = await plant(2, START, 'wanted');
  expect(bodies(await asked)).toEqual(wanted);
});

test('a tail begins with the newest records that are there, and goes on without a gap', {
  timeout: 60_000,
}, async () => {
  const late = await plant(4, START + 3n * DAY);
  const first = await ask({ backlog: '3' });
  expect(bodies(first)).toEqual(late.slice(1));
  const next = await plant(1);
  expect(bodies(await ask({ cursor: first.cursor, wait: '10s' }))).toEqual(next);
});

test('of more records than an answer holds the newest are shown, and the others counted', {
  timeout: 60_000,
}, async () => {
  const { cursor } = await ask({});
  const all = await plant(25);
  const answer = await ask({ cursor, limit: '10' });
  expect(bodies(answer)).toEqual(all.slice(15));
  expect(answer.leftOut).toBe(15);
});

test('those who wait are bounded, and one who leaves makes room', { timeout: 60_000 }, async () => {
  const { cursor } = await ask({});
  const gone = new AbortController();
  const waiting = Array.from({ length: 16 }, () => ask({ cursor, wait: '30s' }, gone.signal).catch(() => 'left'));
  const status = async () => (await fetch(`${api.origin}/api/v1/logs/tail?cursor=${cursor}&wait=1ms`)).status;
  await expect.poll(status, { timeout: 20_000 }).toBe(503);
  gone.abort();
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => 'left'));
  await expect.poll(status, { timeout: 20_000 }).toBe(200);
});

test('one who leaves while the store is asked for all who wait takes nobody with him', async () => {
  const tails = createLogTails();
  const { cursor } = await ask({});
  const question = { cursor, backlog: 0, limit: 10, waitMs: 1 };
  let leave = (_: StoreError): void => undefined;
  const left = new Promise<never>((_, failed) => {
    leave = failed;
  });
  const reader = createReader(opened.store);
  const leaving = tails.next(() => ({ ...reader, rows: () => left }), question, new AbortController().signal);
  const staying = tails.next(() => reader, question, new AbortController().signal);
  leave(new StoreError('stopped', 'The question was withdrawn.', false));
  await expect(leaving).rejects.toThrow('withdrawn');
  expect(JSON.parse(await staying)).toMatchObject({ records: [] });
});

test('a cursor that is none is refused', async () => {
  const response = await fetch(`${api.origin}/api/v1/logs/tail?cursor=rubbish`);
  expect(await response.json()).toMatchObject({ error: { code: 'bad-cursor' } });
});
