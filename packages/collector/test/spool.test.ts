import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSpool, type Spool } from '../src/spool/spool.js';
import { recoverGroups, removeGroup } from '../src/spool/spool-files.js';
import { type PreparedInsert, StoreError } from '../src/store/store.js';
import { readNative } from './native-block.js';
import { encodeLogs, encodeMetrics, encodeTraces } from './otlp-proto.js';

let directory: string;
let spool: Spool;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-spool-'));
});
afterEach(async () => {
  await spool?.close(0);
  rmSync(directory, { recursive: true, force: true });
});

const request = (id: number, spans = 1) => ({
  signal: 'traces' as const,
  bytes: encodeTraces({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: Array.from({ length: spans }, (_, index) => ({
              traceId: Buffer.alloc(16, 1),
              spanId: Buffer.from([0, 0, 0, 0, 0, 1, id, index + 1]),
              startTimeUnixNano: '1700000000000000000',
              endTimeUnixNano: '1700000000000000001',
            })),
          },
        ],
      },
    ],
  }),
  batchId: id.toString(16).padStart(32, '0'),
  receivedUnixMs: 1_700_000_000_000,
});

/** A store that takes everything, and remembers it as the engine would have read it from the file. */
function fakeStore() {
  const taken: { insert: PreparedInsert; bytes: Buffer }[] = [];
  const answers: (() => Promise<void>)[] = [];
  const listeners = new Set<() => void>();
  return {
    taken,
    /** What the next inserts do, one after the other; afterwards they succeed. */
    answers,
    insert: async (insert: PreparedInsert): Promise<void> => {
      const bytes = readFileSync(insert.file);
      await answers.shift()?.();
      taken.push({ insert, bytes });
      for (const listener of listeners) listener();
    },
    untilRows: (rows: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (taken.reduce((sum, { insert }) => sum + insert.rows, 0) >= rows) resolve();
        };
        listeners.add(look);
        look();
      }),
  };
}
const never = (): Promise<void> => new Promise(() => undefined);
const files = (ending: string): string[] =>
  readdirSync(directory)
    .filter((file) => file.endsWith(ending))
    .sort();

test('a request is on the disk when it is answered, with its batch id, before the store has seen it', async () => {
  const store = fakeStore();
  store.answers.push(never);
  spool = await openSpool({ directory, insert: store.insert });
  expect(await spool.append(request(7, 3))).toMatchObject({ kind: 'read', accepted: 3 });
  const [native = ''] = files('.native');
  expect(readNative(readFileSync(join(directory, native))).rows).toBe(3);
  const journal = JSON.parse(readFileSync(join(directory, native.replace('.native', '.journal')), 'utf8'));
  expect(journal).toMatchObject({ v: 1, offset: 0, rows: 3, batches: [{ id: request(7).batchId, rows: 3 }] });
  expect(spool.status()).toMatchObject({ waitingRows: 3 });
});

test('requests that arrive together share a block; their file goes to the store as it is and then away', async () => {
  const store = fakeStore();
  spool = await openSpool({ directory, insert: store.insert });
  await Promise.all(Array.from({ length: 20 }, (_, id) => spool.append(request(id))));
  await store.untilRows(20);
  await expect.poll(() => readdirSync(directory)).toEqual([]);
  expect(store.taken[0]?.insert).toMatchObject({ table: 'otel_traces', token: expect.stringMatching(/^tl-/) });
  expect(new Set(store.taken.map(({ insert }) => insert.token)).size).toBe(store.taken.length);
  expect(store.taken.length).toBeLessThan(5);
  expect(spool.status()).toMatchObject({ waitingRows: 0, waitingBytes: 0, insertedRows: 20 });
});

/** A body of so many small spans. */
function manySpans(spans: number): Buffer {
  const one = Buffer.from(`0a10${'01'.repeat(16)}1208${'02'.repeat(8)}390000abcdef977917`, 'hex');
  const field = (number: number, content: Buffer): Buffer => {
    const length: number[] = [];
    let rest = content.length;
    for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), content]);
  };
  return field(1, field(2, Buffer.concat(Array.from({ length: spans }, () => field(2, one)))));
}

