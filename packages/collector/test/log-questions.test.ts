import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLogFilter } from '../src/query/log-filter-sql.js';
import { logHistogram } from '../src/query/log-histogram.js';
import { logPatterns } from '../src/query/log-patterns.js';
import { createReader } from '../src/query/reader.js';
import { type LogSearch, searchLogs } from '../src/query/search-logs.js';
import { traceLogs } from '../src/query/trace-logs.js';
import type { LogRecordDetail, LogsAnswer, TraceLogsAnswer } from '../src/shapes/api.js';
import { patternClause } from '../src/shapes/log-pattern.js';
import type { LogRecord } from './expected-log-rows.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantLogs } from './plant-signals.js';
import { plantSpans, spanIdOf, traceIdOf } from './plant-spans.js';

const START = 1_795_147_200_000_000_000n;
const SECOND = 1_000_000_000n;
const range = { startNano: START, endNano: START + 3_600n * SECOND };
/** Without what arrives later. */
const early = { startNano: START, endNano: START + 2_400n * SECOND };
const id = (hex: string): Uint8Array => Buffer.from(hex, 'hex');

/** Every second one record; every tenth an error of trace 1; bursts of one time, and some that are the same in everything. */
const SHOP: readonly LogRecord[] = Array.from({ length: 240 }, (_, index): LogRecord => {
  const isError = index % 10 === 9;
  const burst = index >= 100 && index < 160;
  return {
    timeUnixNano: START + BigInt(burst ? 100 : index) * SECOND,
    severityNumber: isError ? 17 : 9,
    severityText: isError ? 'ERROR' : 'INFO',
    body: {
      stringValue: index >= 120 && index < 130 ? 'the same' : `Order ${index} ${isError ? 'DECLINED' : 'taken'}`,
    },
    ...(isError && !burst
      ? { traceId: id(traceIdOf(1)), spanId: id(spanIdOf(index % 20 === 9 ? 1 : 2)), flags: 1 }
      : {}),
  };
});

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  await plantLogs(opened.store, 'shop', SHOP);
  await plantLogs(opened.store, 'payment', [
    {
      timeUnixNano: START + 50n * SECOND + 1n,
      observedTimeUnixNano: START + 51n * SECOND,
      severityNumber: 13,
      body: { kvlistValue: { values: [{ key: 'card', value: { intValue: 2n ** 60n } }] } },
      eventName: 'card.retried',
      attributes: [{ key: 'attempt', value: { intValue: 2n } }],
      droppedAttributesCount: 3,
    },
    { timeUnixNano: START + 52n * SECOND, attributes: [{ key: 'a', value: { boolValue: true } }] },
    // Of a trace whose spans nobody keeps, days later.
    { timeUnixNano: START + 5n * 86_400n * SECOND, traceId: id(traceIdOf(2)), body: { stringValue: 'late' } },
    // Of trace 1, but long after it: not looked for.
    { timeUnixNano: START + 2n * 86_400n * SECOND, traceId: id(traceIdOf(1)), body: { stringValue: 'too late' } },
  ]);
  await plantSpans(opened.store, [
    { traceId: traceIdOf(1), spanId: spanIdOf(1), atNano: START + 9n * SECOND, durationNano: 10n * SECOND },
    { traceId: traceIdOf(1), spanId: spanIdOf(2), atNano: START + 239n * SECOND, durationNano: 1n },
  ]);
}, 60_000);
afterAll(async () => {
  await opened?.close();
});

const filtered = (filterText: string): Pick<LogSearch, 'filter' | 'filterText'> => ({
  filter: readLogFilter(filterText),
  filterText,
});
async function ask(search: Partial<LogSearch> = {}): Promise<LogsAnswer> {
  return JSON.parse(await searchLogs(createReader(opened.store), { range, limit: 100, ...search })) as LogsAnswer;
}
async function allPages(
  search: Partial<LogSearch>,
  between?: (page: number) => Promise<void>,
): Promise<LogRecordDetail[]> {
  const records: LogRecordDetail[] = [];
  let cursor: string | undefined;
  for (let page = 0; ; page++) {
    const answer = await ask({ ...search, cursor });
    records.push(...answer.records);
    if (answer.nextCursor === undefined) return records;
    expect(answer.records).toHaveLength(search.limit ?? 100);
    cursor = answer.nextCursor;
    await between?.(page);
  }
}
const bodies = (records: readonly LogRecordDetail[]): unknown[] => records.map((record) => record.body);

