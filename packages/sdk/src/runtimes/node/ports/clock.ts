import { performance } from 'node:perf_hooks';
import type { Clock } from '../../../core/ports.js';

export function createNodeClock(): Clock {
  return {
    wallMs() {
      const wallMs = Date.now();
      // Date.now() is cut to whole milliseconds, which sets two processes of one machine up to 1 ms apart. As long as the
      // wall clock was not set since the start, the fraction is known.
      const fineMs = performance.timeOrigin + performance.now();
      return fineMs >= wallMs && fineMs < wallMs + 1 ? fineMs : wallMs;
    },
    monotonicMs: () => performance.now(),
    performanceOriginMs: performance.timeOrigin,
  };
}