test('a request of very many spans goes to the store in pieces that it can hold, and is answered once', {
  timeout: 60_000,
}, async () => {
  const store = fakeStore();
  spool = await openSpool({ directory, insert: store.insert });
  const spans = 200_000;
  expect(await spool.append({ signal: 'traces', bytes: manySpans(spans), receivedUnixMs: 0 })).toMatchObject({
    kind: 'read',
    accepted: spans,
  });
  await store.untilRows(spans);
  expect(Math.max(...store.taken.map(({ insert }) => insert.rows))).toBeLessThanOrEqual(64_000);
});

test('what cannot be read is said and leaves nothing', async () => {
  spool = await openSpool({ directory, insert: fakeStore().insert });
  expect(await spool.append({ ...request(1), bytes: Buffer.from('nonsense') })).toMatchObject({ kind: 'malformed' });
  expect(readdirSync(directory)).toEqual([]);
});

test('an insert that failed for now is repeated: the same bytes under the same token', async () => {
  const store = fakeStore();
  const seen: string[] = [];
  for (let attempt = 0; attempt < 2; attempt++) {
    store.answers.push(async () => {
      throw new StoreError('away', 'gone', true);
    });
  }
  spool = await openSpool({
    directory,
    insert: (insert) => {
      seen.push(`${insert.token} ${readFileSync(insert.file).toString('base64')}`);
      return store.insert(insert);
    },
  });
  await spool.append(request(1, 5));
  await store.untilRows(5);
  expect(seen).toHaveLength(3);
  expect(new Set(seen).size).toBe(1);
});

test('rows that the store refuses for good are kept aside and do not hold up the others', async () => {
  const store = fakeStore();
  store.answers.push(async () => {
    throw new StoreError('other', 'Cannot parse', false);
  });
  const events: string[] = [];
  spool = await openSpool({ directory, insert: store.insert, onEvent: (event) => events.push(event) });
  await spool.append(request(1, 2));
  await expect.poll(() => spool.status().refusedInserts).toBe(1);
  await spool.append(request(2, 4));
  await store.untilRows(4);
  expect(files('.refused')).toHaveLength(1);
  expect(events.join()).toContain('refuses 2 spans for good (Cannot parse)');
});

test('why the store does not take an insert is said once, and again when the reason is another', async () => {
  const store = fakeStore();
  const said: string[] = [];
  spool = await openSpool({ directory, insert: store.insert, onEvent: (message) => said.push(message) });
  for (const code of ['away', 'away', 'denied'] as const) {
    store.answers.push(async () => {
      throw new StoreError(code, `it is ${code}`, true);
    });
  }
  await spool.append(request(1, 2));
  await store.untilRows(2);
  expect(said.map((message) => /it is \w+/.exec(message)?.[0])).toEqual(['it is away', 'it is denied']);
});

test('rows that are refused and cannot be put aside either are said to be there still, and end nothing', async () => {
  const store = fakeStore();
  const said: string[] = [];
  spool = await openSpool({ directory, insert: store.insert, onEvent: (message) => said.push(message) });
  store.answers.push(async () => {
    for (const file of readdirSync(directory)) rmSync(join(directory, file));
    throw new StoreError('bad-sql', 'no such column', false);
  });
  await spool.append(request(1));
  await expect.poll(() => said.join('\n')).toMatch(/could not be put aside/);
  await spool.append(request(2, 3));
  await store.untilRows(3);
});

test('a group that the store has no memory for lets its neighbours pass, and goes in when it can', async () => {
  const store = fakeStore();
  let heavy: string | undefined;
  let hasRoom = false;
  spool = await openSpool({
    directory,
    insert: async (insert) => {
      heavy ??= insert.token;
      if (insert.token === heavy && !hasRoom) throw new StoreError('too-much-memory', 'Memory limit exceeded', true);
      return store.insert(insert);
    },
  });
  await spool.append(request(1, 3));
  await expect.poll(() => heavy).toBeDefined();
  await spool.append(request(2, 5));
  await store.untilRows(5);
  expect(store.taken.map(({ insert }) => insert.rows)).toEqual([5]);
  hasRoom = true;
  await store.untilRows(8);
});

test('a full spool turns requests away instead of taking and losing them [F16]', async () => {
  const store = fakeStore();
  store.answers.push(never);
  spool = await openSpool({ directory, insert: store.insert, maxBytes: 1 });
  expect(await spool.append(request(1))).toMatchObject({ kind: 'read' });
  expect(await spool.append(request(2))).toMatchObject({ kind: 'failed', message: expect.stringContaining('full') });
});

