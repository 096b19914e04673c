import { expect, test } from 'vitest';
import { fakeTime } from '../../../../../testkit/src/fake-time.js';
import { handBuffer, marksOf } from '../../../../../testkit/src/hand-buffer.js';
import type { Batch } from '../../../core/batch.js';
import { limitDiagnostics } from '../../../core/limit-diagnostics.js';
import type { BatchLimits, Destinations, Diagnostic } from '../../../core/options.js';
import type { Outcome, Transport } from '../../../core/ports.js';
import { resolveBatchLimits } from '../../../core/presets.js';
import { createRequestOutbox } from './create-request-outbox.js';

const accepted: Outcome = { kind: 'accepted', rejectedItems: 0 };
const away: Outcome = { kind: 'retry', reason: 'away' };
/** A request that was cut off: nothing of it ever comes back. */
const never = new Promise<Outcome>(() => {});

function destination(answer: (batch: Batch) => Outcome | Promise<Outcome> = () => accepted, name = 'here') {
  const batches: Batch[] = [];
  const transport: Transport = {
    destination: name,
    async send(batch) {
      batches.push(batch);
      return answer(batch);
    },
  };
  return { transport, batches, marks: () => batches.flatMap(({ bytes }) => marksOf(bytes)) };
}

function setUp(destinations: Destinations | undefined, limits: Partial<BatchLimits> = {}) {
  const time = fakeTime();
  const diagnostics: Diagnostic[] = [];
  const written: boolean[] = [];
  const entropy = { fill: (target: Uint8Array<ArrayBuffer>) => void crypto.getRandomValues(target) };
  const outbox = createRequestOutbox(
    {
      ports: { clock: time.clock, timers: time.timers, entropy },
      limits: resolveBatchLimits('production', { flushTimeoutMs: 15_000, ...limits }, () => {}),
      resource: () => ({ bytes: new Uint8Array(0), schemaUrl: '' }),
      quietly: (run) => run(),
      report: limitDiagnostics(time.clock, (diagnostic) => diagnostics.push(diagnostic)),
      destinations,
      store: undefined,
    },
    (full) => written.push(full),
  );
  const buffer = handBuffer();
  let mark = 0;
  return {
    time,
    outbox,
    diagnostics,
    written,
    write(count = 1, to = buffer) {
      for (let at = 0; at < count; at++) {
        to.write(mark++);
        outbox.onFragment!(to);
      }
    },
  };
}

test('a request takes along what all have recorded by then, and says whether it arrived', async () => {
  const { transport, batches, marks } = destination();
  const { outbox, write } = setUp(transport);
  write(3);
  expect(outbox.status().queued.items).toBe(3);
  expect(outbox.hasWork).toBe(true);
  expect(await outbox.flush()).toBe(true);
  write(1);
  expect(await outbox.flush()).toBe(true);
  expect(marks()).toEqual([0, 1, 2, 3]);
  expect(new Set(batches.map(({ id }) => id)).size).toBe(2);
  expect(outbox.status()).toMatchObject({
    state: 'healthy',
    sent: { traces: 4 },
    queued: { items: 0, bytes: 0 },
    destinations: [{ destination: 'here', reachable: true, failures: 0 }],
  });
  expect(outbox.hasWork).toBe(false);
});

test('nothing leaves by itself, and a full batch is named', async () => {
  const { transport, batches } = destination();
  const { time, written, write } = setUp(transport, { maxItems: 3 });
  write(4);
  await time.advance(60_000);
  expect(written).toEqual([false, false, true, false]);
  expect(batches).toEqual([]);
  expect(time.pending).toBe(0);
});

test('what a request could not deliver is taken along by another', async () => {
  let answer: Outcome = away;
  const { transport, batches } = destination(() => answer);
  const { time, outbox, write } = setUp(transport, { flushTimeoutMs: 100 });
  write();
  const first = outbox.flush();
  await time.advance(200);
  expect(await first).toBe(false);
  expect(outbox.status()).toMatchObject({ state: 'degraded', queued: { items: 1 }, sent: { traces: 0 } });
  answer = accepted;
  await time.advance(60_000);
  write();
  expect(await outbox.flush()).toBe(true);
  expect(batches.map(({ id }) => id)).toEqual([batches[0]!.id, batches[0]!.id, batches[2]!.id]);
  expect(outbox.status()).toMatchObject({ state: 'healthy', queued: { items: 0 }, sent: { traces: 2 } });
});

test('a request that was cut off while it sent loses nothing: later another takes its batches along', async () => {
  let answer: Outcome | Promise<Outcome> = never;
  const { transport, batches } = destination(() => answer);
  const { time, outbox, write } = setUp(transport, { sendTimeoutMs: 1_000_000 });
  write();
  void outbox.flush();
  answer = accepted;
  // Others are not held up by it, and leave it its batches as long as it may be alive.
  write();
  expect(await outbox.flush()).toBe(true);
  expect(batches).toHaveLength(2);
  expect(outbox.status()).toMatchObject({ queued: { items: 1 }, sent: { traces: 1 } });
  await time.advance(14_000);
  write();
  await outbox.flush();
  expect(outbox.status()).toMatchObject({ queued: { items: 1 }, sent: { traces: 2 } });
  await time.advance(12_000);
  write();
  expect(await outbox.flush()).toBe(true);
  expect(outbox.status()).toMatchObject({ queued: { items: 0 }, sent: { traces: 4 } });
  expect(batches.filter(({ id }) => id === batches[0]!.id)).toHaveLength(2);
});

