import type { Timers } from '../../../core/ports.js';

export const nodeTimers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    // Telemetry never keeps a program alive; what is left when the program has nothing to do is sent by `beforeExit`.
    timer.unref();
    return () => clearTimeout(timer);
  },
};
