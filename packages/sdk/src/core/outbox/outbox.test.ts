import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { fakeTime } from '../../../../testkit/src/fake-time.js';
import { handBuffer, marksOf, splitByHand } from '../../../../testkit/src/hand-buffer.js';
import type { Batch } from '../batch.js';
import { limitDiagnostics } from '../limit-diagnostics.js';
import type { BatchLimits, Diagnostic } from '../options.js';
import type { Outcome, SendOptions, Transport } from '../ports.js';
import { resolveBatchLimits } from '../presets.js';
import { createSmallOutbox } from '../small/small-outbox.js';
import { createCopies } from './copies.js';
import { memoryQueue } from './memory-queue.js';
import { createOutbox, type OutboxOptions } from './outbox.js';

const accepted: Outcome = { kind: 'accepted', rejectedItems: 0 };
const away: Outcome = { kind: 'retry', reason: 'away' };

type Answer = Outcome | Promise<Outcome>;

/** A destination that notes what it is sent and answers as told. */
function destination(answer: (batch: Batch, options: SendOptions) => Answer = () => accepted, name = 'here') {
  const sends: { batch: Batch; leaving: boolean; atMs: number; answered: boolean }[] = [];
  let closed = 0;
  let clock = () => 0;
  const transport: Transport = {
    destination: name,
    async send(batch, options) {
      const send = { batch, leaving: options.leaving === true, atMs: clock(), answered: false };
      sends.push(send);
      const outcome = await answer(batch, options);
      send.answered = true;
      return outcome;
    },
    async close() {
      closed++;
    },
  };
  return {
    transport,
    sends,
    get closed() {
      return closed;
    },
    marks: () => sends.flatMap(({ batch }) => marksOf(batch.bytes)),
    useClock(read: () => number) {
      clock = read;
    },
  };
}

function setUpWith(
  create: typeof createOutbox,
  limits: Partial<BatchLimits>,
  destinations: ReturnType<typeof destination>[],
  more: Partial<OutboxOptions> & { copies?: boolean } = {},
) {
  const time = fakeTime();
  const diagnostics: Diagnostic[] = [];
  for (const each of destinations) each.useClock(time.clock.monotonicMs);
  const outbox = create(
    {
      ports: {
        clock: time.clock,
        timers: time.timers,
        entropy: { fill: (target) => void crypto.getRandomValues(target) },
      },
      destinations: destinations.map(({ transport }) => transport),
      limits: resolveBatchLimits('production', limits, () => {}),
      resource: () => ({ bytes: new Uint8Array(0), schemaUrl: '' }),
      quietly: (run) => run(),
      split: splitByHand,
      report: limitDiagnostics(time.clock, (diagnostic) => diagnostics.push(diagnostic)),
      ...more,
    },
    more.copies ? createCopies : undefined,
  );
  let mark = 0;
  const normal = handBuffer('normal');
  const high = handBuffer('high');
  return {
    time,
    outbox,
    diagnostics,
    write(count = 1, buffer = normal) {
      for (let i = 0; i < count; i++) {
        buffer.write(mark++);
        outbox.onFragment!(buffer);
      }
    },
    high,
    normal,
  };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

const oneOf =
  (create: typeof createSmallOutbox): typeof createOutbox =>
  (options) =>
    create({ ...options, destinations: options.destinations[0], store: undefined });

// The small one decides the same for what a page has: one destination, memory, a resource that is complete at once.
describe.each([
  { name: 'createOutbox', create: createOutbox, whole: true },
  { name: 'createSmallOutbox', create: oneOf(createSmallOutbox), whole: false },
])('$name', ({ create, whole }) => {
  const setUp = (...args: Parameters<typeof setUpWith> extends [unknown, ...infer Rest] ? Rest : never) =>
    setUpWith(create, ...args);

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
