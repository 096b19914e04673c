import { dropped } from './results.js';
import type { QuickSampler } from './sampler.js';

/** Records nothing. */
export const alwaysOffSampler: QuickSampler = {
  shouldSample: () => dropped,
  decide: () => dropped,
  toString: () => 'AlwaysOffSampler',
};
