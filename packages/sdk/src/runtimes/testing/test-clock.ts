import type { Clock, Timers } from '../../core/ports.js';

/** Time that stands still until it is told to go: for exact start times, durations, and whatever waits for its moment. */
export interface TestClock extends Clock, Timers {
  /** Lets that many milliseconds pass on both clocks; timers that fall due run on the way, in order. */
  advance(ms: number): void;
  /** Sets the wall clock alone, as NTP or a user does; forwards or back. */
  setWall(unixMs: number): void;
}

/** A `TestClock` that starts at `unixMs`, by default 2024-01-01T00:00:00Z. */
export function createTestClock(unixMs: number = Date.UTC(2024, 0, 1)): TestClock {
  let wallMs = unixMs;
  let monotonicMs = 1_000;
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  const pass = (ms: number): void => {
    wallMs += ms;
    monotonicMs += ms;
  };
  return {
    wallMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    after(delayMs, run) {
      const timer = { atMs: monotonicMs + Math.max(delayMs, 0), run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      const untilMs = monotonicMs + ms;
      for (;;) {
        const next = [...timers].sort((a, b) => a.atMs - b.atMs)[0];
        if (!next || next.atMs > untilMs) break;
        timers.delete(next);
        pass(Math.max(next.atMs - monotonicMs, 0));
        next.run();
      }
      pass(untilMs - monotonicMs);
    },
    setWall(toUnixMs) {
      wallMs = toUnixMs;
    },
  };
}
