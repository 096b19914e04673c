import { performance } from 'node:perf_hooks';
import type { Clock } from '../../../core/ports.js';

export function createNodeClock(): Clock {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    performanceOriginMs: performance.timeOrigin,
  };
}
