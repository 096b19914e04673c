import { recorded } from './results.js';
import type { Sampler, SamplingResult } from './sampler.js';

/**
 * Records every span for processors, also those `sampler` turns down; only those it keeps are sampled and sent (specification
 * "Tracing SDK", AlwaysRecord): metrics made of spans stay true at any sampling rate.
 */
export function alwaysRecordSampler(sampler: Sampler): Sampler {
  return {
    shouldSample(context, traceId, spanName, spanKind, attributes, links): SamplingResult {
      const result = sampler.shouldSample(context, traceId, spanName, spanKind, attributes, links);
      return result.decision ? result : { ...result, ...recorded };
    },
    toString: () => `AlwaysRecord{${sampler}}`,
  };
}
