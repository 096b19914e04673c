import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startClickhouseFront } from '../../testkit/src/clickhouse-front.js';
import { describeStore } from '../../testkit/src/store-suite.js';
import { ProtobufWriter } from '../src/process/protobuf-writer.js';
import { createClusterStore } from '../src/store/cluster-store.js';
import { createEmbeddedStore } from '../src/store/embedded-store.js';
import type { Store } from '../src/store/store.js';
import { buildEngineProcess, openTestStore } from './open-test-store.js';
import { eventually } from './start-collector.js';

const tools = {
  request(
    spans: readonly { readonly traceId: string; readonly spanId: string; readonly atNano: bigint }[],
  ): Uint8Array {
    const scopeSpans = new ProtobufWriter();
    for (const { traceId, spanId, atNano } of spans) {
      const span = new ProtobufWriter()
        .bytes(1, Buffer.from(traceId, 'hex'))
        .bytes(2, Buffer.from(spanId, 'hex'))
        .string(5, 'work')
        .fixed64(7, atNano)
        .fixed64(8, atNano + 1_000n);
      scopeSpans.bytes(2, span.finish());
    }
    const resourceSpans = new ProtobufWriter().bytes(2, scopeSpans.finish());
    return new ProtobufWriter().bytes(1, resourceSpans.finish()).finish();
  },
};

describeStore(
  'embedded',
  async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'throughline-embedded-'));
    const engineEntry = buildEngineProcess();
    const open = () => createEmbeddedStore({ dataDir, engineEntry });
    const store = await open();
    let last: Store = store;
    return {
      store,
      async reopen() {
        last = await open();
        return last;
      },
      async close() {
        await last.close();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  },
  tools,
);

describeStore(
  'a cluster, through a front over chDB',
  async () => {
    const front = await startClickhouseFront({ user: 'writer', password: 'pass:word/1' });
    const open = () => createClusterStore({ url: front.url });
    const store = await open();
    return {
      store,
      reopen: open,
      killEngine: () => front.killEngine(),
      close: () => front.close(),
    };
  },
  tools,
);

describe('what can be wrong with a cluster', () => {
  test('a wrong password and a server that is not there are each one sentence', async () => {
    const front = await startClickhouseFront({ user: 'writer', password: 'right' });
    try {
      const wrong = createClusterStore({ url: front.url.replace('right', 'wrong') });
      await expect(wrong).rejects.toThrow(/Authentication failed/);
      await expect(wrong).rejects.toMatchObject({ name: 'StoreError', code: 'denied' });
    } finally {
      await front.close();
    }
    const nowhere = createClusterStore({ url: front.url });
    await expect(nowhere).rejects.toMatchObject({ name: 'StoreError', code: 'away', retryable: true });
    await expect(nowhere).rejects.toThrow(/cannot be reached/);
  });

  test('a statement ends in the server when its caller leaves', async () => {
    const front = await startClickhouseFront();
    const store = await createClusterStore({ url: front.url });
    try {
      const leaving = new AbortController();
      const slow = store
        .query('SELECT count() FROM numbers(1e13) WHERE sipHash64(number) = 1', { abort: leaving.signal })
        .catch((error: Error) => error);
      await expect
        .poll(
          async () =>
            (
              await store.query<{ n: string }>(
                "SELECT count() AS n FROM system.processes WHERE query LIKE '%sipHash64(number)%' AND query NOT LIKE '%processes%'",
              )
            ).rows[0]!.n,
        )
        .toBe('1');
      leaving.abort();
      await front.untilStopped(1);
      expect(await slow).toMatchObject({ code: 'stopped' });
      expect(front.stopped[0]).toMatch(/sipHash64/);
    } finally {
      await store.close();
      await front.close();
    }
  });
});

test('what a merge makes of inserts has its columns apart, and inserts are one file each', async () => {
  const { store, close } = await openTestStore();
  try {
    const kinds = async (): Promise<readonly { kind: string; level: string }[]> =>
      (
        await store.query<{ kind: string; level: string }>(
          "SELECT part_type AS kind, toString(level > 0) AS level FROM system.parts WHERE active AND table = 'otel_logs'",
        )
      ).rows;
    // Two that do not pack: over 32 MiB as they are.
    for (let half = 0; half < 2; half++)
      await store.command(
        `INSERT INTO otel_logs (Timestamp, Body) SELECT toDateTime64('2026-01-01 00:00:00', 9), randomPrintableASCII(1000) FROM numbers(20000)`,
      );
    expect(await kinds()).toEqual([
      { kind: 'Compact', level: '0' },
      { kind: 'Compact', level: '0' },
    ]);
    await store.command('OPTIMIZE TABLE otel_logs FINAL');
    expect(await kinds()).toEqual([{ kind: 'Wide', level: '1' }]);
  } finally {
    await close();
  }
});

test('what an earlier run left set for a load is set back when the engine has time', async () => {
  const { store, close } = await openTestStore();
  try {
    const setting = async (): Promise<string> => {
      const { rows } = await store.query<{ parts: string }>(
        "SELECT extract(create_table_query, 'min_parts_to_merge_at_once = (\\\\d+)') AS parts FROM system.tables WHERE name = 'otel_traces'",
      );
      return rows[0]!.parts;
    };
    expect(await setting()).toBe('8');
    await store.command('ALTER TABLE otel_traces MODIFY SETTING min_parts_to_merge_at_once = 32');
    expect(await setting()).toBe('32');
    await eventually(setting, (parts) => parts === '8');
  } finally {
    await close();
  }
});
