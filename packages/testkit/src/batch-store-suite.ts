import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Batch } from '../../sdk/src/core/batch.js';
import type { BatchStore } from '../../sdk/src/core/ports.js';
import { testBatch } from './transport-suite.js';

export interface BatchStoreSuite {
  readonly name: string;
  /** An empty store of so many bytes. */
  create(options: { readonly maxBytes: number }): BatchStore | Promise<BatchStore>;
  /** Lets so much of the store's own time pass, for leases. */
  advance(ms: number): void | Promise<void>;
  /** The same place opened by another program, where the store outlives one; what was stored must be there. */
  reopen?(store: BatchStore): BatchStore | Promise<BatchStore>;
}

const lease = { leaseMs: 10_000, limit: 100 };
const idsOf = (batches: readonly Pick<Batch, 'id'>[]) => batches.map(({ id }) => id);

/** The contract of `BatchStore` (core/ports.ts). Run it once for each implementation. */
export function batchStoreSuite({ name, create, advance, reopen }: BatchStoreSuite): void {
  describe(`${name} keeps the contract of a store`, () => {
    const batch = (size: number, overrides: Partial<Batch> = {}) =>
      testBatch({ bytes: Uint8Array.from({ length: size }, (_, at) => at & 0xff), ...overrides });

    test('what was put is claimed as it was, byte for byte and field for field', async () => {
      const store = await create({ maxBytes: 10_000 });
      const given = batch(300, {
        signal: 'logs',
        priority: 'high',
        destination: 'there',
        createdUnixMs: 123,
        items: 7,
      });
      expect(await store.put(given)).toBe(true);
      const [taken] = await store.claim('me', lease);
      expect({ ...taken, bytes: [...taken!.bytes] }).toEqual({ ...given, bytes: [...given.bytes] });
    });

    test('a batch claimed by one is nobody else’s until it is released or its lease is over', async () => {
      const store = await create({ maxBytes: 10_000 });
      const [a, b] = [batch(10), batch(10)];
      await store.put(a);
      await store.put(b);
      expect(idsOf(await store.claim('one', { leaseMs: 1_000, limit: 1 }))).toEqual([a.id]);
      expect(idsOf(await store.claim('two', lease))).toEqual([b.id]);
      expect(await store.claim('three', lease)).toEqual([]);
      await store.release([b.id]);
      expect(idsOf(await store.claim('three', lease))).toEqual([b.id]);
      await advance(999);
      expect(await store.claim('three', lease)).toEqual([]);
      await advance(2);
      expect(idsOf(await store.claim('three', lease))).toEqual([a.id]);
    });

    test('two who claim at once never get the same batch', async () => {
      const store = await create({ maxBytes: 100_000 });
      for (let i = 0; i < 20; i++) await store.put(batch(10));
      const claims = await Promise.all(
        Array.from({ length: 8 }, (_, at) => store.claim(`owner ${at}`, { leaseMs: 10_000, limit: 3 })),
      );
      const ids = claims.flatMap(idsOf);
      expect(ids).toHaveLength(20);
      expect(new Set(ids).size).toBe(20);
      expect(claims.every(({ length }) => length <= 3)).toBe(true);
    });

    test('best first: high priority before normal, then in order of arrival; what was released goes behind', async () => {
      const store = await create({ maxBytes: 10_000 });
      const [n1, h1, n2, h2] = [batch(9), batch(9, { priority: 'high' }), batch(9), batch(9, { priority: 'high' })];
      for (const each of [n1, h1, n2, h2]) await store.put(each);
      expect(idsOf(await store.claim('me', { leaseMs: 10_000, limit: 3 }))).toEqual(idsOf([h1, h2, n1]));
      await store.release([n1.id, h1.id]);
      expect(idsOf(await store.claim('me', lease))).toEqual(idsOf([h1, n2, n1]));
    });

    test('a claim can ask for some destinations only', async () => {
      const store = await create({ maxBytes: 10_000 });
      const [a, b] = [batch(9, { destination: 'a' }), batch(9, { destination: 'b' })];
      await store.put(a);
      await store.put(b);
      expect(await store.claim('me', { ...lease, destinations: ['c'] })).toEqual([]);
      expect(idsOf(await store.claim('me', { ...lease, destinations: ['c', 'b'] }))).toEqual([b.id]);
    });

    test('bytes are bounded: what does not fit is said, and nothing else changes', async () => {
      const store = await create({ maxBytes: 1_000 });
      const first = batch(600);
      expect(await store.put(first)).toBe(true);
      expect(await store.put(batch(600))).toBe(false);
      expect(await store.size()).toMatchObject({ batches: 1, items: 10, bytes: 600, maxBytes: 1_000, damaged: 0 });
      expect(await store.put(batch(5_000))).toBe(false);
      expect(idsOf(await store.claim('me', lease))).toEqual([first.id]);
    });

    test('the same id again replaces the batch', async () => {
      const store = await create({ maxBytes: 1_000 });
      const first = batch(600);
      await store.put(first);
      expect(await store.put({ ...first, items: 3, bytes: new Uint8Array(700) })).toBe(true);
      expect(await store.size()).toMatchObject({ batches: 1, items: 3, bytes: 700 });
    });

    test('putSync, where there is one, has stored when it returns', async () => {
      const store = await create({ maxBytes: 1_000 });
      if (!store.putSync) return;
      const given = batch(600);
      expect(store.putSync(given)).toBe(true);
      expect(store.putSync(batch(600))).toBe(false);
      expect(idsOf(await store.claim('me', lease))).toEqual([given.id]);
    });

    test('removed batches are gone, and ids it does not know are no trouble', async () => {
      const store = await create({ maxBytes: 1_000 });
      const [a, b] = [batch(100), batch(100)];
      await store.put(a);
      await store.put(b);
      await store.claim('me', lease);
      await store.remove([a.id, 'never seen']);
      await store.release(['never seen', b.id]);
      expect(await store.size()).toMatchObject({ batches: 1, bytes: 100 });
      expect(idsOf(await store.claim('me', lease))).toEqual([b.id]);
    });

    test('replace is all or nothing', async () => {
      const store = await create({ maxBytes: 1_000 });
      const parent = batch(600);
      await store.put(parent);
      const parts = [0, 1].map((at) => batch(350, { id: `${parent.id}.${at}`, items: 5 }));
      expect(await store.replace('never seen', parts)).toBe(false);
      expect(await store.size()).toMatchObject({ batches: 1, bytes: 600 });
      expect(await store.replace(parent.id, parts)).toBe(true);
      expect(await store.size()).toMatchObject({ batches: 2, items: 10, bytes: 700 });
      expect(idsOf(await store.claim('me', lease)).sort()).toEqual(idsOf(parts));
      const tooMuch = [0, 1].map((at) => batch(900, { id: `${parts[0]!.id}.${at}` }));
      expect(await store.replace(parts[0]!.id, tooMuch)).toBe(false);
      expect(await store.size()).toMatchObject({ batches: 2, bytes: 700 });
    });

    test('eviction gives up low priority before high and old before new, no more than asked for, and tells what', async () => {
      const store = await create({ maxBytes: 1_000 });
      const old = batch(200, { priority: 'high', createdUnixMs: 1 });
      const middle = batch(200, { createdUnixMs: 2, items: 4 });
      const young = batch(200, { createdUnixMs: 3 });
      for (const each of [young, old, middle]) await store.put(each);
      expect(await store.evict('sacrifice', 400)).toEqual([]);
      const dropped = await store.evict('sacrifice', 500);
      expect(dropped).toHaveLength(1);
      expect(dropped[0]).toMatchObject({ id: middle.id, signal: 'traces', items: 4, priority: 'normal' });
      expect(idsOf(await store.evict('oldest-first', 800))).toEqual([old.id]);
      expect(idsOf(await store.evict('sacrifice', 1_000))).toEqual([young.id]);
      expect(await store.size()).toMatchObject({ batches: 0, items: 0, bytes: 0 });
    });

    test('what somebody holds is not evicted', async () => {
      const store = await create({ maxBytes: 1_000 });
      const [held, free] = [batch(300, { createdUnixMs: 1 }), batch(300, { createdUnixMs: 2 })];
      await store.put(held);
      await store.claim('me', lease);
      await store.put(free);
      expect(idsOf(await store.evict('oldest-first', 1_000))).toEqual([free.id]);
    });

    test('any sequence of calls leaves the account right and never more than the bound', async () => {
      const step = fc.record({
        kind: fc.constantFrom('put', 'claim', 'release', 'remove', 'evict', 'advance'),
        pick: fc.nat(20),
        size: fc.integer({ min: 1, max: 400 }),
        high: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          const store = await create({ maxBytes: 1_500 });
          const inside = new Map<string, Batch>();
          const held = new Set<string>();
          for (const { kind, pick, size, high } of steps) {
            const id = [...inside.keys()][pick % Math.max(inside.size, 1)];
            if (kind === 'put') {
              const given = batch(size, { priority: high ? 'high' : 'normal' });
              if (await store.put(given)) inside.set(given.id, given);
              else expect((await store.size()).bytes + size).toBeGreaterThan(1_500);
            } else if (kind === 'claim') {
              for (const each of await store.claim('me', { leaseMs: 1_000, limit: 2 })) {
                expect(inside.has(each.id)).toBe(true);
                expect(held.has(each.id)).toBe(false);
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
                expect(held.has(dropped.id)).toBe(false);
                expect(inside.delete(dropped.id)).toBe(true);
              }
            } else if (kind === 'advance') {
              await advance(1_001);
              held.clear();
            }
            const bytes = [...inside.values()].reduce((sum, each) => sum + each.bytes.length, 0);
            const items = [...inside.values()].reduce((sum, each) => sum + each.items, 0);
            expect(await store.size()).toMatchObject({ batches: inside.size, bytes, items });
            expect(bytes).toBeLessThanOrEqual(1_500);
          }
          await store.close?.();
        }),
        { numRuns: 60 },
      );
    });

    test.skipIf(!reopen)('what was stored is there for the next program, and its leases end', async () => {
      const store = await create({ maxBytes: 10_000 });
      const [a, b] = [batch(100), batch(100)];
      await store.put(a);
      await store.put(b);
      await store.claim('me', { leaseMs: 1_000, limit: 1 });
      const next = await reopen!(store);
      expect(await next.size()).toMatchObject({ batches: 2, bytes: 200 });
      expect(idsOf(await next.claim('you', lease))).toEqual([b.id]);
      await advance(1_001);
      expect(idsOf(await next.claim('you', lease))).toEqual([a.id]);
    });
  });
}
