import { afterEach, expect, test, vi } from 'vitest';
import { createWorkerClock } from './clock.js';

afterEach(() => void vi.restoreAllMocks());

/** Readings of the monotonic clock for what the platform shows. */
function readings(shown: readonly number[]): number[] {
  const clock = createWorkerClock();
  const now = vi.spyOn(performance, 'now');
  return shown.map((ms) => {
    now.mockReturnValue(ms);
    return clock.monotonicMs();
  });
}

test('a clock that stands still, and one of a request that is behind, never go back', () => {
  expect(readings([5_000, 5_000, 5_010, 5_003, 5_010, 5_011])).toEqual([5_000, 5_000, 5_010, 5_010, 5_010, 5_011]);
});

test('a clock that is set back goes on from where it was', () => {
  expect(readings([9_000_000, 5_000, 5_100, 9_000_000])).toEqual([9_000_000, 9_000_000, 9_000_100, 17_995_000]);
});
