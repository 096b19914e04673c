import type { Lifecycle, Ports, Timers } from '../../../core/ports.js';
import { createPageClock } from './clock.js';
import { createPageContextStore } from './context-store.js';

/** What every global of a browser has, a page's and a worker's. */
export const browserPorts = (lifecycle: Lifecycle): Ports => ({
  clock: createPageClock(),
  entropy: { fill: (target) => void crypto.getRandomValues(target) },
  timers,
  contextStore: createPageContextStore(timers),
  lifecycle,
});

const timers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