test('log records come newest first, each with its values, its resource and its scope [S7]', async () => {
  const { records, resources, scopes } = await ask({ service: 'payment' });
  expect(resources).toEqual([{ service: 'payment', attributes: { 'service.name': 'payment' } }]);
  expect(scopes).toEqual([{ name: 'test', version: '' }]);
  expect(records).toEqual([
    {
      timeUnixNano: String(START + 52n * SECOND),
      severityNumber: 0,
      severityText: '',
      body: null,
      traceId: '',
      spanId: '',
      resource: 0,
      scope: 0,
      attributes: { a: true },
    },
    {
      timeUnixNano: String(START + 50n * SECOND + 1n),
      observedUnixNano: String(START + 51n * SECOND),
      severityNumber: 13,
      severityText: '',
      body: { card: { $int: '1152921504606846976' } },
      eventName: 'card.retried',
      traceId: '',
      spanId: '',
      resource: 0,
      scope: 0,
      attributes: { attempt: 2 },
      droppedAttributes: 3,
    },
  ]);
});

test('pages of any size hold every record once, in one order, while others arrive [S7]', {
  timeout: 60_000,
}, async () => {
  const whole = bodies((await ask({ limit: 500 })).records);
  expect(whole).toHaveLength(242);
  for (const limit of [13, 59, 60, 61, 121, 242]) {
    const paged = bodies(await allPages({ limit }));
    expect(paged, `by ${limit}`).toEqual(whole);
  }
  let arrived = 0;
  const meanwhile = bodies(
    await allPages({ limit: 50 }, async (page) => {
      // Newer than everything shown, and after the end of the range.
      await plantLogs(opened.store, 'late', [
        { timeUnixNano: START + 3_000n * SECOND + BigInt(page), body: { stringValue: `arrived ${arrived++}` } },
      ]);
    }),
  );
  expect(arrived).toBeGreaterThan(2);
  expect(meanwhile).toEqual(whole);
});

test('records are found by service, least severity, trace and span', async () => {
  const counts = await Promise.all(
    [
      { service: 'shop' },
      { service: 'nobody' },
      { leastSeverity: 13 },
      { leastSeverity: 17, service: 'shop' },
      { traceId: traceIdOf(1) },
      { traceId: traceIdOf(1), spanId: spanIdOf(2) },
    ].map(async (search) => (await ask({ ...search, limit: 500 })).records.length),
  );
  expect(counts).toEqual([240, 0, 25, 24, 18, 9]);
});

test.each([
  ['declined', 23],
  ['DECLINED taken', 0],
  ['declined or taken', 230],
  ['not declined', 219],
  ['-declined service=shop', 217],
  ['"order 23"', 1],
  ['"order 23*"', 11],
  ['order-23', 0],
  ['orde', 0],
  ['*rder', 230],
  ['(declined or "the same") severity>=error', 24],
  ['severity=error', 24],
  ['severity!=error service=shop', 216],
  ['severity<debug', 1],
  ['retried', 1],
  ['event=card.retried', 1],
  ['event=~"^card"', 1],
  ['attempt=2', 1],
  ['attempt>=2 -attempt>2', 1],
  ['log.attempt?', 1],
  ['resource.attempt?', 0],
  ['service.name=payment', 2],
  ['body="the same"', 10],
  ['body=~"^Order 1\\\\d\\\\d "', 90],
  [`trace=${'0'.repeat(31)}1 or attempt=2`, 1],
  ['card', 1],
  ['"it\'s \\\\ a \'quote"', 0],
  ['not (severity=info or severity=error)', 2],
])('the filter of log records %s finds %i [S7]', async (q, count) => {
  expect((await ask({ ...filtered(q), range: early, limit: 500 })).records).toHaveLength(count);
});

test('words of any script are found in any case, as whole words, by their beginning and by their end', async () => {
  const day = { startNano: START + 20n * 86_400n * SECOND, endNano: START + 21n * 86_400n * SECOND };
  await plantLogs(
    opened.store,
    'words',
    [
      'Größe ÜBER 17_x',
      'größe',
      'Заказ принят',
      'a.b.c-d',
      'under_score',
      '日本語 テキスト',
      'took 5ms',
      'line\nbreak',
    ].map((stringValue, index) => ({ timeUnixNano: day.startNano + BigInt(index), body: { stringValue } })),
  );
  const found = async (q: string) => bodies((await ask({ ...filtered(q), range: day })).records);
  expect(await found('GRÖSSE')).toEqual([]);
  expect(await found('GRÖßE')).toEqual(['größe', 'Größe ÜBER 17_x']);
  expect(await found('über')).toEqual(['Größe ÜBER 17_x']);
  expect(await found('ЗАКАЗ')).toEqual(['Заказ принят']);
  expect(await found('b.c')).toEqual(['a.b.c-d']);
  expect(await found('b-c')).toEqual([]);
  expect(await found('score')).toEqual(['under_score']);
  expect(await found('under_score')).toEqual(['under_score']);
  expect(await found('17')).toEqual(['Größe ÜBER 17_x']);
  expect(await found('日本*')).toEqual(['日本語 テキスト']);
  expect(await found('5ms')).toEqual(['took 5ms']);
  expect(await found('*ms')).toEqual(['took 5ms']);
  expect(await found('"line break"')).toEqual([]);
  expect(await found('"line\\nbreak"')).toEqual(['line\nbreak']);
  expect(await found('"..."')).toEqual([]);
  expect(await found('"."')).toEqual(['a.b.c-d']);
});

