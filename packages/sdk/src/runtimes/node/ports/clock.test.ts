import { afterEach, expect, test, vi } from 'vitest';
import { createNodeClock } from './clock.js';

afterEach(() => void vi.restoreAllMocks());

test('the wall clock resolves less than a millisecond, and is never another millisecond than Date.now()', () => {
  const clock = createNodeClock();
  const fractions = new Set<number>();
  for (let i = 0; i < 1_000; i++) {
    const before = Date.now();
    const wallMs = clock.wallMs();
    expect(wallMs).toBeGreaterThanOrEqual(before);
    expect(wallMs).toBeLessThan(Date.now() + 1);
    fractions.add(wallMs % 1);
  }
  expect(fractions.size).toBeGreaterThan(10);
});

test('a wall clock that was set since the start is believed', () => {
  const clock = createNodeClock();
  const set = Date.now() + 3_600_000;
  vi.spyOn(Date, 'now').mockReturnValue(set);
  expect(clock.wallMs()).toBe(set);
});
