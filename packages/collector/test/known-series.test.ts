import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { NumberBlock } from '../src/process/metrics/metric-blocks.js';
import { createMetricReader } from '../src/process/metrics/read-metrics.js';
import { metricAttributes } from '../src/query/metric-details.js';
import { createReader } from '../src/query/reader.js';
import { createMetricBlocks } from './create-metric-blocks.js';
import { openTestStore } from './open-test-store.js';
import { encodeMetrics } from './otlp-proto.js';

/** Five minutes after the beginning of a span of 2^40 ns. */
const START = ((1_795_147_200_000_000_000n >> 40n) << 40n) + 300_000_000_000n;
const SECOND = 1_000_000_000n;

/** A point of each shard. */
function request(timeUnixNano: bigint, shards: readonly string[], service = 'shop'): Uint8Array {
  const dataPoints = shards.map((shard) => ({
    timeUnixNano,
    asDouble: 1,
    attributes: [
      { key: 'shard', value: { stringValue: shard } },
      { key: 'zone', value: { stringValue: 'eu' } },
    ],
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] };
  return encodeMetrics({
    resourceMetrics: [
      {
        resource,
        scopeMetrics: [{ scope: { name: 'test' }, metrics: [{ name: 'queue.length', gauge: { dataPoints } }] }],
      },
    ],
  });
}

const knownIn = (block: NumberBlock, from = 0): number[] => [...block.seriesKnown.slice(from, block.rows)];

test('a point is marked where its series had one in the same span of time', () => {
  const blocks = createMetricBlocks();
  const reader = createMetricReader();
  const marksOf = (bytes: Uint8Array): number[] => {
    const before = blocks.gauge.rows;
    reader.read(bytes, blocks, Number(START / 1_000_000n));
    return knownIn(blocks.gauge, before);
  };
  expect(marksOf(request(START, ['a', 'b', 'a']))).toEqual([0, 0, 1]);
  expect(marksOf(request(START + SECOND, ['a', 'b', 'c']))).toEqual([1, 1, 0]);
  expect(marksOf(request(START + SECOND, ['a'], 'other'))).toEqual([0]);
  expect(marksOf(request(START + (1n << 40n), ['a']))).toEqual([0]);
  expect(marksOf(request(START - SECOND, ['a']))).toEqual([1]);
});

test('the days before and after a midnight each have a row of a series', () => {
  const day = 86_400n * SECOND;
  const midnight = (START / day + 1n) * day;
  const blocks = createMetricBlocks();
  const reader = createMetricReader();
  for (const time of [midnight - 10n * SECOND, midnight + 10n * SECOND, midnight - 1n, midnight])
    reader.read(request(time, ['a']), blocks, Number(midnight / 1_000_000n));
  expect(knownIn(blocks.gauge)).toEqual([0, 0, 0, 0]);
});

test('what was read in a request that is not kept makes no series known', () => {
  const blocks = createMetricBlocks();
  const reader = createMetricReader();
  const whole = request(START, ['a']);
  const broken = new Uint8Array([...whole, 0x0a, 0x7f]);
  expect(reader.read(broken, blocks, 0).kind).toBe('malformed');
  reader.read(whole, blocks, 0);
  expect(knownIn(blocks.gauge)).toEqual([0]);
});

test('a series has one row for the points of a span, and is found wherever they are', async () => {
  const { store, close } = await openTestStore();
  try {
    const reader = createMetricReader();
    const insert = async (
      bytes: Uint8Array,
      change: (native: Buffer) => Buffer = (native) => native,
    ): Promise<void> => {
      const blocks = createMetricBlocks();
      reader.read(bytes, blocks, Number(START / 1_000_000n));
      const file = join(tmpdir(), `throughline-known-${process.pid}-${Math.random()}.native`);
      writeFileSync(file, change(Buffer.concat(blocks.gauge.toNative())));
      await store.insert({ table: 'otel_metrics_gauge', file, rows: blocks.gauge.rows, token: file });
      rmSync(file);
    };
    await store.command('SYSTEM STOP MERGES otel_metrics_series');
    for (const at of [0n, 15n, 30n]) await insert(request(START + at * SECOND, ['a', 'b']));
    const rows = async (): Promise<unknown> =>
      (
        await store.query(
          `SELECT Attributes['shard'] AS shard, count() AS rows, min(First) <= fromUnixTimestamp64Nano(toInt64(${START})) AS begins,
             max(Last) >= fromUnixTimestamp64Nano(toInt64(${START + 30n * SECOND})) AS ends FROM otel_metrics_series GROUP BY shard ORDER BY shard`,
        )
      ).rows;
    expect(await rows()).toMatchObject([
      { shard: 'a', rows: '1', begins: 1, ends: 1 },
      { shard: 'b', rows: '1', begins: 1, ends: 1 },
    ]);
    // Seen where only the last of its points are.
    const range = { startNano: START + 29n * SECOND, endNano: START + 60n * SECOND };
    const found = await metricAttributes(createReader(store), { name: 'queue.length', kind: 'gauge', range });
    expect(JSON.stringify(found)).toContain('"shard"');
    // A file of the release before has no such column, and says nothing of its series.
    await insert(request(START + 45n * SECOND, ['a', 'b']), withoutMarks);
    expect(await rows()).toMatchObject([{ rows: '2' }, { rows: '2' }]);
  } finally {
    await close();
  }
});

/** One block: number of columns, number of rows (both below 128), columns. */
function withoutMarks(native: Buffer): Buffer {
  const head = Buffer.from('\x0bSeriesKnown\x05UInt8');
  const at = native.indexOf(head);
  expect(at).toBeGreaterThan(0);
  const cut = Buffer.concat([native.subarray(0, at), native.subarray(at + head.length + native[1]!)]);
  cut[0]!--;
  return cut;
}
