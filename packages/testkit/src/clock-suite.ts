import { describe, expect, test } from 'vitest';
import type { Clock } from '../../sdk/src/core/ports.js';

export interface ClockSuite {
  readonly name: string;
  create(): Clock;
  /** What the clock's smallest step may be, in milliseconds. Default 0.01; runtimes against timing attacks have 1 or 0.1. */
  readonly resolutionMs?: number;
}

const nowOfMachine = () => Date.now();

/** The contract of `Clock` (core/ports.ts). Run it once for each runtime. */
export function clockSuite({ name, create, resolutionMs = 0.01 }: ClockSuite): void {
  describe(`${name} keeps the contract of a clock`, () => {
    test('the wall clock is the machine’s', () => {
      const before = nowOfMachine();
      const wallMs = create().wallMs();
      expect(wallMs).toBeGreaterThanOrEqual(before - 1);
      expect(wallMs).toBeLessThanOrEqual(nowOfMachine() + 1);
    });

    test('the monotonic clock never goes back, and does not stand still', () => {
      const clock = create();
      const start = clock.monotonicMs();
      let last = start;
      let smallest = Number.POSITIVE_INFINITY;
      for (let reads = 0; reads < 200_000; reads++) {
        const now = clock.monotonicMs();
        if (now < last) expect.fail(`it went back from ${last} to ${now}`);
        if (now > last) smallest = Math.min(smallest, now - last);
        last = now;
      }
      expect(last).toBeGreaterThan(start);
      expect(smallest).toBeLessThanOrEqual(resolutionMs);
    });

    test('both clocks measure the same time', async () => {
      const clock = create();
      const [wallMs, monotonicMs] = [clock.wallMs(), clock.monotonicMs()];
      await new Promise((resolve) => setTimeout(resolve, 120));
      const wall = clock.wallMs() - wallMs;
      const monotonic = clock.monotonicMs() - monotonicMs;
      expect(wall).toBeGreaterThan(100);
      expect(Math.abs(wall - monotonic)).toBeLessThan(50);
    });

    test('a reading of performance.now() can be told from a date, where the runtime has one', () => {
      const clock = create();
      const { performanceOriginMs } = clock;
      if (performanceOriginMs === undefined) return;
      expect(Math.abs(performanceOriginMs + performance.now() - clock.wallMs())).toBeLessThan(5_000);
      expect(Math.abs(performance.now() - clock.monotonicMs())).toBeLessThan(1_000);
    });

    test('reading does not throw and gives finite numbers, detached from the object too', () => {
      const { wallMs, monotonicMs } = create();
      expect(Number.isFinite(wallMs()) && Number.isFinite(monotonicMs())).toBe(true);
    });
  });
}
