import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, test } from 'vitest';
import type { Transport } from '../src/core/ports.js';
import type { Telemetry } from '../src/core/telemetry-handle.js';
import { type NodeOptions, nodeHttpTransport, start } from '../src/runtimes/node/index.js';

/*
 * The claimed figures that hold on any machine: nothing lost, and bounds of memory. Speeds and pauses are `npm run bench -- claims`.
 */

const started: Telemetry[] = [];
afterEach(async () => {
  for (const telemetry of started.splice(0)) await telemetry.shutdown({ timeoutMs: 0 });
});

function telemetryTo(destinations: Transport, options: NodeOptions = {}): Telemetry {
  const telemetry = start({ env: {}, global: false, signals: false, onDiagnostic: () => {}, destinations, ...options });
  started.push(telemetry);
  return telemetry;
}

const silent: Transport = { destination: 'silent', send: () => new Promise(() => {}) };
const attributes = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`attribute.number.${i}`, `value ${i}`]));

/** Bytes that are held. Buffers are given back by another thread, a moment after they were found to be garbage. */
async function heldBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('100,000 spans pass a queue of 2,048 in batches of 512 and none is lost [S12]', async () => {
  const batches: number[] = [];
  const telemetry = telemetryTo(
    {
      destination: 'here',
      async send({ items }) {
        batches.push(items);
        return { kind: 'accepted', rejectedItems: 0 };
      },
    },
    { batch: { maxItems: 512, maxQueueItems: 2_048 } },
  );
  for (let i = 0; i < 100_000; i++) {
    telemetry.tracer.startSpan('work', { attributes }).end();
    // A program that does something else now and then.
    if (i % 1_000 === 999) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await telemetry.flush()).toBe(true);
  expect(telemetry.status()).toMatchObject({ sent: { traces: 100_000 }, dropped: { 'queue-full': 0 } });
  expect(Math.max(...batches)).toBe(512);
});

test('a full queue of 2,048 spans with ten attributes takes less than 2 MB, in bytes and in memory [S12]', async () => {
  // The least of several: what the engine compiles and remembers meanwhile is not the queue's.
  let grown = Infinity;
  for (let attempt = 0; attempt < 6; attempt++) {
    const telemetry = telemetryTo(silent, { batch: { maxItems: 512, maxQueueItems: 2_048 } });
    const before = await heldBytes();
    for (let i = 0; i < 10_000; i++) telemetry.tracer.startSpan('work', { attributes }).addEvent('e').end();
    grown = Math.min(grown, (await heldBytes()) - before);
    const { queued } = telemetry.status();
    expect(queued.items).toBeGreaterThan(1_000);
    expect(queued.items).toBeLessThanOrEqual(2_048);
    expect(queued.bytes).toBeLessThan(2_000_000);
  }
  expect(grown).toBeLessThan(2_000_000);
});

test('a telemetry at rest takes less than 50 KB, its exporter less than 500 KB [S12]', async () => {
  // The first ones load code that all of them share.
  for (let i = 0; i < 5; i++) telemetryTo(silent).tracer.startSpan('warm').end();
  const count = 20;
  const leastEach = async (make: () => unknown): Promise<number> => {
    let least = Infinity;
    for (let attempt = 0; attempt < 5; attempt++) {
      const before = await heldBytes();
      const made = Array.from({ length: count }, make);
      least = Math.min(least, ((await heldBytes()) - before) / made.length);
    }
    return least;
  };
  expect(await leastEach(() => telemetryTo(silent))).toBeLessThan(50_000);
  expect(await leastEach(() => nodeHttpTransport({ url: 'http://localhost:4318' }))).toBeLessThan(500_000);
});
