import type { SamplingResult } from './sampler.js';

export const dropped: SamplingResult = { decision: 0 };
export const recorded: SamplingResult = { decision: 1 };
export const sampled: SamplingResult = { decision: 2 };
