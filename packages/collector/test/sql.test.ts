import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClickhouseFront, startClickhouseFront } from '../../testkit/src/clickhouse-front.js';
import type { ApiError, SqlAnswer, SqlProgressAnswer, SqlSchemaAnswer } from '../src/shapes/api.js';
import { createClusterStore } from '../src/store/cluster-store.js';
import type { Store } from '../src/store/store.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantLogs } from './plant-signals.js';
import { plantSpans, spanIdOf, traceIdOf } from './plant-spans.js';
import { type ServedApi, serveApi } from './serve-api.js';

/* Statements that people write, in the embedded engine and over a server's HTTP. */

const NOW = 1_795_149_538_000_000_000n;
const SECRET = 'the-secret-of-this-machine';
const LIMITS = { maxExecutionMs: 3_000, maxRows: 1_000, maxMemoryBytes: 128 * 1024 * 1024 };

let dir: string;
let secretFile: string;
let bait: Server;
let baitUrl: string;
let baited = 0;
let embedded: TestStore;
let front: ClickhouseFront;
const stores: Record<string, Store> = {};
const apis: Record<string, ServedApi> = {};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'throughline-sql-'));
  secretFile = join(dir, 'secret');
  writeFileSync(secretFile, SECRET);
  bait = createServer((_request, response) => {
    baited++;
    response.end('1\n');
  });
  await new Promise<void>((listening) => bait.listen(0, '127.0.0.1', listening));
  baitUrl = `http://127.0.0.1:${(bait.address() as AddressInfo).port}`;
  [embedded, front] = await Promise.all([openTestStore(), startClickhouseFront()]);
  stores.embedded = embedded.store;
  stores.cluster = await createClusterStore({ url: front.url, foreignUrl: front.url });
  for (const [name, store] of Object.entries(stores)) {
    await plantSpans(
      store,
      Array.from({ length: 100 }, (_, index) => ({
        traceId: traceIdOf(index % 10),
        spanId: spanIdOf(index),
        service: index % 2 === 0 ? 'web' : 'pay',
        atNano: NOW - BigInt(index) * 1_000_000_000n,
        durationNano: BigInt(index) * 1_000_000n,
      })),
    );
    await plantLogs(store, 'web', [{ timeUnixNano: NOW, body: { stringValue: 'hello' } }]);
    apis[name] = await serveApi({ store, sql: LIMITS, now: () => NOW + 1n });
  }
}, 60_000);
afterAll(async () => {
  for (const api of Object.values(apis)) await api.close();
  await stores.cluster?.close();
  await front?.close();
  await embedded?.close();
  bait?.close();
  rmSync(dir, { recursive: true, force: true });
});

