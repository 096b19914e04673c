import type { Clock, Timers } from '../../sdk/src/core/ports.js';

export interface FakeTime {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Timers not run and not cancelled. */
  readonly pending: number;
  /** Lets time pass: timers run in order, and what their promises lead to runs before the next. */
  advance(ms: number): Promise<void>;
  /** The wall clock is set; the monotonic one does not notice. */
  jumpWall(ms: number): void;
  /** Everything that promises lead to has run. */
  settle(): Promise<void>;
}

/** A clock and timers that move only when told. */
export function fakeTime(wallMs = 1_700_000_000_000): FakeTime {
  let wall = wallMs;
  let monotonic = 5_000;
  let order = 0;
  const timers = new Map<number, { atMs: number; run: () => void }>();
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    clock: { wallMs: () => wall, monotonicMs: () => monotonic },
    timers: {
      after(delayMs, run) {
        const id = order++;
        timers.set(id, { atMs: monotonic + Math.max(delayMs, 0), run });
        return () => void timers.delete(id);
      },
    },
    get pending() {
      return timers.size;
    },
    async advance(ms) {
      await settle();
      const until = monotonic + ms;
      for (;;) {
        let next: [number, { atMs: number; run: () => void }] | undefined;
        for (const entry of timers) if (!next || entry[1].atMs < next[1].atMs) next = entry;
        if (!next || next[1].atMs > until) break;
        wall += next[1].atMs - monotonic;
        monotonic = next[1].atMs;
        timers.delete(next[0]);
        next[1].run();
        await settle();
      }
      wall += until - monotonic;
      monotonic = until;
    },
    jumpWall(ms) {
      wall += ms;
    },
    settle,
  };
}
