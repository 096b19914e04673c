import type { Timers } from '../../../core/ports.js';

/** What `setTimeout` can count, 24 days; it takes a longer wait, `Infinity` among them, for one of a millisecond. */
const LONGEST_MS = 2 ** 31 - 1;

export const nodeTimers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, LONGEST_MS));
    // Telemetry never keeps a program alive; what is left when the program has nothing to do is sent by `beforeExit`.
    timer.unref();
    return () => clearTimeout(timer);
  },
};
