import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Status } from '../src/shapes/api.js';
import { createEmbeddedStore } from '../src/store/embedded-store.js';
import { buildEngineProcess } from './open-test-store.js';
import { encodeTraces } from './otlp-proto.js';
import { eventually, startCollector, type TestCollector } from './start-collector.js';

const scratch = mkdtempSync(join(tmpdir(), 'throughline-killed-'));
const data = join(scratch, 'data');
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const SENDERS = 4;
const SPANS = 200;
/** After so many answers each is killed: before its first insert, in the middle of one, and while an earlier one's spans are replayed. */
const ANSWERS = [40, 500, 5, 900, 350];

let lastId = 0;
/** A request of spans with ids that were never used. */
function request(): { readonly bytes: Uint8Array; readonly ids: readonly string[] } {
  const ids = Array.from({ length: SPANS }, () => (++lastId).toString(16).padStart(16, '0'));
  const nowMs = Date.now();
  const bytes = encodeTraces({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: ids.map((id) => ({
              traceId: Buffer.from(`7${id.padStart(31, '0')}`, 'hex'),
              spanId: Buffer.from(id, 'hex'),
              name: 'work',
              startTimeUnixNano: `${nowMs}000000`,
              endTimeUnixNano: `${nowMs}000001`,
            })),
          },
        ],
      },
    ],
  });
  return { bytes, ids };
}

/** Sends from several connections at once until the collector is gone; it is killed in the middle. */
async function sendUntilKilled(collector: TestCollector, limit: number, acknowledged: Set<string>): Promise<void> {
  let answers = 0;
  const sender = async (): Promise<void> => {
    for (;;) {
      const { bytes, ids } = request();
      const status = await fetch(`${collector.otlpHttp}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: bytes,
      }).then(
        (response) => response.status,
        () => undefined,
      );
      if (status === undefined) return;
      expect(status).toBe(200);
      for (const id of ids) acknowledged.add(id);
      if (++answers === limit) collector.process.kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  await collector.stop('SIGKILL');
}

async function statusOf(collector: TestCollector): Promise<Status> {
  return (await (await fetch(`${collector.explorer}/api/v1/status`)).json()) as Status;
}

test('killed five times under load, every acknowledged span is there, and once [F22]', {
  timeout: 120_000,
}, async () => {
  const acknowledged = new Set<string>();
  for (const limit of ANSWERS) await sendUntilKilled(await startCollector([], { data }), limit, acknowledged);
  expect(acknowledged.size).toBeGreaterThanOrEqual(ANSWERS.reduce((sum, limit) => sum + limit, 0) * SPANS);

  const last = await startCollector([], { data });
  await eventually(
    async () => (await statusOf(last)).spans,
    (spans) => spans >= acknowledged.size,
    60_000,
  );
  expect(await last.stop('SIGTERM')).toMatchObject({ code: 0 });
  expect(readdirSync(join(data, 'spool'))).toEqual([]);

  const store = await createEmbeddedStore({ dataDir: data, engineEntry: buildEngineProcess() });
  try {
    const { rows } = await store.query<{ all: string; different: string }>(
      'SELECT count() AS all, uniqExact(SpanId) AS different FROM otel_traces',
    );
    expect(rows[0]!.all).toBe(rows[0]!.different);
    const ids = await store.query<{ id: string }>('SELECT SpanId AS id FROM otel_traces');
    const kept = new Set(ids.rows.map(({ id }) => id));
    expect([...acknowledged].filter((id) => !kept.has(id))).toEqual([]);
  } finally {
    await store.close();
  }
});

test('an engine that outlives its killed collector for a moment does not keep the next one out', {
  timeout: 60_000,
}, async () => {
  const directory = join(scratch, 'outlived');
  const first = await startCollector([], { data: directory });
  const isHealthy = (status: Status) => status.store.healthy;
  await eventually(() => statusOf(first), isHealthy);
  const { pid } = first.process;
  const engine = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
  // On a busy machine it hears late that its collector is gone; here it hears nothing until it is let.
  process.kill(engine, 'SIGSTOP');
  await first.stop('SIGKILL');
  const second = await startCollector([], { data: directory });
  try {
    // Long enough for an engine that would give up at once.
    await new Promise((done) => setTimeout(done, 1_500));
    expect((await statusOf(second)).store.healthy).toBe(false);
    process.kill(engine, 'SIGCONT');
    await eventually(() => statusOf(second), isHealthy);
  } finally {
    if (existsSync(`/proc/${engine}`)) process.kill(engine, 'SIGKILL');
    await second.stop();
  }
});
