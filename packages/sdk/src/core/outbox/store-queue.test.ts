import { describe, expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { handBuffer, marksOf } from '../../../../testkit/src/hand-buffer.js';
import { memoryStore } from '../../stores/memory.js';
import type { SacrificeOrder } from '../options.js';
import type { BatchStore, Outcome, Transport } from '../ports.js';
import { resolveBatchLimits } from '../presets.js';
import { createSmallOutbox } from '../small/small-outbox.js';
import { createOutbox, type Outbox, type OutboxOptions } from './outbox.js';
import { createStoreQueue } from './store-queue.js';

/** An outbox over a store; `answer` says what becomes of each send. */
function setUpWith(
  create: (options: OutboxOptions) => Outbox,
  store: BatchStore,
  answer: (send: number) => Outcome | Promise<Outcome>,
  sacrifice?: SacrificeOrder,
) {
  const time = fakeTime();
  const sent: string[] = [];
  const transport: Transport = {
    destination: 'there',
    send: async ({ id }) => answer(sent.push(id)),
  };
  const ports = {
    clock: time.clock,
    timers: time.timers,
    entropy: { fill: (target: Uint8Array<ArrayBuffer>) => void crypto.getRandomValues(target) },
  };
  const limits = resolveBatchLimits('production', { maxItems: 1 }, () => {});
  const report = () => {};
  const outbox = create({
    ports,
    limits,
    report,
    destinations: [transport],
    resource: () => ({ bytes: new Uint8Array(0), schemaUrl: '' }),
    quietly: (run) => run(),
    createQueue: createStoreQueue(store, { ports, limits, report, sacrifice }),
  });
  const buffer = handBuffer('normal');
  let written = 0;
  const write = () => {
    buffer.write(written++);
    outbox.onFragment!(buffer);
  };
  return { time, outbox, write, sent };
}

const small = ({ destinations: [destination], createQueue, ...options }: OutboxOptions): Outbox =>
  createSmallOutbox({ ...options, destinations: destination }, createQueue);

// Of a page with `offline()` the small one keeps its batches in a store.
describe.each([
  { name: 'createOutbox', create: (options: OutboxOptions) => createOutbox(options) },
  { name: 'createSmallOutbox', create: small },
])('$name over a store', ({ create }) => {
  const setUp = (...args: Parameters<typeof setUpWith> extends [unknown, ...infer Rest] ? Rest : never) =>
    setUpWith(create, ...args);

  test('a batch that comes back while a slow store looks for others is tried again, not held until its lease ends', async () => {
    const store = memoryStore();
    let open = (): void => {};
    let claims = 0;
    const slow: BatchStore = {
      ...store,
      async claim(...asked) {
        if (++claims === 3) await new Promise<void>((resolve) => (open = resolve));
        return store.claim(...asked);
      },
    };
    let fail = (): void => {};
    const failed = new Promise<Outcome>((resolve) => {
      fail = () => resolve({ kind: 'retry', reason: 'away' });
    });
    const { time, outbox, write, sent } = setUp(slow, (send) =>
      send === 1 ? failed : { kind: 'accepted', rejectedItems: 0 },
    );
    await time.settle();
    expect(claims).toBe(1);
    write();
    await time.settle();
    expect(sent).toHaveLength(1);
    // The next look begins before the answer comes, and ends after it.
    write();
    await time.settle();
    expect(claims).toBe(3);
    fail();
    await time.settle();
    open();
    await time.settle();
    outbox.resume();
    await time.settle();
    expect(outbox.status()).toMatchObject({ sent: { traces: 2 }, stored: { items: 0 }, queued: { items: 0 } });
    expect(new Set(sent).size).toBe(2);
    await outbox.shutdown(0);
  });

  test('where it says that nothing survives is asked anew, for a store that finds out late', async () => {
    const store = memoryStore();
    let durability: BatchStore['durability'] = 'memory';
    const late: BatchStore = {
      ...store,
      get durability() {
        return durability;
      },
    };
    const { outbox } = setUp(late, () => ({ kind: 'accepted', rejectedItems: 0 }));
    expect(outbox.status().stored.durability).toBe('memory');
    durability = 'process-crash';
    expect(outbox.status().stored.durability).toBe('process-crash');
    await outbox.shutdown(0);
  });

  test('what cannot be stored in the turn of leaving is stored behind it, for the next program', async () => {
    const store = memoryStore();
    const small: BatchStore = { ...store, putSync: () => false };
    const { time, outbox, write } = setUp(small, () => new Promise(() => {}));
    await time.settle();
    write();
    outbox.suspend();
    await time.settle();
    expect(await store.size()).toMatchObject({ batches: 1 });
    const ending = outbox.shutdown(0);
    await time.advance(1_000);
    await ending;
  });

  test('what is still on its way into the store when the page is left is sent in that turn, and forgotten there once it was taken', async () => {
    const store = memoryStore();
    let arrive = (): void => {};
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const slow: BatchStore = {
      ...store,
      async put(batch) {
        await arrived;
        return store.put(batch);
      },
      async remove(ids) {
        await arrived;
        return store.remove(ids);
      },
    };
    const { time, outbox, write, sent } = setUp(slow, () => ({ kind: 'accepted', rejectedItems: 0 }));
    await time.settle();
    write();
    write();
    await time.settle();
    expect(sent).toEqual([]);
    outbox.suspend();
    const [last, first] = sent;
    expect(sent).toHaveLength(2);
    expect(last! > first!).toBe(true);
    arrive();
    await time.settle();
    outbox.resume();
    await time.settle();
    expect(sent).toHaveLength(2);
    expect(outbox.status()).toMatchObject({ sent: { traces: 2 }, queued: { items: 0 }, stored: { items: 0 } });
    expect(await store.size()).toMatchObject({ batches: 0 });
    await outbox.shutdown(0);
  });

  test('what cannot be written in the turn of leaving is not sent before the store has it: what stands there of it may be another content', async () => {
    const store = memoryStore();
    let arrive = (): void => {};
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const slow: BatchStore = {
      ...store,
      putSync: () => false,
      async put(batch) {
        await arrived;
        return store.put(batch);
      },
    };
    const { time, outbox, write, sent } = setUp(slow, () => ({ kind: 'accepted', rejectedItems: 0 }));
    await time.settle();
    write();
    await time.settle();
    outbox.suspend();
    await time.settle();
    expect(sent).toEqual([]);
    arrive();
    await time.settle();
    expect(sent).toHaveLength(1);
    await time.settle();
    expect(await store.size()).toMatchObject({ batches: 0 });
    await outbox.shutdown(0);
  });

  test('what a failing store may have kept all the same is removed from it once it was sent', async () => {
    const store = memoryStore();
    const broken: BatchStore = {
      ...store,
      async put(batch) {
        await store.put(batch);
        throw new Error('the disk was unplugged');
      },
      claim: async () => [],
    };
    const { time, outbox, write, sent } = setUp(broken, () => ({ kind: 'accepted', rejectedItems: 0 }));
    await time.settle();
    write();
    await time.settle();
    await time.settle();
    expect(sent).toHaveLength(1);
    expect(await store.size()).toMatchObject({ batches: 0 });
    await outbox.shutdown(0);
  });

  test('a step that makes more than memory may hold loses nothing to a store that writes at once [F11]', async () => {
    const store: BatchStore = { ...memoryStore(), atOnce: true };
    const { time, outbox, write, sent } = setUp(store, () => ({ kind: 'accepted', rejectedItems: 0 }));
    await time.settle();
    for (let at = 0; at < 2_500; at++) write();
    expect(outbox.status()).toMatchObject({ queued: { items: 0 }, dropped: { 'queue-full': 0 } });
    expect(await outbox.flush()).toBe(true);
    await time.settle();
    expect(outbox.status()).toMatchObject({ sent: { traces: 2_500 }, stored: { items: 0 } });
    expect(new Set(sent).size).toBe(2_500);
  });

  test('what a store cannot read, and what nobody asked for in its time, is counted as dropped, by reason [F16]', async () => {
    const store = memoryStore();
    let found = { damaged: 0, expired: 0 };
    const { time, outbox, write } = setUp(
      { ...store, size: async () => ({ ...(await store.size()), ...found }) },
      () => ({
        kind: 'accepted',
        rejectedItems: 0,
      }),
    );
    await time.settle();
    expect(outbox.status().dropped).toMatchObject({ damaged: 0, 'too-old': 0 });
    found = { damaged: 2, expired: 30 };
    for (let at = 0; at < 3; at++) {
      write();
      await time.settle();
    }
    expect(outbox.status()).toMatchObject({ dropped: { damaged: 2, 'too-old': 30 }, sent: { traces: 3 } });
  });

  test('what is on its way into a store that can write at once is not lost when the outbox closes', async () => {
    const store = memoryStore();
    const slow: BatchStore = { ...store, put: () => new Promise(() => {}) };
    const { time, outbox, write } = setUp(slow, () => ({ kind: 'accepted', rejectedItems: 0 }));
    await time.settle();
    write();
    const ending = outbox.shutdown(0);
    await time.advance(1_000);
    await ending;
    expect(outbox.status().dropped.shutdown).toBe(0);
    expect(await store.size()).toMatchObject({ batches: 1 });
  });

  test.each([
    { order: undefined, left: [2, 3] },
    { order: 'oldest-first' as const, left: [2, 3] },
    { order: 'newest-first' as const, left: [0, 1] },
  ])('what goes first of a store that is full is a wish: $order', async ({ order, left }) => {
    // Each batch is eight bytes.
    const store = memoryStore({ maxBytes: 16 });
    const away = { ...store, claim: async () => [] };
    const { time, outbox, write } = setUp(away, () => ({ kind: 'retry', reason: 'away' }), order);
    await time.settle();
    for (let at = 0; at < 4; at++) {
      write();
      await time.settle();
    }
    expect(outbox.status()).toMatchObject({ stored: { items: 2 }, dropped: { 'store-full': 2 } });
    const kept = await store.claim('', { leaseMs: 1, limit: 10 });
    expect(kept.flatMap(({ bytes }) => marksOf(bytes))).toEqual(left);
  });

  test('what is refused leaves the store, and what comes behind it is sent [F16]', async () => {
    const store = memoryStore();
    const { time, outbox, write } = setUp(store, (send) =>
      send % 2 ? { kind: 'refused', reason: 'HTTP 400' } : { kind: 'accepted', rejectedItems: 0 },
    );
    await time.settle();
    for (let at = 0; at < 10; at++) write();
    await outbox.flush();
    await time.settle();
    expect(outbox.status()).toMatchObject({ sent: { traces: 5 }, dropped: { refused: 5 }, stored: { items: 0 } });
    expect(await store.size()).toMatchObject({ batches: 0 });
  });
});
