import { describe, expect, test } from 'vitest';
import { accepted, away, destination, outboxes, range } from '../../../../testkit/src/outbox-rig.js';
import { memoryQueue } from './memory-queue.js';

describe.each(outboxes)('$name', ({ setUp, whole }) => {
  describe('bounds', () => {
    test('with a dead destination the queue keeps its bound and gives up the old before the new [F11 F16]', async () => {
      const dead = destination(() => away);
      const { outbox, time, write } = setUp({ maxItems: 10, maxQueueItems: 40, concurrency: 1 }, [dead]);
      for (let i = 0; i < 100; i++) {
        write(3);
        expect(outbox.status().queued.items).toBeLessThanOrEqual(40);
        await time.advance(10);
      }
      const { queued, dropped } = outbox.status();
      expect(queued.items + dropped['queue-full']).toBe(300);
      expect(queued.items).toBeGreaterThan(25);
      const probed = dead.sends.length;
      const closing = outbox.shutdown(0);
      await time.advance(1);
      expect(await closing).toBe(false);
      expect(dead.sends.length - probed).toBeLessThanOrEqual(1);
      expect(outbox.status().dropped).toMatchObject({ shutdown: queued.items });
    });

    test('the oldest of normal priority goes first, errors last', async () => {
      let open = false;
      const here = destination(() => (open ? accepted : away));
      const { outbox, time, write, high } = setUp({ maxItems: 2, maxQueueItems: 8, concurrency: 1, maxAgeMs: 1e6 }, [
        here,
      ]);
      write(2, high); // 0 1, under way until it fails
      await time.settle();
      write(2); // 2 3
      write(2); // 4 5
      write(2, high); // 6 7
      write(2); // 8 9: 2 3 go
      write(2, high); // 10 11: 4 5 go
      write(2, high); // 12 13: 8 9 go
      expect(outbox.status().dropped['queue-full']).toBe(6);
      write(2, high); // 14 15: the oldest error goes, which already came back once
      open = true;
      expect(await outbox.flush()).toBe(true);
      expect(here.sends.filter(({ batch }) => batch.priority === 'normal')).toHaveLength(0);
      expect(here.marks().slice(2)).toEqual([6, 7, 10, 11, 12, 13, 14, 15]);
      expect(outbox.status()).toMatchObject({
        sent: { traces: 8 },
        dropped: { 'queue-full': 8 },
        queued: { items: 0 },
      });
    });

    test.runIf(whole).each([
      { order: undefined, kept: [0, 1, 6, 7, 8, 9] },
      { order: 'oldest-first' as const, kept: [4, 5, 6, 7, 8, 9] },
      { order: 'newest-first' as const, kept: [0, 1, 2, 3, 8, 9] },
    ])('what goes first is a wish: $order', async ({ order, kept }) => {
      const dead = destination(() => away);
      const { outbox, time, write, high } = setUp(
        { maxItems: 2, maxQueueItems: 6, concurrency: 1, maxAgeMs: 1e6 },
        [dead],
        { createQueue: () => memoryQueue(order) },
      );
      write(2, high); // 0 1, an error
      await time.settle();
      write(2); // 2 3
      write(2); // 4 5
      write(2); // 6 7: too much
      write(2); // 8 9: too much again
      expect(outbox.status()).toMatchObject({ queued: { items: 6 }, dropped: { 'queue-full': 4 } });
      let waiting = dead.sends.length;
      dead.transport.send = async (batch) => {
        dead.sends.push({ batch, leaving: false, atMs: 0, answered: true });
        return accepted;
      };
      expect(await outbox.flush()).toBe(true);
      waiting = dead.sends.slice(waiting).length;
      expect(waiting).toBe(3);
      expect(
        dead
          .marks()
          .slice(-6)
          .sort((a, b) => a - b),
      ).toEqual(kept);
    });

    test('bytes are bounded beside items', async () => {
      const dead = destination(() => away);
      const { outbox, write } = setUp({ maxBytes: 80, maxQueueBytes: 400 }, [dead]);
      write(1_000);
      expect(outbox.status().queued.bytes).toBeLessThanOrEqual(400);
      expect(outbox.status().dropped['queue-full']).toBeGreaterThan(900);
    });

    test('a loop that never yields does not grow memory past the bound [F11]', () => {
      const slow = destination(() => new Promise(() => {}));
      const { outbox, write } = setUp({ maxItems: 100, maxQueueItems: 1_000 }, [slow]);
      write(50_000);
      const { queued, dropped } = outbox.status();
      expect(queued.items).toBeLessThanOrEqual(1_000);
      expect(queued.items + dropped['queue-full']).toBe(50_000);
    });

    test('a queue smaller than a batch is still a bound', () => {
      const slow = destination(() => new Promise(() => {}));
      const { outbox, write } = setUp({ maxItems: 512, maxQueueItems: 10 }, [slow]);
      write(25);
      const { queued, dropped } = outbox.status();
      expect(queued.items).toBeLessThanOrEqual(10);
      expect(queued.items + dropped['queue-full']).toBe(25);
    });

    test('a batch nobody took in time is dropped as too old, and counted', async () => {
      const dead = destination(() => away);
      const { outbox, time, write } = setUp({ maxItems: 2, maxBatchAgeMs: 60_000, maxRetryMs: 5_000 }, [dead]);
      write(2);
      await time.advance(59_000);
      expect(outbox.status().dropped['too-old']).toBe(0);
      await time.advance(10_000);
      expect(outbox.status()).toMatchObject({ dropped: { 'too-old': 2 }, queued: { items: 0 } });
    });
  });

  describe('destinations', () => {
    test.runIf(whole)(
      'failover: the next of the list takes over, and the first gets its place back when it answers [S5]',
      async () => {
        let up = true;
        const first = destination(() => (up ? accepted : away), 'first');
        const second = destination(() => accepted, 'second');
        const { outbox, time, write } = setUp({ maxItems: 1, concurrency: 1 }, [first, second]);
        write(1);
        await time.settle();
        up = false;
        write(10);
        await time.settle();
        expect(second.sends).toHaveLength(10);
        expect(outbox.status().destinations).toMatchObject([
          { destination: 'first', reachable: false, failures: 1 },
          { destination: 'second', reachable: true, failures: 0 },
        ]);
        up = true;
        await time.advance(2_000);
        write(10);
        await time.advance(100);
        expect(first.sends.length + second.sends.length).toBe(1 + 1 + 20);
        // The second carries on while one batch finds out whether the first is back.
        expect(first.sends.length).toBeGreaterThanOrEqual(2 + 9);
        expect(outbox.status()).toMatchObject({ state: 'healthy', sent: { traces: 21 } });
        expect(second.sends.every(({ batch }) => batch.destination === 'first')).toBe(true);
      },
    );

    test.runIf(whole)(
      'copies: each destination has its own account; a dead one takes nothing from the others [S5]',
      async () => {
        const dead = destination(() => away, 'dead');
        const alive = destination(() => accepted, 'alive');
        const { outbox, time, write } = setUp({ maxItems: 10, maxQueueItems: 50 }, [dead, alive], { copies: true });
        for (let i = 0; i < 10; i++) {
          write(10);
          await time.settle();
        }
        expect(alive.marks()).toEqual(range(0, 100));
        expect(outbox.status()).toMatchObject({
          state: 'degraded',
          sent: { traces: 100 },
          queued: { items: 50 },
          dropped: { 'queue-full': 50 },
        });
        const ids = new Set([...dead.sends, ...alive.sends].map(({ batch }) => batch.id));
        expect(ids.size).toBe(new Set(dead.sends.map(({ batch }) => batch.id)).size + 10);
        const flushed = outbox.flush(5_000);
        await time.advance(5_000);
        expect(await flushed).toBe(false);
        await outbox.shutdown(0);
        expect([dead.closed, alive.closed]).toEqual([1, 1]);
      },
    );
  });
});
