import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { accepted, away, destination, outboxes, range } from '../../../../testkit/src/outbox-rig.js';
import type { Outcome } from '../ports.js';

describe.each(outboxes)('$name', ({ setUp, whole }) => {
  describe('sealing', () => {
    test('a batch is sealed at its count and, below it, when its first item is old [B2 F7]', async () => {
      const here = destination();
      const { outbox, time, write } = setUp({ maxItems: 4, maxAgeMs: 1_000 }, [here]);
      write(5);
      await time.settle();
      expect(here.sends.map(({ batch }) => batch.items)).toEqual([4]);
      await time.advance(999);
      expect(here.sends).toHaveLength(1);
      await time.advance(1);
      expect(here.sends.map(({ batch }) => batch.items)).toEqual([4, 1]);
      expect(here.marks()).toEqual(range(0, 5));
      expect(outbox.status()).toMatchObject({ state: 'healthy', queued: { items: 0, bytes: 0 }, sent: { traces: 5 } });
      expect(time.pending).toBe(0);
    });

    test('a batch is sealed at its bytes, whatever its count', async () => {
      const here = destination();
      const { time, write } = setUp({ maxBytes: 24 }, [here]);
      write(7);
      await time.settle();
      expect(here.sends.map(({ batch }) => batch.items)).toEqual([3, 3]);
    });

    test('an age of zero sends in the same turn of the event loop [F7]', async () => {
      const here = destination();
      const { write } = setUp({ maxAgeMs: 0 }, [here]);
      write(1);
      expect(here.sends).toHaveLength(0);
      await Promise.resolve();
      await Promise.resolve();
      expect(here.sends).toHaveLength(1);
      write(2);
      await Promise.resolve();
      await Promise.resolve();
      expect(here.sends.map(({ batch }) => batch.items)).toEqual([1, 2]);
    });

    test('ids are the process and a counter in hex, unique and rising', async () => {
      const here = destination();
      const { time, write } = setUp({ maxItems: 1 }, [here]);
      write(300);
      await time.settle();
      const ids = here.sends.map(({ batch }) => batch.id);
      expect(ids).toHaveLength(300);
      for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
      expect(new Set(ids.map((id) => id.slice(0, 16))).size).toBe(1);
      expect(ids.map((id) => Number.parseInt(id.slice(16), 16))).toEqual(range(0, 300));
    });

    test.runIf(whole)(
      'sealing waits for resource detectors, a second at most, and not where memory or a closing page cannot wait',
      async () => {
        let answer = () => {};
        const detectors = () => ({ resourceReady: new Promise<void>((resolve) => (answer = resolve)) });
        const waiting = destination();
        const late = setUp({ maxItems: 2, maxAgeMs: 10 }, [waiting], detectors());
        late.write(3);
        await late.time.advance(500);
        expect(waiting.sends).toHaveLength(0);
        answer();
        await late.time.settle();
        expect(waiting.sends.map(({ batch }) => batch.items)).toEqual([3]);

        const never = destination();
        const silent = setUp({ maxItems: 2, maxAgeMs: 10 }, [never], detectors());
        silent.write(3);
        await silent.time.advance(999);
        expect(never.sends).toHaveLength(0);
        await silent.time.advance(1);
        expect(never.sends).toHaveLength(1);

        const full = destination();
        const busy = setUp({ maxItems: 2, maxBytes: 80 }, [full], detectors());
        busy.write(10);
        expect(full.sends.map(({ batch }) => batch.items)).toEqual([10]);

        const leaving = destination();
        const closing = setUp({}, [leaving], detectors());
        closing.write(1);
        closing.outbox.suspend();
        expect(leaving.sends).toHaveLength(1);
      },
    );
  });

  describe('what the program asks for', () => {
    test('flush sends what is there, at once, and tells the truth [B2 F7]', async () => {
      let answer: (outcome: Outcome) => void = () => {};
      const here = destination(() => new Promise((resolve) => (answer = resolve)));
      const { outbox, time, write } = setUp({}, [here]);
      expect(await outbox.flush()).toBe(true);
      write(3);
      let told: boolean | undefined;
      void outbox.flush().then((all) => (told = all));
      await time.settle();
      write(1); // ended after the flush was asked for: not waited for
      expect(told).toBeUndefined();
      answer(accepted);
      await time.settle();
      expect(told).toBe(true);
      expect(here.sends.map(({ batch }) => batch.items)).toEqual([3]);
    });

    test('flush of a dead collector is false when its time is over, and not earlier', async () => {
      const dead = destination(() => away);
      const { outbox, time, write } = setUp({}, [dead]);
      write(3);
      let told: boolean | undefined;
      void outbox.flush(20_000).then((all) => (told = all));
      await time.advance(19_999);
      expect(told).toBeUndefined();
      await time.advance(1);
      expect(told).toBe(false);
      expect(outbox.status().queued.items).toBe(3);
    });

    test('a flush that gave up leaves nothing behind, however long the collector stays away [F11]', async () => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const used = () => {
        collect();
        return process.memoryUsage().heapUsed;
      };
      const dead = destination(() => ({ kind: 'retry', reason: 'away', afterMs: 86_400_000 }));
      const { outbox, time, write } = setUp({ maxItems: 1 }, [dead]);
      write(20);
      await time.settle();
      const flush = async (times: number) => {
        for (let i = 0; i < times; i++) void outbox.flush(1);
        await time.advance(1);
      };
      await flush(100);
      const before = used();
      for (let round = 0; round < 20; round++) await flush(100);
      // Three kilobytes each, when every waiting batch remembered every flush.
      expect(used() - before).toBeLessThan(2_000 * 500);
      expect(time.pending).toBe(1);
    });

    test('shutdown is bounded, sends, closes once, and what is left is counted [F22]', async () => {
      const silent = destination(() => new Promise(() => {}));
      const { outbox, time, write } = setUp({ maxItems: 2, concurrency: 1 }, [silent]);
      write(5);
      let told: boolean | undefined;
      const first = outbox.shutdown(4_000);
      void first.then((all) => (told = all));
      expect(outbox.shutdown()).toBe(first);
      await time.advance(4_000);
      expect(told).toBe(false);
      expect(silent.closed).toBe(1);
      expect(outbox.status()).toMatchObject({ state: 'shut-down', dropped: { shutdown: 5 } });
      // Neither counted twice nor kept in memory.
      expect(outbox.status().queued).toEqual({ items: 0, bytes: 0 });
      write(4);
      await time.advance(10_000);
      expect(outbox.status().dropped.shutdown).toBe(9);
      expect(silent.sends).toHaveLength(1);
      expect(time.pending).toBe(0);
    });

    test.runIf(whole)('shutdown gives up as soon as nothing more will be tried in time', async () => {
      const dead = destination(() => away);
      const { outbox, time, write } = setUp({ maxItems: 1, firstRetryMs: 40_000 }, [dead]);
      write(1);
      await time.advance(100);
      let told: boolean | undefined;
      void outbox.shutdown().then((all) => (told = all));
      await time.advance(10);
      expect(told).toBe(false);
      expect(dead.sends).toHaveLength(2);
    });

    test('suspend sends everything in this turn by what outlives the page; the first probe past an open circuit is the only one', async () => {
      const here = destination();
      const { outbox, write } = setUp({ maxItems: 2 }, [here]);
      write(7);
      expect(here.sends).toHaveLength(2);
      outbox.suspend();
      expect(here.sends.map(({ batch, leaving }) => [batch.items, leaving])).toEqual([
        [2, false],
        [2, false],
        [1, true],
        [2, true],
      ]);

      const dead = destination(() => away);
      const closed = setUp({ maxItems: 1, concurrency: 1 }, [dead]);
      closed.write(5);
      await closed.time.settle();
      expect(dead.sends).toHaveLength(1);
      closed.outbox.suspend();
      expect(dead.sends).toHaveLength(2);
      await closed.time.settle();
      expect(dead.sends).toHaveLength(2);
      closed.outbox.resume();
      expect(dead.sends).toHaveLength(3);
    });

    test('of what waits when the page is left, errors go first and then the newest, because not everything may be carried on [B2]', () => {
      const here = destination(() => new Promise(() => {}));
      const { outbox, write, high } = setUp({ maxItems: 1, concurrency: 1 }, [here]);
      write(3);
      write(2, high);
      write();
      outbox.suspend();
      expect(here.marks()).toEqual([0, 4, 3, 5, 2, 1]);
    });

    test.runIf(whole)('too large for what is left of a closing page: the parts go in the same turn too', async () => {
      const here = destination(({ bytes }, { leaving }) =>
        leaving && bytes.length > 16 ? { kind: 'too-large', reason: 'budget' } : accepted,
      );
      const { outbox, time, write } = setUp({}, [here]);
      write(4);
      outbox.suspend();
      await time.settle();
      expect(here.sends.map(({ batch, leaving }) => [batch.items, leaving])).toEqual([
        [4, true],
        [2, true],
        [2, true],
      ]);
    });

    test.runIf(whole)('an address with a mistake in it is named at start', () => {
      const here = destination();
      const { diagnostics } = setUp({}, [{ ...here, transport: { ...here.transport, problem: 'no scheme' } }]);
      expect(diagnostics).toEqual([{ level: 'error', code: 'bad-endpoint', message: 'no scheme' }]);
    });
  });
});
