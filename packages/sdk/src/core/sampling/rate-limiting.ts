import type { Clock } from '../ports.js';
import { dropped, sampled } from './results.js';
import type { QuickSampler } from './sampler.js';

/** Where nobody gives a clock. It may jump: back counts as standing still, forward as at most one burst. */
const wallClock: Pick<Clock, 'monotonicMs'> = { monotonicMs: () => Date.now() };

/**
 * Keeps at most so many spans a second, evenly refilled, with a burst of one second's worth (at least one). Meant for roots: give it to
 * `parentBasedSampler` as `root`, so that traces stay whole. Which traces are kept is not the same in every process.
 */
export function rateLimitingSampler(perSecond: number, clock: Pick<Clock, 'monotonicMs'> = wallClock): QuickSampler {
  const capacity = Math.max(1, perSecond);
  let tokens = capacity;
  let filledMs = clock.monotonicMs();
  const take = (): typeof sampled => {
    const nowMs = clock.monotonicMs();
    tokens = Math.min(capacity, tokens + (Math.max(0, nowMs - filledMs) * perSecond) / 1000);
    filledMs = nowMs;
    if (tokens < 1) return dropped;
    tokens--;
    return sampled;
  };
  if (!(perSecond > 0)) tokens = 0;
  return { decide: take, shouldSample: take, toString: () => `RateLimitingSampler{${perSecond}}` };
}
