import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Status } from '../src/shapes/api.js';
import { ledgerKeysOfBody, openLedger } from '../src/spool/ledger.js';
import { openSpool } from '../src/spool/spool.js';
import { type PreparedInsert, StoreError } from '../src/store/store.js';
import { encodeMetrics, encodeTraces } from './otlp-proto.js';
import { eventually, startCollector } from './start-collector.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-once-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const idOf = (number: number): string => number.toString(16).padStart(32, '0');
const request = (number: number, spans = 1, batchId = idOf(number)) => ({
  signal: 'traces' as const,
  bytes: encodeTraces({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: Array.from({ length: spans }, (_, index) => ({
              traceId: Buffer.alloc(16, 1),
              spanId: Buffer.from([1, 0, 0, 0, number >> 8, number & 255, index >> 8, index & 255]),
              name: `${number}`,
              startTimeUnixNano: '1700000000000000000',
              endTimeUnixNano: '1700000000000000001',
            })),
          },
        ],
      },
    ],
  }),
  batchId,
  receivedUnixMs: 1_700_000_000_000,
});

/** Five points of gauges and one of a histogram: two tables. */
const metrics = (number: number) => {
  const dataPoints = [{ timeUnixNano: '1700000000000000000', asInt: String(number) }];
  return {
    signal: 'metrics' as const,
    bytes: encodeMetrics({
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                { name: 'gauge', gauge: { dataPoints: Array(5).fill(dataPoints[0]) } },
                { name: 'histogram', histogram: { dataPoints } },
              ],
            },
          ],
        },
      ],
    }),
    batchId: idOf(number),
    receivedUnixMs: 1_700_000_000_000,
  };
};

/** A spool with its ledger; `rows` is what the store has been given. */
async function start(insert?: (rows: number) => Promise<void>) {
  const store = { rows: 0 };
  const ledger = await openLedger(join(directory, 'ledger'));
  const spool = await openSpool({
    directory: join(directory, 'spool'),
    ledger,
    insert: async ({ rows }: PreparedInsert) => {
      await insert?.(rows);
      store.rows += rows;
    },
  });
  const stop = async (limitMs: number) => {
    await spool.close(limitMs);
    await ledger.close();
  };
  return { spool, store, stop };
}
const away = () => Promise.reject(new StoreError('away', 'the server is away', true));
const taken = { kind: 'read', accepted: 1, rejected: 0, message: '' };
const known = { ...taken, accepted: 0 };

describe('a second copy of a batch with an id', () => {
  test('is answered like the first and not kept: at once, later, and after restarts [F22]', async () => {
    // While the first is on its way to the disk, both get its answer.
    const first = await start(away);
    const answers = await Promise.all([first.spool.append(request(1)), first.spool.append(request(1))]);
    expect(answers).toEqual([taken, taken]);
    expect(await first.spool.append(request(1))).toEqual(known);
    await first.stop(0);
    // The store never took it: it stands in the spool's journal.
    const second = await start();
    expect(await second.spool.append(request(1))).toEqual(known);
    expect(await second.spool.append(request(2))).toEqual(taken);
    await second.stop(5_000);
    expect(second.store.rows).toBe(2);
    // The journal is gone with its group: the ledger has it.
    const third = await start();
    for (const number of [1, 2]) expect(await third.spool.append(request(number))).toEqual(known);
    await third.stop(5_000);
    expect(third.store.rows).toBe(0);
  });

  test('whose content differs is no copy', async () => {
    const { spool, store, stop } = await start();
    expect(await spool.append(request(1, 1, idOf(9)))).toEqual(taken);
    expect(await spool.append(request(2, 1, idOf(9)))).toEqual(taken);
    await stop(5_000);
    expect(store.rows).toBe(2);
  });

  test('that the store refused for good is not kept a second time', async () => {
    const { spool, stop } = await start(() => Promise.reject(new StoreError('bad-sql', 'no', false)));
    await spool.append(request(1));
    await stop(5_000);
    const again = await start();
    expect(await again.spool.append(request(1))).toEqual(known);
    await again.stop(0);
  });

  test('of more rows than a block is dropped as a whole', async () => {
    const { spool, store, stop } = await start();
    for (const accepted of [40_000, 0]) expect(await spool.append(request(1, 40_000))).toMatchObject({ accepted });
    await stop(10_000);
    expect(store.rows).toBe(40_000);
  });
});

