import type { Batch } from '../../sdk/src/core/batch.js';
import type { BatchStore } from '../../sdk/src/core/ports.js';
import { equal, match, ok } from './assert.js';
import { suite } from './suite.js';
import { testBatch } from './test-batch.js';

export interface BatchStoreHarness {
  /** An empty store of so many bytes, a place of its own at each call. */
  create(options: { readonly maxBytes: number }): BatchStore | Promise<BatchStore>;
  /** Lets so much of the store's own time pass, for leases. */
  advance(ms: number): void | Promise<void>;
  /** The same place opened by another program, where the store outlives one; what was stored must be there. */
  reopen?(store: BatchStore): BatchStore | Promise<BatchStore>;
}

const lease = { leaseMs: 10_000, limit: 100 };
const idsOf = (batches: readonly Pick<Batch, 'id'>[]) => batches.map(({ id }) => id);
const batch = (size: number, overrides: Partial<Batch> = {}) =>
  testBatch({ bytes: Uint8Array.from({ length: size }, (_, at) => at & 0xff), ...overrides });

/**
 * The contract of `BatchStore` (core/ports.ts). Run it once for each implementation, in each runtime that has it. Needs: `put-sync`, a medium that
 * can be written before a call returns; `reopen`, a store that outlives its program; `leases`, that it cannot tell whether that one lives.
 */