test('a receiver that rests is asked by one request; what the others leave meanwhile goes in one batch', async () => {
  let answer: Outcome = { kind: 'retry', reason: 'busy', afterMs: 2_000 };
  const { transport, batches, marks } = destination(() => answer);
  const { time, outbox, write } = setUp(transport);
  write();
  const first = outbox.flush();
  await time.advance(10);
  for (let at = 0; at < 5; at++) {
    write();
    expect(await outbox.flush()).toBe(false);
  }
  expect(batches).toHaveLength(1);
  answer = accepted;
  await time.advance(2_000);
  expect(await first).toBe(true);
  expect(marks()).toEqual([0, 0, 1, 2, 3, 4, 5]);
  expect(batches).toHaveLength(3);
});

test('a rest that is longer than a request may live is waited for by none', async () => {
  let answer: Outcome = { kind: 'retry', reason: 'busy', afterMs: 40_000 };
  const { transport, batches } = destination(() => answer);
  const { time, outbox, write } = setUp(transport);
  write();
  const first = outbox.flush();
  await time.settle();
  expect(await first).toBe(false);
  write();
  expect(await outbox.flush()).toBe(false);
  expect(batches).toHaveLength(1);
  answer = accepted;
  await time.advance(41_000);
  expect(await outbox.flush()).toBe(true);
  expect(outbox.status().sent.traces).toBe(2);
});

test('of a receiver that stays away one request finds out at a time', async () => {
  const { transport, batches } = destination(() => away);
  const { time, outbox, write, diagnostics } = setUp(transport);
  write();
  const first = outbox.flush();
  await time.advance(120_000);
  await first;
  const asked = batches.length;
  const requests = Array.from({ length: 10 }, () => {
    write();
    return outbox.flush(1);
  });
  await time.advance(10);
  expect(await Promise.all(requests)).toEqual(requests.map(() => false));
  expect(batches.length - asked).toBeLessThanOrEqual(1);
  expect(new Set(diagnostics.map(({ code }) => code))).toEqual(new Set(['collector-unreachable']));
});

test('bounds hold over everything: open, waiting and under way', async () => {
  const { transport, marks } = destination(() => away);
  const { time, outbox, diagnostics, write } = setUp(transport, { maxItems: 2, maxQueueItems: 6, flushTimeoutMs: 100 });
  for (let at = 0; at < 10; at++) {
    write(2);
    void outbox.flush();
    await time.advance(200);
  }
  const { queued, dropped } = outbox.status();
  expect(queued.items).toBeLessThanOrEqual(8);
  expect(queued.items + dropped['queue-full']).toBe(20);
  expect(diagnostics.map(({ code }) => code)).toContain('dropped-queue-full');
  // The oldest went first.
  expect(marks()).toContain(0);
});

test('copies go to each destination under ids of their own, a list to the first that works', async () => {
  const [one, two] = [destination(() => accepted, 'one'), destination(() => away, 'two')];
  const copies = setUp({ copies: [one.transport, two.transport] }, { flushTimeoutMs: 100 });
  copies.write();
  const flushed = copies.outbox.flush();
  await copies.time.advance(200);
  expect(await flushed).toBe(false);
  expect([one.marks(), two.marks()]).toEqual([[0], [0]]);
  expect(one.batches[0]!.id).not.toBe(two.batches[0]!.id);
  expect(copies.outbox.status()).toMatchObject({ sent: { traces: 1 }, queued: { items: 1 }, state: 'degraded' });

  const [dead, alive] = [destination(() => away, 'dead'), destination(() => accepted, 'alive')];
  const list = setUp({ failover: [dead.transport, alive.transport] });
  list.write();
  expect(await list.outbox.flush()).toBe(true);
  list.write();
  expect(await list.outbox.flush()).toBe(true);
  expect([dead.marks(), alive.marks()]).toEqual([[0], [0, 1]]);
});

test('what is refused is dropped and said, and does not come back', async () => {
  const { transport, batches } = destination(() => ({ kind: 'refused', reason: 'HTTP 400' }));
  const { outbox, diagnostics, write } = setUp(transport);
  write(2);
  expect(await outbox.flush()).toBe(false);
  expect(await outbox.flush()).toBe(true);
  expect(batches).toHaveLength(1);
  expect(outbox.status()).toMatchObject({ dropped: { refused: 2 }, queued: { items: 0 } });
  expect(diagnostics.map(({ code }) => code)).toEqual(['dropped-refused']);
});

test('after shutdown() what is left is counted as lost; without a destination nothing is kept', async () => {
  const { transport } = destination(() => away);
  const { time, outbox, write } = setUp(transport, { shutdownTimeoutMs: 100 });
  write(2);
  const closing = outbox.shutdown();
  await time.advance(200);
  expect(await closing).toBe(false);
  write(1);
  await outbox.shutdown();
  expect(outbox.status()).toMatchObject({ state: 'shut-down', dropped: { shutdown: 2 } });
  expect(setUp(undefined).outbox.onFragment).toBeUndefined();
  expect(await setUp(undefined).outbox.flush()).toBe(true);
});