describe.each(['embedded', 'cluster'])('SQL in the %s store', (kind) => {
  async function ask(query: string, more = '', headers: Record<string, string> = {}) {
    const response = await fetch(`${apis[kind]!.origin}/api/v1/sql?query=${encodeURIComponent(query)}${more}`, {
      headers,
    });
    const body = (await response.json()) as SqlAnswer & ApiError;
    return { status: response.status, ...body };
  }
  const rows = async (query: string, more = '') => {
    const answer = await ask(query, more);
    expect(answer.error, query).toBeUndefined();
    return answer.rows;
  };

  test('a SELECT is answered with the names and types of its columns [S7]', async () => {
    const answer = await ask(
      'SELECT ServiceName AS service, count() AS spans, quantile(0.5)(Duration) AS p50 FROM otel_traces GROUP BY service ORDER BY service',
    );
    expect(answer).toMatchObject({
      status: 200,
      columns: [
        { name: 'service', type: 'LowCardinality(String)' },
        { name: 'spans', type: 'UInt64' },
        { name: 'p50', type: 'Float64' },
      ],
      rows: [
        ['pay', '50', 50_000_000],
        ['web', '50', 49_000_000],
      ],
    });
    expect(answer.stats.rowsRead).toBeGreaterThan(0);
  });

  test.each([
    ['comments and a semicolon at the end', '/* one */ SELECT 1 -- two\n;', [[1]]],
    ['WITH', 'WITH x AS (SELECT 1 AS a) SELECT a FROM x', [[1]]],
    ['UNION', 'SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2) ORDER BY a', [[1], [2]]],
    ['a join', 'SELECT count() FROM otel_traces AS t JOIN otel_logs AS l ON l.ServiceName = t.ServiceName', [['50']]],
    [
      'aggregates with combinators',
      'SELECT countIf(Duration > 90000000), uniqExactIf(TraceId, 1) FROM otel_traces',
      [['9', '10']],
    ],
    ['windows', 'SELECT sum(number) OVER (ORDER BY number) FROM numbers(3)', [['0'], ['1'], ['3']]],
    ['lambdas', 'SELECT arrayMap(x -> x + 1, [1, 2])', [[[2, 3]]]],
    ['functions by their names', 'SELECT arrayMap(toString, [1, 2])', [[['1', '2']]]],
    [
      'aliases called as what may not be called',
      'SELECT t.file, t.uptime FROM (SELECT 1 AS file, 2 AS uptime) AS t',
      [[1, 2]],
    ],
    ['CASE', "SELECT CASE WHEN 1 = 2 THEN 'a' ELSE 'b' END", [['b']]],
    ['a name with its database', 'SELECT count() FROM {database}.otel_logs', [['1']]],
    [
      'words that look like others in strings',
      "SELECT 'FORMAT SETTINGS; system.users file(1)' AS `INTO OUTFILE`",
      [['FORMAT SETTINGS; system.users file(1)']],
    ],
    [
      'order that is kept',
      'SELECT number FROM numbers(500000) ORDER BY number DESC LIMIT 3',
      [['499999'], ['499998'], ['499997']],
    ],
    ['a cast', "SELECT '7'::Nullable(UInt8), CAST('[1]' AS Array(UInt8))", [[7, [1]]]],
    ['large integers as strings', 'SELECT 9007199254740993', [['9007199254740993']]],
    ['braces in strings', "SELECT '{start:String}'", [['{start:String}']]],
  ])('runs %s', async (_what, query, expected) => {
    const { database } = (await (await fetch(`${apis[kind]!.origin}/api/v1/sql/schema`)).json()) as SqlSchemaAnswer;
    expect(await rows(query.replace('{database}', database))).toEqual(expected);
  });

  test('start and end stand for the range that is looked at', async () => {
    const query =
      'SELECT count() FROM otel_traces WHERE Timestamp >= {start:DateTime64(9)} AND Timestamp < {end:DateTime64(9)}';
    expect(await rows(query, `&start=${NOW - 9_000_000_000n}&end=${NOW + 1n}`)).toEqual([['10']]);
    expect((await ask('SELECT {other:String}')).error.message).toMatch(/no parameter other/);
  });

  test.each([
    ["SELECT * FROM file('@SECRET', 'LineAsString')", /file/],
    ["SELECT file('@SECRET')", /file/],
    ["SELECT `file`('@SECRET')", /file/],
    ["SELECT File('@SECRET')", /File/],
    ["SELECT * APPLY(file) FROM (SELECT '@SECRET')", /file/],
    ["SELECT * APPLY(x -> file(x)) FROM (SELECT '@SECRET')", /file/],
    ["WITH (x -> file(x)) AS f SELECT f('@SECRET')", /file/],
    ["SELECT arrayMap(x -> file(x), ['@SECRET'])", /file/],
    ["SELECT arrayMap(file, ['@SECRET'])", /file/],
    ["SELECT arrayMap(`file`, ['@SECRET'])", /file/],
    ["SELECT arrayMap((file), ['@SECRET'])", /file/],
    ["SELECT arrayFirst(file, ['@SECRET'])", /file/],
    ["SELECT arrayMap(hostName, ['@SECRET'])", /hostName/],
    ["WITH file AS f SELECT arrayMap(f, ['@SECRET'])", /file/],
    ["SELECT * APPLY(x -> arrayMap(file, [x])) FROM (SELECT '@SECRET')", /file/],
    ['SELECT current_user', /current_user/],
    [`SELECT ${'('.repeat(2_000)}1${')'.repeat(2_000)}`, /deep|depth/],
    ["SELECT 1 FROM otel_logs WHERE file('@SECRET') != ''", /file/],
    ["SELECT 1 ORDER BY file('@SECRET')", /file/],
    ["SELECT * FROM (SELECT * FROM file('@SECRET', 'LineAsString') SETTINGS readonly = 0)", /file|SETTINGS/],
    ["SELECT * FROM fileCluster('default', '@SECRET', 'LineAsString')", /fileCluster/],
    ["SELECT * FROM url('@BAIT/x', 'TSV', 'a String')", /url/],
    ["SELECT * FROM (SELECT * FROM url('@BAIT/x', 'TSV', 'a String') SETTINGS readonly = 0)", /url|SETTINGS/],
    ["SELECT * FROM urlCluster('default', '@BAIT/x', 'TSV', 'a String')", /urlCluster/],
    ["SELECT * FROM s3('@BAIT/bucket/x', 'TSV', 'a String')", /s3/],
    ["SELECT * FROM executable('cat @SECRET', 'TSV', 'a String')", /executable/],
    ["SELECT * FROM remote('127.0.0.1:9000', 'system.one')", /remote/],
    ["SELECT * FROM remoteSecure('127.0.0.1:9000', 'system.one')", /remoteSecure/],
    ["SELECT * FROM cluster('default', 'system.one')", /cluster/],
    ["SELECT * FROM merge('system', '.*')", /merge/],
    ["SELECT * FROM mysql('127.0.0.1:3306', 'a', 'b', 'c', 'd')", /mysql/],
    ["SELECT * FROM postgresql('127.0.0.1:5432', 'a', 'b', 'c', 'd')", /postgresql/],
    ["SELECT * FROM sqlite('@SECRET', 't')", /sqlite/],
    ["SELECT * FROM eval('SELECT 1')", /eval/],
    ["SELECT * FROM dictionary('d')", /dictionary/],
    ["SELECT dictGet('d', 'a', 1)", /dictGet/],
    ["SELECT catboostEvaluate('@SECRET', 1)", /catboostEvaluate/],
    ["SELECT aiGenerate('x')", /aiGenerate/],
    ['SELECT hostName(), serverUUID()', /hostName/],
    ["SELECT getServerSetting('max_threads')", /getServerSetting/],
    ['SELECT sleep(3)', /sleep/],
    ["SELECT logTrace('x')", /logTrace/],
    ['SELECT 1 SETTINGS readonly = 0', /SETTINGS/],
    ['SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)', /SETTINGS/],
    ["SELECT 1 INTO OUTFILE '@OUT'", /write a file/],
    ["SELECT 1) INTO OUTFILE '@OUT' --", /cannot be read/],
    ["SELECT * FROM (SELECT 1 INTO OUTFILE '@OUT')", /cannot be read/],
    ["SELECT 1 /* ) */ INTO OUTFILE '@OUT'", /write a file/],
    ['SELECT 1 FORMAT Null', /FORMAT/],
    ['SELECT 1; SELECT 2', /Only one/],
    ['SELECT 1; DROP TABLE otel_logs', /Only one/],
    ['SELECT 1) UNION ALL (SELECT 2', /cannot be read/],
    ['DROP TABLE otel_logs', /Only a SELECT/],
    ["INSERT INTO otel_logs (Body) VALUES ('x')", /Only a SELECT/],
    ['INSERT INTO otel_logs (Body) SELECT 1', /Only a SELECT/],
    ['CREATE TABLE x (a UInt8) ENGINE = Memory', /Only a SELECT/],
    ['ALTER TABLE otel_logs DELETE WHERE 1', /Only a SELECT/],
    ['SYSTEM SHUTDOWN', /Only a SELECT/],
    ['SET readonly = 0', /Only a SELECT/],
    ['KILL QUERY WHERE 1', /Only a SELECT/],
    ['EXPLAIN SELECT 1', /Only a SELECT/],
    ['SELECT * FROM (EXPLAIN SELECT 1)', /viewExplain|EXPLAIN|cannot be read/],
    ['SHOW TABLES', /Only a SELECT/],
    ['SELECT * FROM system.processes', /only tables of|Only tables of/],
    ['SELECT * FROM `system`.`query_log`', /Only tables of/],
    ['SELECT * FROM "system".users', /Only tables of/],
    ['SELECT * FROM SYSTEM.users', /Only tables of|not exist|Unknown/],
    ['SELECT * FROM information_schema.tables', /Only tables of/],
    ['SELECT 1 WHERE 1 IN (system.one)', /Only tables of/],
    ['SELECT 1 WHERE 1 IN system.one', /Only tables of/],
    ['WITH x AS (SELECT * FROM system.settings) SELECT * FROM x', /Only tables of/],
    ['SELECT 1 UNION ALL SELECT dummy FROM system.one', /Only tables of/],
    ['SELECT {t:Identifier}', /no parameter t/],
  ])('refuses %s', async (template, reason) => {
    const out = join(dir, `out-${kind}`);
    const query = template.replace('@SECRET', secretFile).replace('@BAIT', baitUrl).replace('@OUT', out);
    const answer = await ask(query, `&start=-1h`);
    expect(answer.status).toBe(400);
    expect(answer.error.message).toMatch(reason);
    expect(JSON.stringify(answer)).not.toContain(SECRET);
    expect(baited).toBe(0);
    expect(existsSync(out)).toBe(false);
    expect(await rows('SELECT count() FROM otel_logs')).toEqual([['1']]);
  });

  test('where the check of names would fail, the session still writes nothing', async () => {
    const limits = { maxExecutionMs: 3_000, maxMemoryBytes: 1e8 };
    const store = stores[kind]!;
    for (const sql of [
      "INSERT INTO otel_logs (Body) VALUES ('x')",
      'DROP TABLE otel_logs',
      'SET readonly = 0',
      `SELECT * FROM url('${baitUrl}/x', 'TSV', 'a String')`,
      `SELECT * FROM file('${secretFile}', 'LineAsString')`,
    ]) {
      await expect(store.queryForeign(sql, limits), sql).rejects.toThrow();
    }
    expect(baited).toBe(0);
    expect(await rows('SELECT count() FROM otel_logs')).toEqual([['1']]);
  });

  test('an answer has so many rows at most, and says when there are more', async () => {
    const answer = await ask('SELECT number FROM numbers(1000000)');
    expect(answer.rows).toHaveLength(LIMITS.maxRows);
    expect(answer.truncated).toBe(true);
    expect((await ask(`SELECT number FROM numbers(${LIMITS.maxRows})`)).truncated).toBeUndefined();
  });

  test('a statement that takes too long is stopped, and says what to do', { timeout: 30_000 }, async () => {
    const answer = await ask('SELECT sum(sipHash64(number)) FROM numbers(100000000000)');
    expect(answer).toMatchObject({
      status: 400,
      error: { code: 'sql-limit', message: 'The statement took longer than 3 s.' },
    });
  });

  test('a statement that needs too much memory is stopped', { timeout: 30_000 }, async () => {
    const answer = await ask('SELECT count() FROM (SELECT groupArray(toString(number)) AS a FROM numbers(100000000))');
    expect(answer).toMatchObject({ status: 400, error: { code: 'sql-limit' } });
    expect(answer.error.message).toMatch(/128 MiB/);
  });

  test('what the engine says of a mistake is said, with its place', async () => {
    expect((await ask('SELECT a b c FROM otel_logs')).error).toMatchObject({ code: 'bad-sql', position: 11 });
    expect((await ask('SELECT Bodi FROM otel_logs')).error.message).toMatch(/Bodi/);
    expect((await ask('')).error.code).toBe('bad-parameter');
    expect((await ask(`SELECT '${'x'.repeat(10_000)}'`)).error.message).toMatch(/10000 characters/);
  });

  test('its progress can be asked for, and a client that leaves stops it in the engine', {
    timeout: 30_000,
  }, async () => {
    const gone = new AbortController();
    const api = apis[kind]!;
    const id = kind === 'embedded' ? 'e1' : 'c1';
    const progress = async () =>
      (await (await fetch(`${api.origin}/api/v1/sql/progress?id=${id}`)).json()) as SqlProgressAnswer;
    expect(await progress()).toMatchObject({ running: false, rowsRead: 0 });
    const query = encodeURIComponent('SELECT sum(sipHash64(number)) FROM numbers(100000000000)');
    const asked = fetch(`${api.origin}/api/v1/sql?id=${id}&query=${query}`, { signal: gone.signal });
    asked.catch(() => undefined);
    await expect.poll(async () => (await progress()).rowsRead, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(await progress()).toMatchObject({ running: true });
    gone.abort();
    await expect.poll(async () => (await progress()).running, { timeout: 10_000 }).toBe(false);
  });

  test('a page of another site is refused, the explorer and programs are not', async () => {
    for (const site of ['cross-site', 'same-site'])
      expect(await ask('SELECT 1', '', { 'sec-fetch-site': site })).toMatchObject({
        status: 403,
        error: { code: 'foreign-page' },
      });
    for (const site of ['same-origin', 'none'])
      expect((await ask('SELECT 1', '', { 'sec-fetch-site': site })).status).toBe(200);
  });

  test('the schema names tables, columns and functions, and no function that is refused', async () => {
    const schema = (await (await fetch(`${apis[kind]!.origin}/api/v1/sql/schema`)).json()) as SqlSchemaAnswer;
    const logs = schema.tables.find(({ name }) => name === 'otel_logs');
    expect(logs?.columns.slice(0, 2)).toEqual([
      { name: 'Timestamp', type: 'DateTime64(9)' },
      { name: 'TraceId', type: 'String' },
    ]);
    expect(schema.functions).toEqual(expect.arrayContaining(['count', 'quantile', 'toStartOfMinute', 'transform']));
    for (const closed of ['file', 'dictGet', 'hostName', 'aiGenerate']) expect(schema.functions).not.toContain(closed);
    expect(schema.limits).toEqual(LIMITS);
  });
});

test('where statements are switched off none is run', async () => {
  const api = await serveApi({ store: embedded.store, sql: false });
  const response = await fetch(`${api.origin}/api/v1/sql?query=SELECT%201`);
  expect(await response.json()).toMatchObject({
    error: { code: 'sql-off', hint: expect.stringContaining('--sql-seconds') },
  });
  await api.close();
});

test('an answer that grows beyond all measure as JSON is not handed over by the engine', async () => {
  const limits = { maxExecutionMs: 10_000, maxMemoryBytes: 500e6 };
  const asked = stores.embedded!.queryForeign('SELECT repeat(char(1), 1000000) FROM numbers(12)', limits);
  await expect(asked).rejects.toThrow(/too long/);
});
