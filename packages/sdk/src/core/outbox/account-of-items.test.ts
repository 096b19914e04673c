import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { handBuffer, marksOf, splitByHand } from '../../../../testkit/src/hand-buffer.js';
import { memoryStore } from '../../stores/memory.js';
import type { Batch } from '../batch.js';
import type { Outcome, Transport } from '../ports.js';
import { resolveBatchLimits } from '../presets.js';
import { createOutbox } from './outbox.js';
import { createStoreQueue } from './store-queue.js';

type Answer = 'accepted' | 'partial' | 'retry' | 'told' | 'refused' | 'too-large' | 'throw' | 'silent' | 'slow';

const answers = fc.array(
  fc.constantFrom<Answer>('accepted', 'partial', 'retry', 'told', 'refused', 'too-large', 'throw', 'silent', 'slow'),
  { maxLength: 25 },
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      count: fc.integer({ min: 1, max: 30 }),
      high: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 200, 2_000, 70_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'suspend' as const, 'resume' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: -1e9, max: 1e9 }) }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Plays a program and a network against an outbox and counts every item itself. */
async function play(script: readonly Answer[][], steps: readonly Step[], stored: boolean) {
  const time = fakeTime();
  const accepted = new Set<number>();
  const transports = script.map((list, index): Transport => {
    const left = [...list];
    return {
      destination: `d${index}`,
      async send({ bytes, items }: Batch): Promise<Outcome> {
        switch (left.shift() ?? 'accepted') {
          case 'retry':
            return { kind: 'retry', reason: 'away' };
          case 'told':
            return { kind: 'retry', reason: 'busy', afterMs: 3_000 };
          case 'refused':
            return { kind: 'refused', reason: 'no' };
          case 'too-large':
            return { kind: 'too-large', reason: 'no' };
          case 'throw':
            throw new Error('broken');
          case 'silent':
            return new Promise(() => {});
          case 'slow':
            await new Promise<void>((resolve) => time.timers.after(1_500, resolve));
            break;
          case 'partial':
            for (const mark of marksOf(bytes).slice(1)) accepted.add(mark);
            return { kind: 'accepted', rejectedItems: 1, message: `one of ${items}` };
        }
        for (const mark of marksOf(bytes)) accepted.add(mark);
        return { kind: 'accepted', rejectedItems: 0 };
      },
    };
  });
  const limits = resolveBatchLimits(
    'production',
    { maxItems: 8, maxAgeMs: 300, maxQueueItems: 60, maxBatchAgeMs: 150_000, sendTimeoutMs: 5_000 },
    () => {},
  );
  const ports = {
    clock: time.clock,
    timers: time.timers,
    entropy: { fill: (target: Uint8Array<ArrayBuffer>) => void crypto.getRandomValues(target) },
  };
  const store = memoryStore({ maxBytes: 400, nowMs: time.clock.monotonicMs });
  const report = () => {};
  const outbox = createOutbox({
    ports,
    limits,
    report,
    destinations: transports,
    resource: () => ({ bytes: new Uint8Array(0), schemaUrl: '' }),
    quietly: (run) => run(),
    split: splitByHand,
    createQueue: stored ? createStoreQueue(store, { ports, limits, report }) : undefined,
  });
  const buffers = [handBuffer('normal'), handBuffer('high')];
  let written = 0;

  const account = () => {
    const { sent, rejected, dropped, queued, stored: kept } = outbox.status();
    const gone = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    return {
      settled: sent.traces + rejected + gone,
      sent: sent.traces,
      dropped: gone,
      rejected,
      queued: queued.items,
      kept: kept.items,
    };
  };

  for (const each of steps) {
    if (each.kind === 'write') {
      const buffer = buffers[each.high ? 1 : 0]!;
      for (let i = 0; i < each.count; i++) {
        buffer.write(written++);
        outbox.onFragment!(buffer);
      }
    } else if (each.kind === 'wait') await time.advance(each.ms);
    else if (each.kind === 'jump') time.jumpWall(each.ms);
    else if (each.kind === 'flush') void outbox.flush(1_000);
    else outbox[each.kind]();
    if (!stored) {
      const { settled, queued } = account();
      expect(settled + queued, 'every item is in one place').toBe(written);
      expect(queued).toBeLessThanOrEqual(60);
    }
  }
  return { time, outbox, written: () => written, accepted, account, store };
}

test('every item ends up sent, rejected or dropped for a reason, whatever the network does [F16]', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(answers, { minLength: 1, maxLength: 3 }),
      fc.array(step, { maxLength: 25 }),
      async (script, steps) => {
        const { time, outbox, written, accepted, account } = await play(script, steps, false);
        // The network has no more mischief: what is not settled by now must be delivered.
        for (let i = 0; i < 40; i++) await time.advance(5_000);
        const after = account();
        expect(after.queued).toBe(0);
        expect(after.settled).toBe(written());
        // What was called sent was really accepted; a late answer may have accepted more.
        expect(accepted.size).toBeGreaterThanOrEqual(after.sent);
        const closed = outbox.shutdown(1_000);
        await time.advance(1_500);
        expect(await closed).toBe(true);
        expect(time.pending).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

test('the same where batches wait in a store: nothing is in two places and nothing is forgotten', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(answers, { minLength: 1, maxLength: 2 }),
      fc.array(step, { maxLength: 20 }),
      async (script, steps) => {
        const { time, written, accepted, account, store } = await play(script, steps, true);
        for (let i = 0; i < 60; i++) await time.advance(5_000);
        const after = account();
        expect(after.settled + after.kept).toBe(written());
        expect(after).toMatchObject({ queued: 0, kept: 0 });
        expect(await store.size()).toMatchObject({ batches: 0, items: 0 });
        expect(accepted.size).toBeGreaterThanOrEqual(after.sent);
      },
    ),
    { numRuns: 200 },
  );
});

test('what is left at shutdown is counted, or left to the store for the next program', async () => {
  const away = Array.from({ length: 20 }, () => 'retry' as const);
  const steps: Step[] = [
    { kind: 'write', count: 20, high: false },
    { kind: 'wait', ms: 1 },
  ];
  const memory = await play([away], steps, false);
  const closing = memory.outbox.shutdown(2_000);
  await memory.time.advance(3_000);
  expect(await closing).toBe(false);
  expect(memory.outbox.status()).toMatchObject({ dropped: { shutdown: 20 } });

  const kept = await play([away], steps, true);
  const ending = kept.outbox.shutdown(2_000);
  await kept.time.advance(3_000);
  expect(await ending).toBe(false);
  expect(kept.outbox.status()).toMatchObject({ dropped: { shutdown: 0 } });
  expect(await kept.store.size()).toMatchObject({ items: 20 });
  expect(await kept.store.claim('next', { leaseMs: 1_000, limit: 100 })).toHaveLength(3);
});
