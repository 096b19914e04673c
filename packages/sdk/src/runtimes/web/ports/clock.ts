import type { Clock } from '../../../core/ports.js';

export const createPageClock = (): Clock => ({
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  performanceOriginMs: performance.timeOrigin,
});