test('closing inserts what is there', async () => {
  const store = fakeStore();
  spool = await openSpool({ directory, insert: store.insert });
  await spool.append(request(1));
  await spool.close(5000);
  expect(store.taken).toHaveLength(1);
  expect(await spool.append(request(2))).toMatchObject({ kind: 'failed' });
});

const times = { timeUnixNano: '1700000000000000000' };
const logsRequest = {
  signal: 'logs' as const,
  bytes: encodeLogs({ resourceLogs: [{ scopeLogs: [{ logRecords: [times, times] }] }] }),
  receivedUnixMs: 0,
};
const metricsRequest = {
  signal: 'metrics' as const,
  bytes: encodeMetrics({
    resourceMetrics: [
      {
        scopeMetrics: [
          {
            metrics: [
              { name: 'g', gauge: { dataPoints: [times, times, times] } },
              { name: 'h', histogram: { dataPoints: [times] } },
              { name: 's', gauge: { dataPoints: [times] } },
            ],
          },
        ],
      },
    ],
  }),
  receivedUnixMs: 0,
};

test('each table has a file of its own, and a request is answered when its rows are in all of theirs [S7]', async () => {
  const store = fakeStore();
  store.answers.push(never);
  spool = await openSpool({ directory, insert: store.insert });
  expect(await spool.append(request(1, 2))).toMatchObject({ accepted: 2 });
  expect(await spool.append(logsRequest)).toMatchObject({ kind: 'read', accepted: 2 });
  expect(await spool.append(metricsRequest)).toMatchObject({ kind: 'read', accepted: 5 });
  const rows = Object.fromEntries(
    files('.native').map((file) => [/otel_\w+/.exec(file)?.[0], readNative(readFileSync(join(directory, file))).rows]),
  );
  expect(rows).toEqual({ otel_traces: 2, otel_logs: 2, otel_metrics_gauge: 4, otel_metrics_histogram: 1 });
  expect(spool.status()).toMatchObject({ waitingRows: 9 });
  expect(await spool.append({ ...metricsRequest, bytes: Buffer.from('nonsense') })).toMatchObject({
    kind: 'malformed',
  });
});

test('each file goes to its own table, and one that waits does not hold up the others', async () => {
  const store = fakeStore();
  spool = await openSpool({
    directory,
    insert: async (insert) => {
      if (insert.table === 'otel_logs') throw new StoreError('too-much-memory', 'not now', true);
      return store.insert(insert);
    },
  });
  await Promise.all([spool.append(logsRequest), spool.append(metricsRequest), spool.append(request(1, 3))]);
  await store.untilRows(8);
  expect(store.taken.map(({ insert }) => [insert.table, insert.rows]).sort()).toEqual([
    ['otel_metrics_gauge', 4],
    ['otel_metrics_histogram', 1],
    ['otel_traces', 3],
  ]);
});

