import { sampled } from './results.js';
import type { QuickSampler } from './sampler.js';

/** Records and sends every span. */
export const alwaysOnSampler: QuickSampler = {
  shouldSample: () => sampled,
  decide: () => sampled,
  toString: () => 'AlwaysOnSampler',
};