test('a rare word is looked for in what the index lets through, not in every record [S7]', async () => {
  const day = { startNano: START + 30n * 86_400n * SECOND, endNano: START + 31n * 86_400n * SECOND };
  const records = Array.from({ length: 40_000 }, (_, index) => ({
    timeUnixNano: day.startNano + BigInt(index),
    body: { stringValue: index === 12_345 ? 'the NEEDLE itself' : `straw ${index % 97}` },
  }));
  await plantLogs(opened.store, 'hay', records);
  const reader = createReader(opened.store);
  const answer = JSON.parse(await searchLogs(reader, { range: day, limit: 10, ...filtered('needle') })) as LogsAnswer;
  expect(bodies(answer.records)).toEqual(['the NEEDLE itself']);
  // A mark to find it and the same to read it, and the one row that says where it is; without an index all would be read twice.
  expect(answer.stats.rowsRead).toBeLessThanOrEqual(2 * 8_192 + 1);
});

test('counts over time by severity are those of the records [S7]', async () => {
  const answer = await logHistogram(createReader(opened.store), { range: early, buckets: 40 });
  expect(answer).toMatchObject({ stepNano: 60e9, startUnixNano: String(START), records: 242 });
  const sums = answer.severities.map(({ severity, count }) => [severity, count.reduce((sum, each) => sum + each, 0)]);
  expect(sums).toEqual([
    ['error', 24],
    ['warn', 1],
    ['info', 216],
    ['none', 1],
  ]);
  expect(answer.severities.every(({ count }) => count.length === 40)).toBe(true);
  const declined = await logHistogram(createReader(opened.store), {
    range: early,
    buckets: 40,
    ...filtered('declined'),
  });
  expect(declined.records).toBe(23);
  expect(declined.severities.map(({ severity }) => severity)).toEqual(['error']);
});

test('similar bodies fold into one pattern, with its newest example and when it was seen; its clause finds them again [S7]', async () => {
  const answer = await logPatterns(createReader(opened.store), { range: early, limit: 10 });
  expect(answer.records).toBe(242);
  expect(answer.sampled).toBeUndefined();
  expect(answer.patterns.map(({ pattern, records }) => [pattern, records])).toEqual([
    ['Order <n> taken', 207],
    ['Order <n> DECLINED', 23],
    ['the same', 10],
    ['', 1],
    ['{"card":{"$int":<text>}}', 1],
  ]);
  expect(answer.patterns[0]).toMatchObject({
    example: 'Order 238 taken',
    firstUnixNano: String(START),
    lastUnixNano: String(START + 238n * SECOND),
    severityNumber: 9,
    services: ['shop'],
  });
  for (const { pattern, records } of answer.patterns) {
    const found = await ask({ ...filtered(patternClause(pattern)), range: early, limit: 500 });
    expect(found.records, pattern).toHaveLength(records);
  }
});

test('a cursor of another search is refused, and so is rubbish', async () => {
  const { nextCursor } = await ask({ limit: 5 });
  await expect(ask({ limit: 5, cursor: nextCursor, service: 'shop' })).rejects.toMatchObject({ code: 'bad-cursor' });
  for (const cursor of ['rubbish', '', 'WzFd', nextCursor!.slice(0, -9)])
    await expect(ask({ cursor }), cursor).rejects.toMatchObject({ code: 'bad-cursor' });
});

test('the records of a trace come in the order of time, with what was written around its spans [S7]', async () => {
  const ofTrace = async (traceId: string): Promise<TraceLogsAnswer> =>
    JSON.parse(await traceLogs(createReader(opened.store), traceId)) as TraceLogsAnswer;
  const { records } = await ofTrace(traceIdOf(1));
  expect(records).toHaveLength(18);
  expect(records[0]).toMatchObject({ body: 'Order 9 DECLINED', spanId: spanIdOf(1), severityText: 'ERROR', flags: 1 });
  expect(records.map((record) => record.timeUnixNano)).toEqual(
    records.map((record) => record.timeUnixNano).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)),
  );
  expect(bodies((await ofTrace(traceIdOf(2))).records)).toEqual(['late']);
  expect((await ofTrace(traceIdOf(3))).records).toEqual([]);
});
