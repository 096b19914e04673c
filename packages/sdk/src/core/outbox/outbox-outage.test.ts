import { describe, expect, test } from 'vitest';
import { marksOf } from '../../../../testkit/src/hand-buffer.js';
import { type Answer, accepted, away, destination, outboxes, range } from '../../../../testkit/src/outbox-rig.js';
import type { Batch } from '../batch.js';
import type { Outcome } from '../ports.js';

describe.each(outboxes)('$name', ({ setUp, whole }) => {
  describe('an outage', () => {
    test('ten minutes without a collector cost a growing wait between single probes, and nothing is lost [F15 F16]', async () => {
      let up = false;
      const here = destination(() => (up ? accepted : away));
      const { outbox, time, write, diagnostics } = setUp({ maxItems: 10, maxQueueItems: 10_000, maxAgeMs: 1_000 }, [
        here,
      ]);
      for (let second = 0; second < 600; second++) {
        write(10);
        await time.advance(1_000);
      }
      expect(outbox.status()).toMatchObject({ state: 'degraded', queued: { items: 6_000 }, sent: { traces: 0 } });
      // 1, 2, 4 … 60 s, each ±50 %: 15 on the average.
      expect(here.sends.length).toBeGreaterThan(8);
      expect(here.sends.length).toBeLessThan(32);
      const gaps = here.sends.slice(2).map((send, at) => send.atMs - here.sends[at + 1]!.atMs);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(90_000 + 1_000);
      expect(gaps.at(-1)).toBeGreaterThan(25_000);
      expect(diagnostics.filter(({ code }) => code === 'collector-unreachable').length).toBeLessThanOrEqual(11);
      up = true;
      await time.advance(91_000);
      expect(outbox.status()).toMatchObject({ state: 'healthy', queued: { items: 0 }, sent: { traces: 6_000 } });
      expect(new Set(here.sends.filter((_, at) => at > 0).flatMap(({ batch }) => marksOf(batch.bytes))).size).toBe(
        6_000,
      );
    });

    test('many that lose their collector at once do not come back at once [F16]', async () => {
      const programs = Array.from({ length: 40 }, () => {
        const here = destination(() => away);
        const { time, write } = setUp({ maxItems: 1, firstRetryMs: 1_000 }, [here]);
        write(1);
        return { here, time };
      });
      for (const { time } of programs) await time.advance(1_500);
      const seconds = programs.map(({ here }) => here.sends[1]!.atMs - here.sends[0]!.atMs);
      // 1 s ±50 %.
      expect(Math.min(...seconds)).toBeGreaterThanOrEqual(500);
      expect(Math.max(...seconds)).toBeLessThanOrEqual(1_500);
      for (const half of [(ms: number) => ms < 1_000, (ms: number) => ms > 1_000])
        expect(seconds.filter(half).length).toBeGreaterThan(5);
    });

    test('the server names the wait, and its word also holds for flush', async () => {
      const answers: Outcome[] = [{ kind: 'retry', reason: 'busy', afterMs: 7_000 }];
      const here = destination(() => answers.shift() ?? accepted);
      const { outbox, time, write } = setUp({ maxItems: 1 }, [here]);
      write(1);
      await time.settle();
      const flushed = outbox.flush();
      await time.advance(6_999);
      expect(here.sends).toHaveLength(1);
      await time.advance(1);
      expect(here.sends).toHaveLength(2);
      expect(await flushed).toBe(true);
    });

    test('the wait that the server names also holds when an earlier send is accepted meanwhile', async () => {
      let answerFirst: (outcome: Outcome) => void = () => {};
      const answers: Answer[] = [
        new Promise((resolve) => (answerFirst = resolve)),
        { kind: 'retry', reason: 'busy', afterMs: 7_000 },
      ];
      const here = destination(() => answers.shift() ?? accepted);
      const { outbox, time, write } = setUp({ maxItems: 1, concurrency: 2 }, [here]);
      write(3);
      await time.settle();
      answerFirst(accepted);
      await time.advance(6_999);
      expect(here.sends).toHaveLength(2);
      await time.advance(1);
      expect(here.sends).toHaveLength(4);
      expect(outbox.status()).toMatchObject({ state: 'healthy', sent: { traces: 3 } });
    });

    test.runIf(whole)('a kept connection that was over is nothing to tell anybody about', async () => {
      const answers: Outcome[] = [{ kind: 'retry', reason: 'over', afterMs: 0 }];
      const here = destination(() => answers.shift() ?? accepted);
      const { time, write, diagnostics } = setUp({ maxItems: 1 }, [here]);
      write(1);
      await time.advance(100);
      expect(here.sends).toHaveLength(2);
      expect(diagnostics).toEqual([]);
      answers.push({ kind: 'retry', reason: 'over', afterMs: 0 }, { kind: 'retry', reason: 'gone', afterMs: 0 });
      write(1);
      await time.advance(100);
      expect(diagnostics.map(({ message }) => message)).toEqual(['gone']);
    });

    test('a wait of zero is believed once, so that nothing is asked in a hot loop', async () => {
      const here = destination(() => ({ kind: 'retry', reason: 'again', afterMs: 0 }));
      const { time, write } = setUp({ maxItems: 1 }, [here]);
      write(1);
      await time.advance(400);
      expect(here.sends).toHaveLength(2);
    });

    test('the wall clock may jump both ways: nothing is aged, delayed or sent twice', async () => {
      let up = false;
      const here = destination(() => (up ? accepted : away));
      const { outbox, time, write } = setUp({ maxItems: 1, maxRetryMs: 2_000 }, [here]);
      write(1);
      await time.advance(1_000);
      time.jumpWall(10 * 86_400_000);
      write(1);
      await time.advance(5_000);
      time.jumpWall(-20 * 86_400_000);
      write(1);
      const probes = here.sends.length;
      await time.advance(10_000);
      expect(here.sends.length).toBeGreaterThan(probes + 2);
      up = true;
      await time.advance(3_000);
      expect(outbox.status()).toMatchObject({ sent: { traces: 3 }, dropped: { 'too-old': 0 } });
    });

    test('one batch that always fails does not stop the others', async () => {
      const here = destination((batch) => (marksOf(batch.bytes)[0] === 0 ? away : accepted));
      const { outbox, time, write } = setUp({ maxItems: 1, concurrency: 1, maxRetryMs: 1_000 }, [here]);
      write(20);
      await time.advance(3_000);
      expect(outbox.status()).toMatchObject({ sent: { traces: 19 }, queued: { items: 1 } });
    });

    test('a transport that throws, rejects, answers nonsense or never is only a failed attempt [F2 F15]', async () => {
      const bad: (() => Answer)[] = [
        () => {
          throw new Error('thrown');
        },
        () => Promise.reject(new Error('rejected')),
        () => undefined as unknown as Outcome,
        () => new Promise(() => {}),
      ];
      const here = destination(() => (bad.shift() ?? (() => accepted))());
      const { outbox, time, write } = setUp({ maxItems: 1, concurrency: 1, sendTimeoutMs: 3_000 }, [here]);
      write(1);
      await time.advance(60_000);
      expect(here.sends).toHaveLength(5);
      expect(outbox.status()).toMatchObject({ state: 'healthy', sent: { traces: 1 }, queued: { items: 0 } });
    });

    test('the abort signal says that nobody waits any more', async () => {
      let aborted = 0;
      const here = destination(
        (_batch, { abort }) => new Promise(() => abort.addEventListener('abort', () => aborted++)),
      );
      const { time, write } = setUp({ maxItems: 1, sendTimeoutMs: 3_000 }, [here]);
      write(1);
      await time.advance(2_999);
      expect(aborted).toBe(0);
      await time.advance(1);
      expect(aborted).toBe(1);
    });
  });

  describe('answers', () => {
    test('a refusal is counted, reported and never tried again [F16]', async () => {
      const here = destination(() => ({ kind: 'refused', reason: 'HTTP 400: no' }));
      const { outbox, time, write, diagnostics } = setUp({ maxItems: 3 }, [here]);
      write(3);
      await time.advance(600_000);
      expect(here.sends).toHaveLength(1);
      expect(outbox.status()).toMatchObject({ state: 'degraded', dropped: { refused: 3 }, sent: { traces: 0 } });
      expect(outbox.status().lastError?.message).toContain('HTTP 400: no');
      expect(diagnostics.map(({ code }) => code)).toEqual(['dropped-refused']);
    });

    test('batches that are refused do not hold up those behind them [F16]', async () => {
      const poison = (batch: Batch) => marksOf(batch.bytes)[0]! % 3 === 0;
      const here = destination((batch) => (poison(batch) ? { kind: 'refused', reason: 'HTTP 400' } : accepted));
      const { outbox, time, write } = setUp({ maxItems: 1, concurrency: 1 }, [here]);
      write(30);
      await time.settle();
      expect(here.sends).toHaveLength(30);
      expect(outbox.status()).toMatchObject({ sent: { traces: 20 }, dropped: { refused: 10 }, queued: { items: 0 } });
      expect(time.pending).toBe(0);
    });

    test('a partial success is taken: what was rejected is counted with its message', async () => {
      const here = destination(() => ({ kind: 'accepted', rejectedItems: 2, message: 'bad ids' }));
      const { outbox, write, diagnostics } = setUp({ maxItems: 5 }, [here]);
      write(5);
      expect(await outbox.flush()).toBe(false);
      write(1);
      expect(await outbox.flush()).toBe(false);
      expect(here.sends).toHaveLength(2);
      expect(outbox.status()).toMatchObject({ rejected: 3, sent: { traces: 3 } });
      expect(diagnostics.map(({ message }) => message).join()).toContain('bad ids');
    });

    test.runIf(whole)('a count that cannot be is not believed', async () => {
      const counts = [-5, Number.NaN, 1e9];
      const here = destination(() => ({ kind: 'accepted', rejectedItems: counts.shift()! }));
      const { outbox, write } = setUp({ maxItems: 2, concurrency: 1 }, [here]);
      write(6);
      await outbox.flush();
      expect(outbox.status()).toMatchObject({ sent: { traces: 4 }, rejected: 2 });
    });

    test.runIf(whole)(
      'too large: halves with .0 and .1, again and again, until they fit; one item that never fits is dropped',
      async () => {
        const here = destination(({ bytes }) =>
          bytes.length > 16 || marksOf(bytes).includes(5) ? { kind: 'too-large', reason: 'HTTP 413' } : accepted,
        );
        const { outbox, time, write } = setUp({ maxItems: 8, concurrency: 1 }, [here]);
        write(8);
        const flushed = outbox.flush();
        await time.advance(5_000);
        expect(await flushed).toBe(false);
        expect(outbox.status()).toMatchObject({
          sent: { traces: 7 },
          dropped: { 'too-large': 1 },
          queued: { items: 0 },
        });
        const ids = here.sends.map(({ batch }) => batch.id.slice(32));
        expect(ids).toEqual(['', '.0', '.1', '.0.0', '.0.1', '.1.0', '.1.1', '.1.0.0', '.1.0.1']);
        const parts = here.sends.filter(({ batch }) => batch.bytes.length <= 16 && !marksOf(batch.bytes).includes(5));
        expect(parts.flatMap(({ batch }) => marksOf(batch.bytes)).sort()).toEqual([0, 1, 2, 3, 4, 6, 7]);
      },
    );

    test.runIf(whole)(
      'too large for a collector that says how many bytes it takes: in parts of those at once',
      async () => {
        const here = destination(({ bytes }) =>
          bytes.length > 16 ? { kind: 'too-large', reason: 'HTTP 413', maxBytes: 16 } : accepted,
        );
        const { outbox, write } = setUp({ maxItems: 16 }, [here]);
        write(16);
        expect(await outbox.flush()).toBe(true);
        expect(here.sends.map(({ batch }) => batch.id.slice(32).length)).toEqual([0, 6, 6, 6, 6, 6, 6, 6, 6]);
        expect(here.marks().slice(16)).toEqual(range(0, 16));
      },
    );

    test.runIf(whole)(
      'a collector that finds everything too large is asked once a second, not a thousand times [F15]',
      async () => {
        const here = destination(() => ({ kind: 'too-large', reason: 'HTTP 413' }));
        const { outbox, time, write } = setUp({ maxItems: 512 }, [here]);
        write(512);
        await time.advance(10_000);
        expect(here.sends.length).toBeGreaterThan(5 + 5);
        expect(here.sends.length).toBeLessThan(5 + 25);
        await time.advance(2_000_000);
        expect(outbox.status()).toMatchObject({ dropped: { 'too-large': 512 }, queued: { items: 0 } });
      },
    );

    test.runIf(whole)(
      'a way that carries few bytes is sealed for and, where the rest of a request makes it too large, split for',
      async () => {
        const here = destination();
        const small = { ...here, transport: { ...here.transport, maxBytes: 20 } };
        const { outbox, write } = setUp({ maxItems: 7 }, [small]);
        write(7);
        expect(await outbox.flush()).toBe(true);
        expect(here.sends.map(({ batch }) => batch.id.slice(32)).sort()).toEqual(['', '.0', '.0', '.1', '.1']);
        expect(here.sends.every(({ batch }) => batch.bytes.length <= 16)).toBe(true);
        expect(here.marks().sort()).toEqual(range(0, 7));
      },
    );
  });
});
