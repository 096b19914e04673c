import type { Clock } from '../../../core/ports.js';

/** A step back of this many milliseconds is a clock that was set; a smaller one is another request's older reading. */
const SET_BACK_MS = 1_000;

/**
 * The clock of Workers is a wall clock that shows when the last I/O of the running request was done, `performance.now()` (since 1970,
 * `timeOrigin` is 0) as much as `Date.now()`; between I/O it stands still, and one request may be behind another. That is all the time there is:
 * what is added here is that it never goes back.
 */
export function createWorkerClock(): Clock {
  let last = Number.NEGATIVE_INFINITY;
  let shift = 0;
  return {
    wallMs: () => Date.now(),
    monotonicMs() {
      const now = performance.now() + shift;
      if (now > last) last = now;
      else if (last - now > SET_BACK_MS) shift += last - now;
      return last;
    },
  };
}