describe('a second copy of a batch without an id', () => {
  const MINUTE = 60_000;
  const anonymous = (number: number, atMinute = 0) => {
    const { batchId: _, ...rest } = request(number);
    return { ...rest, receivedUnixMs: 1_700_000_000_000 + atMinute * MINUTE };
  };

  test('is known by what is in it for ten minutes, also after a restart', async () => {
    const first = await start(away);
    const both = await Promise.all([first.spool.append(anonymous(1)), first.spool.append(anonymous(1))]);
    expect(both).toEqual([taken, taken]);
    expect(await first.spool.append(anonymous(1, 10))).toEqual(known);
    expect(await first.spool.append(anonymous(2))).toEqual(taken);
    await first.stop(0);
    const second = await start();
    expect(await second.spool.append(anonymous(1, 10))).toEqual(known);
    await second.stop(5_000);
    expect(second.store.rows).toBe(2);
  });

  test('is another batch when it comes long after the first, or when an id tells them apart', async () => {
    const { spool, store, stop } = await start();
    expect(await spool.append(anonymous(1))).toEqual(taken);
    expect(await spool.append(anonymous(1, 21))).toEqual(taken);
    expect(await spool.append(request(1))).toEqual(taken);
    await stop(5_000);
    expect(store.rows).toBe(3);
  });
});

test('bodies that differ in one byte anywhere are two, by the keys of what is in them', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 20_000 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (bytes, at, by) => {
        const other = bytes.slice();
        other[at % bytes.length]! ^= by;
        expect(ledgerKeysOfBody(bytes, 0)).toEqual(ledgerKeysOfBody(bytes.slice(), 0));
        expect(ledgerKeysOfBody(bytes, 0)[0]).not.toBe(ledgerKeysOfBody(other, 0)[0]);
      },
    ),
  );
});

test('killed at random moments and sent everything again each time, a collector has each span once [F22]', {
  timeout: 120_000,
}, async () => {
  const requests = Array.from({ length: 90 }, (_, number) => request(number, 20));
  for (const answers of [3, 30, 60]) {
    const collector = await startCollector([], { data: directory });
    let heard = 0;
    // Sent again from the beginning: a sender that has seen none of its answers.
    for (const { batchId, bytes } of requests) {
      const status = await fetch(`${collector.otlpHttp}/v1/traces?tl-batch=${batchId}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: Buffer.from(bytes),
      }).then(
        (answer) => answer.status,
        () => undefined,
      );
      if (status === undefined) break;
      if (++heard === answers) collector.process.kill('SIGKILL');
    }
    await collector.stop('SIGKILL');
  }
  const last = await startCollector([], { data: directory });
  for (const { batchId, bytes } of requests) {
    const answer = await fetch(`${last.otlpHttp}/v1/traces?tl-batch=${batchId}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: Buffer.from(bytes),
    });
    expect(answer.status).toBe(200);
  }
  const spans = async () => ((await (await fetch(`${last.explorer}/api/v1/status`)).json()) as Status).spans;
  expect(await eventually(spans, (count) => count >= 1_800, 60_000)).toBe(1_800);
  // What might still come would be too many.
  expect(await last.stop('SIGTERM')).toMatchObject({ code: 0 });
  const after = await startCollector([], { data: directory });
  const count = async () => ((await (await fetch(`${after.explorer}/api/v1/status`)).json()) as Status).spans;
  expect(await eventually(count, (found) => found > 0, 60_000)).toBe(1_800);
  await after.stop();
});

test('of a batch that reached one of its tables before a crash, the repetition brings the others alone', async () => {
  const first = await start(away);
  expect(await first.spool.append(metrics(1))).toMatchObject({ accepted: 6 });
  await first.stop(0);
  // As if the histogram had not come to the disk; the sender was not answered then.
  const spool = join(directory, 'spool');
  for (const file of readdirSync(spool)) if (file.includes('histogram')) rmSync(join(spool, file));
  const second = await start();
  expect(await second.spool.append(metrics(1))).toMatchObject({ kind: 'read' });
  await second.stop(5_000);
  expect(second.store.rows).toBe(6);
  const third = await start();
  expect(await third.spool.append(metrics(1))).toMatchObject({ kind: 'read' });
  expect(await third.spool.append(metrics(2))).toMatchObject({ accepted: 6 });
  await third.stop(5_000);
  expect(third.store.rows).toBe(6);
});