export const batchStoreSuite = suite<BatchStoreHarness>('batch-store', 'a store', (test) => {
  test('what was put is claimed as it was, byte for byte and field for field', async ({ create }, after) => {
    const store = await create({ maxBytes: 10_000 });
    after(() => store.close?.());
    const given = batch(300, {
      signal: 'logs',
      priority: 'high',
      destination: 'there',
      createdUnixMs: 123,
      items: 7,
    });
    ok(await store.put(given), 'it said false');
    const [taken] = await store.claim('me', lease);
    equal({ ...taken, bytes: [...taken!.bytes] }, { ...given, bytes: [...given.bytes] });
  });

  test('a batch claimed by one is nobody else’s until it is released or its lease is over', async ({
    create,
    advance,
  }, after) => {
    const store = await create({ maxBytes: 10_000 });
    after(() => store.close?.());
    const [a, b] = [batch(10), batch(10)];
    await store.put(a);
    await store.put(b);
    equal(idsOf(await store.claim('one', { leaseMs: 1_000, limit: 1 })), [a.id]);
    equal(idsOf(await store.claim('two', lease)), [b.id]);
    equal(await store.claim('three', lease), []);
    await store.release([b.id]);
    equal(idsOf(await store.claim('three', lease)), [b.id]);
    await advance(999);
    equal(await store.claim('three', lease), []);
    await advance(2);
    equal(idsOf(await store.claim('three', lease)), [a.id]);
  });

  test('two who claim at once never get the same batch', async ({ create }, after) => {
    const store = await create({ maxBytes: 100_000 });
    after(() => store.close?.());
    for (let i = 0; i < 20; i++) await store.put(batch(10));
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, at) => store.claim(`owner ${at}`, { leaseMs: 10_000, limit: 3 })),
    );
    const ids = claims.flatMap(idsOf);
    equal(ids.length, 20);
    equal(new Set(ids).size, 20);
    ok(
      claims.every(({ length }) => length <= 3),
      'it said false',
    );
  });

  test('best first: high priority before normal, then in order of arrival; what was released goes behind', async ({
    create,
  }, after) => {
    const store = await create({ maxBytes: 10_000 });
    after(() => store.close?.());
    const [n1, h1, n2, h2] = [batch(9), batch(9, { priority: 'high' }), batch(9), batch(9, { priority: 'high' })];
    for (const each of [n1, h1, n2, h2]) await store.put(each);
    equal(idsOf(await store.claim('me', { leaseMs: 10_000, limit: 3 })), idsOf([h1, h2, n1]));
    await store.release([n1.id, h1.id]);
    equal(idsOf(await store.claim('me', lease)), idsOf([h1, n2, n1]));
  });

  test('a claim can ask for some destinations only', async ({ create }, after) => {
    const store = await create({ maxBytes: 10_000 });
    after(() => store.close?.());
    const [a, b] = [batch(9, { destination: 'a' }), batch(9, { destination: 'b' })];
    await store.put(a);
    await store.put(b);
    equal(await store.claim('me', { ...lease, destinations: ['c'] }), []);
    equal(idsOf(await store.claim('me', { ...lease, destinations: ['c', 'b'] })), [b.id]);
  });

  test('bytes are bounded: what does not fit is said, and nothing else changes', async ({ create }, after) => {
    const store = await create({ maxBytes: 1_000 });
    after(() => store.close?.());
    const first = batch(600);
    ok(await store.put(first), 'it said false');
    ok(!(await store.put(batch(600))), 'it said true');
    match(await store.size(), { batches: 1, items: 10, bytes: 600, maxBytes: 1_000, damaged: 0 });
    ok(!(await store.put(batch(5_000))), 'it said true');
    equal(idsOf(await store.claim('me', lease)), [first.id]);
  });

  test('the same id again replaces the batch', async ({ create }, after) => {
    const store = await create({ maxBytes: 1_000 });
    after(() => store.close?.());
    const first = batch(600);
    await store.put(first);
    ok(await store.put({ ...first, items: 3, bytes: new Uint8Array(700) }), 'it said false');
    match(await store.size(), { batches: 1, items: 3, bytes: 700 });
  });

  test(
    'what is put synchronously is stored when the call returns',
    { needs: ['put-sync'] },
    async ({ create }, after) => {
      const store = await create({ maxBytes: 1_000 });
      after(() => store.close?.());
      ok(store.putSync, 'it has no putSync');
      const given = batch(600);
      ok(store.putSync(given), 'it said false');
      ok(!store.putSync(batch(600)), 'it said true');
      equal(idsOf(await store.claim('me', lease)), [given.id]);
    },
  );

  test('removed batches are gone, and ids it does not know are no trouble', async ({ create }, after) => {
    const store = await create({ maxBytes: 1_000 });
    after(() => store.close?.());
    const [a, b] = [batch(100), batch(100)];
    await store.put(a);
    await store.put(b);
    await store.claim('me', lease);
    await store.remove([a.id, 'never seen']);
    await store.release(['never seen', b.id]);
    match(await store.size(), { batches: 1, bytes: 100 });
    equal(idsOf(await store.claim('me', lease)), [b.id]);
  });

  test('replace is all or nothing', async ({ create }, after) => {
    const store = await create({ maxBytes: 1_000 });
    after(() => store.close?.());
    const parent = batch(600);
    await store.put(parent);
    const parts = [0, 1].map((at) => batch(350, { id: `${parent.id}.${at}`, items: 5 }));
    ok(!(await store.replace('never seen', parts)), 'it said true');
    match(await store.size(), { batches: 1, bytes: 600 });
    ok(await store.replace(parent.id, parts), 'it said false');
    match(await store.size(), { batches: 2, items: 10, bytes: 700 });
    equal(idsOf(await store.claim('me', lease)).sort(), idsOf(parts));
    const tooMuch = [0, 1].map((at) => batch(900, { id: `${parts[0]!.id}.${at}` }));
    ok(!(await store.replace(parts[0]!.id, tooMuch)), 'it said true');
    match(await store.size(), { batches: 2, bytes: 700 });
  });

  test('eviction gives up low priority before high and old before new, no more than asked for, and tells what', async ({
    create,
  }, after) => {
    const store = await create({ maxBytes: 1_000 });
    after(() => store.close?.());
    const old = batch(200, { priority: 'high', createdUnixMs: 1 });
    const middle = batch(200, { createdUnixMs: 2, items: 4 });
    const young = batch(200, { createdUnixMs: 3 });
    for (const each of [young, old, middle]) await store.put(each);
    equal(await store.evict('sacrifice', 400), []);
    const dropped = await store.evict('sacrifice', 500);
    equal(dropped.length, 1);
    match(dropped[0], { id: middle.id, signal: 'traces', items: 4, priority: 'normal' });
    equal(idsOf(await store.evict('oldest-first', 800)), [old.id]);
    equal(idsOf(await store.evict('sacrifice', 1_000)), [young.id]);
    match(await store.size(), { batches: 0, items: 0, bytes: 0 });
  });

  test('what somebody holds is not evicted', async ({ create }, after) => {
    const store = await create({ maxBytes: 1_000 });
    after(() => store.close?.());
    const [held, free] = [batch(300, { createdUnixMs: 1 }), batch(300, { createdUnixMs: 2 })];
    await store.put(held);
    await store.claim('me', lease);
    await store.put(free);
    equal(idsOf(await store.evict('oldest-first', 1_000)), [free.id]);
  });

  test('any sequence of calls leaves the account right and never more than the bound', async ({ create, advance }) => {
    for (let run = 1; run <= 60; run++) {
      const draw = seeded(run);
      const store = await create({ maxBytes: 1_500 });
      const inside = new Map<string, Batch>();
      const held = new Set<string>();
      const told = (step: number) => `run ${run}, step ${step}:`;
      for (let step = 0; step < 40; step++) {
        const kind = (['put', 'put', 'claim', 'release', 'remove', 'evict', 'advance'] as const)[draw(7)]!;
        const id = [...inside.keys()][draw(20) % Math.max(inside.size, 1)];
        const size = 1 + draw(400);
        if (kind === 'put') {
          const given = batch(size, { priority: draw(2) ? 'high' : 'normal' });
          if (await store.put(given)) inside.set(given.id, given);
          else ok((await store.size()).bytes + size > 1_500, `${told(step)} no room was said where there is some`);
        } else if (kind === 'claim') {
          for (const each of await store.claim('me', { leaseMs: 1_000, limit: 2 })) {
            ok(inside.has(each.id) && !held.has(each.id), `${told(step)} ${each.id} was not free`);
            held.add(each.id);
          }
        } else if (kind === 'release' && id) {
          await store.release([id]);
          held.delete(id);
        } else if (kind === 'remove' && id) {
          await store.remove([id]);
          inside.delete(id);
          held.delete(id);
        } else if (kind === 'evict') {
          for (const dropped of await store.evict('sacrifice', size)) {
            ok(!held.has(dropped.id), `${told(step)} ${dropped.id} is held and was dropped`);
            ok(inside.delete(dropped.id), `${told(step)} ${dropped.id} was dropped and is not there`);
          }
        } else if (kind === 'advance') {
          await advance(1_001);
          held.clear();
        }
        const bytes = [...inside.values()].reduce((sum, each) => sum + each.bytes.length, 0);
        const items = [...inside.values()].reduce((sum, each) => sum + each.items, 0);
        match(await store.size(), { batches: inside.size, bytes, items }, `${told(step)} the account after ${kind}`);
        ok(bytes <= 1_500, `${told(step)} ${bytes} bytes`);
      }
      await store.close?.();
    }
  });

  test('what was stored is there for the next program', { needs: ['reopen'] }, async ({ create, reopen }, after) => {
    ok(reopen, 'it cannot be opened again');
    const store = await create({ maxBytes: 10_000 });
    after(() => store.close?.());
    const given = batch(100, { signal: 'logs', priority: 'high', destination: 'there', items: 7 });
    await store.put(given);
    await store.put(batch(100, { destination: 'there' }));
    const next = await reopen(store);
    after(() => next.close?.());
    match(await next.size(), { batches: 2, bytes: 200 });
    const [taken] = await next.claim('you', { ...lease, destinations: ['there'] });
    equal({ ...taken, bytes: [...taken!.bytes] }, { ...given, bytes: [...given.bytes] });
  });

  test(
    'what the program before held is the next one’s when the lease ends',
    { needs: ['reopen', 'leases'] },
    async ({ create, advance, reopen }, after) => {
      ok(reopen, 'it cannot be opened again');
      const store = await create({ maxBytes: 10_000 });
      after(() => store.close?.());
      const [a, b] = [batch(100), batch(100)];
      await store.put(a);
      await store.put(b);
      await store.claim('me', { leaseMs: 1_000, limit: 1 });
      const next = await reopen(store);
      after(() => next.close?.());
      equal(idsOf(await next.claim('you', lease)), [b.id]);
      await advance(1_001);
      equal(idsOf(await next.claim('you', lease)), [a.id]);
    },
  );
});

/** Numbers below a bound, the same in every run of the same seed. */
function seeded(seed: number): (below: number) => number {
  let state = seed * 0x9e3779b1;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