describe('after a crash', () => {
  /** A spool whose store never answers, left behind. */
  async function leave(
    ...requests: ReturnType<typeof request>[]
  ): Promise<{ token: string; native: string; journal: string }> {
    const store = fakeStore();
    let token = '';
    const first = await openSpool({
      directory,
      insert: (insert) => {
        token = insert.token;
        return never();
      },
    });
    for (const each of requests) await first.append(each);
    await expect.poll(() => token).not.toBe('');
    await first.close(0);
    void store;
    return {
      token,
      native: join(directory, files('.native')[0] ?? ''),
      journal: join(directory, files('.journal')[0] ?? ''),
    };
  }
  async function replay(): Promise<{ store: ReturnType<typeof fakeStore>; events: string[] }> {
    const store = fakeStore();
    const events: string[] = [];
    spool = await openSpool({ directory, insert: store.insert, onEvent: (event) => events.push(event) });
    await spool.close(5000);
    return { store, events };
  }

  test('what was acknowledged is inserted again under its own token', async () => {
    const { token, native } = await leave(request(1, 2), request(2, 3));
    const bytes = readFileSync(native);
    const { store, events } = await replay();
    expect(store.taken).toHaveLength(1);
    expect(store.taken[0]?.insert).toMatchObject({ token, rows: 5 });
    expect(store.taken[0]?.bytes.equals(bytes)).toBe(true);
    expect(events).toEqual(['Replaying 5 spans that an earlier run had not stored yet.']);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('files of several tables are inserted again, each into its own; one whose name says none holds spans', async () => {
    const store = fakeStore();
    const first = await openSpool({ directory, insert: never });
    await Promise.all([first.append(logsRequest), first.append(metricsRequest), first.append(request(1, 3))]);
    await first.close(0);
    for (const file of readdirSync(directory)) {
      const ofAnEarlierRelease = file.replace('-otel_traces', '');
      renameSync(join(directory, file), join(directory, ofAnEarlierRelease));
    }
    const events: string[] = [];
    spool = await openSpool({ directory, insert: store.insert, onEvent: (event) => events.push(event) });
    await spool.close(5000);
    expect(store.taken.map(({ insert }) => [insert.table, insert.rows]).sort()).toEqual([
      ['otel_logs', 2],
      ['otel_metrics_gauge', 4],
      ['otel_metrics_histogram', 1],
      ['otel_traces', 3],
    ]);
    for (const part of ['2 log records', '5 data points', '3 spans']) expect(events.join()).toContain(part);
  });

  test('an end that was never acknowledged is cut off and reported', async () => {
    const { native } = await leave(request(1, 2));
    const whole = statSync(native).size;
    appendFileSync(native, 'half a block');
    const { store, events } = await replay();
    expect(store.taken[0]?.insert.rows).toBe(2);
    expect(store.taken[0]?.bytes).toHaveLength(whole);
    expect(events.join()).toContain('Cut off the unfinished end of 1 spool file');
  });

  test('a block whose journal line is torn, or whose bytes are not those that were written, is cut off', async () => {
    const { native, journal } = await leave(request(1, 2), request(2, 3));
    const lines = readFileSync(journal, 'utf8');
    writeFileSync(journal, lines.slice(0, -5));
    const first = await replay();
    expect(first.store.taken[0]?.insert.rows).toBe(2);

    await leave(request(3, 2), request(4, 3));
    const [again = ''] = files('.native');
    const bytes = readFileSync(join(directory, again));
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
    writeFileSync(join(directory, again), bytes);
    const second = await replay();
    expect(second.store.taken[0]?.insert.rows).toBe(2);
    expect(native).not.toBe(again);
  });

  test('a request of many blocks and several groups counts as a whole or not at all, wherever it was interrupted', async () => {
    const first = await openSpool({ directory, insert: never });
    const spans = 70_000;
    await first.append({ signal: 'traces', bytes: manySpans(spans), receivedUnixMs: 0 });
    await first.close(0);
    const [one = '', two = ''] = files('.journal');
    const lines = (file: string): string[] => readFileSync(join(directory, file), 'utf8').split('\n').slice(0, -1);
    // In the order in which they became durable: the blocks of both groups, then that the first one's count too.
    const written = [
      ...lines(one)
        .slice(0, -1)
        .map((line) => [one, line] as const),
      ...lines(two).map((line) => [two, line] as const),
      [one, lines(one).at(-1)!] as const,
    ];
    expect(written.at(-1)?.[1]).toContain('"commits"');
    expect(written).toHaveLength(6);
    const whole = new Map(readdirSync(directory).map((file) => [file, readFileSync(join(directory, file))]));
    for (let durable = 0; durable <= written.length; durable++) {
      for (const [file, bytes] of whole) writeFileSync(join(directory, file), bytes);
      for (const file of [one, two]) {
        const kept = written.slice(0, durable).filter(([of]) => of === file);
        writeFileSync(join(directory, file), kept.map(([, line]) => `${line}\n`).join(''));
      }
      const { groups } = await recoverGroups(directory);
      expect(
        groups.reduce((sum, { rows }) => sum + rows, 0),
        `${durable} lines`,
      ).toBe(durable < 5 ? 0 : spans);
      if (groups.length === 0) continue;
      // The store was quicker with the second group, and there was another crash.
      await removeGroup(directory, groups[1]!.name);
      expect((await recoverGroups(directory)).groups).toEqual([groups[0]]);
    }
  });

  test('files that never held a whole block go away', async () => {
    const { native, journal } = await leave(request(1));
    truncateSync(native, 10);
    writeFileSync(join(directory, 'stray.native'), 'x');
    const { store } = await replay();
    expect(store.taken).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
    expect(journal).toContain(directory);
  });
});
