import type { Clock } from '../../sdk/src/core/ports.js';
import { between, ok } from './assert.js';
import { suite } from './suite.js';

export interface ClockHarness {
  create(): Clock;
  /** What the clock's smallest step may be, in milliseconds. Default 0.01; runtimes against timing attacks have 0.1 or 1. */
  readonly resolutionMs?: number | undefined;
}

/**
 * The contract of `Clock` (core/ports.ts). Needs: `running-clock`, that time passes while a program computes; `timers`, a `setTimeout`;
 * `performance-now`, whose readings the clock recognises.
 */
export const clockSuite = suite<ClockHarness>('clock', 'a clock', (test) => {
  test('the wall clock is the machine’s', ({ create }) => {
    const before = Date.now();
    const wallMs = create().wallMs();
    between(wallMs, before - 1, Date.now() + 1, 'the wall clock');
  });

  test('the monotonic clock never goes back', ({ create }) => {
    const clock = create();
    let last = clock.monotonicMs();
    for (let reads = 0; reads < 200_000; reads++) {
      const now = clock.monotonicMs();
      if (now < last) throw new Error(`it went back from ${last} to ${now}`);
      last = now;
    }
  });

  test('the monotonic clock does not stand still while a program computes, and has small steps', {
    needs: ['running-clock'],
  }, ({ create, resolutionMs = 0.01 }) => {
    const clock = create();
    // A step of 0.1 is read as the difference of two doubles.
    const mostMs = resolutionMs * 1.001;
    const until = Date.now() + 60;
    // On a busy machine a program may stand still for longer than that, and sees one large step.
    const atLast = until + 5_000;
    let last = clock.monotonicMs();
    let smallest = Number.POSITIVE_INFINITY;
    while (Date.now() < until || (smallest > mostMs && Date.now() < atLast)) {
      const now = clock.monotonicMs();
      if (now > last) smallest = Math.min(smallest, now - last);
      last = now;
    }
    between(smallest, 0, mostMs, 'the smallest step in milliseconds');
  });

  test('both clocks measure the same time', { needs: ['timers'] }, async ({ create }) => {
    const clock = create();
    const [wallMs, monotonicMs] = [clock.wallMs(), clock.monotonicMs()];
    await new Promise((resolve) => setTimeout(resolve, 120));
    const wall = clock.wallMs() - wallMs;
    between(wall, 100, Number.POSITIVE_INFINITY, 'the time that passed on the wall clock');
    between(clock.monotonicMs() - monotonicMs - wall, -50, 50, 'the difference of the clocks');
  });

  test('a reading of performance.now() can be told from a date', { needs: ['performance-now'] }, ({ create }) => {
    const clock = create();
    const { performanceOriginMs } = clock;
    ok(performanceOriginMs !== undefined, 'the clock does not say when performance.now() was 0');
    between(performanceOriginMs + performance.now() - clock.wallMs(), -5_000, 5_000, 'what both clocks differ by');
    between(performance.now() - clock.monotonicMs(), -1_000, 1_000, 'what performance.now() and the clock differ by');
  });

  test('reading does not throw and gives finite numbers, detached from the object too', ({ create }) => {
    const { wallMs, monotonicMs } = create();
    ok(Number.isFinite(wallMs()) && Number.isFinite(monotonicMs()), 'a reading is no finite number');
  });
});
