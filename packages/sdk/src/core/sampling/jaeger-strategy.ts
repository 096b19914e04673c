import { rateLimitingSampler } from './rate-limiting.js';
import type { Sampler } from './sampler.js';
import { traceIdRatioSampler } from './trace-id-ratio.js';

/** The answer of Jaeger's sampling service (api_v2/sampling.proto as JSON), as far as it is looked at. */
interface Strategy {
  readonly strategyType?: unknown;
  readonly probabilisticSampling?: { readonly samplingRate?: unknown } | null;
  readonly rateLimitingSampling?: { readonly maxTracesPerSecond?: unknown } | null;
  readonly operationSampling?: {
    readonly defaultSamplingProbability?: unknown;
    readonly defaultLowerBoundTracesPerSecond?: unknown;
    readonly perOperationStrategies?: unknown;
  } | null;
}

/** Operations with a strategy of their own that are remembered at most; the rest follow the default. */
const maxOperations = 2_000;

/**
 * The sampler that a strategy of Jaeger's remote sampling asks for: per operation, else by rate, else by share. `undefined` for
 * what is none: an answer that cannot be read must not change what is kept.
 */
export function jaegerStrategySampler(answer: unknown): Sampler | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { strategyType, probabilisticSampling, rateLimitingSampling, operationSampling } = answer as Strategy;
  if (operationSampling) return perOperation(operationSampling);
  if (strategyType === 'RATE_LIMITING' || strategyType === 1) {
    const perSecond = amount(rateLimitingSampling?.maxTracesPerSecond);
    return perSecond === undefined ? undefined : rateLimitingSampler(perSecond);
  }
  const share = shareOf(probabilisticSampling);
  return share === undefined ? undefined : traceIdRatioSampler(share);
}

/** A share of each operation's traces, and at least so many a second of each, however rare it is. */
function perOperation({
  defaultSamplingProbability,
  defaultLowerBoundTracesPerSecond,
  perOperationStrategies,
}: NonNullable<Strategy['operationSampling']>): Sampler | undefined {
  const defaultShare = shareOf({ samplingRate: defaultSamplingProbability });
  if (defaultShare === undefined) return undefined;
  const lowerBound = amount(defaultLowerBoundTracesPerSecond) ?? 0;
  const others = traceIdRatioSampler(defaultShare);
  const samplers = new Map<string, Sampler>();
  for (const one of Array.isArray(perOperationStrategies) ? perOperationStrategies.slice(0, maxOperations) : []) {
    const { operation, probabilisticSampling } = (one ?? {}) as {
      operation?: unknown;
      probabilisticSampling?: Strategy['probabilisticSampling'];
    };
    const share = shareOf(probabilisticSampling);
    if (typeof operation === 'string' && share !== undefined) samplers.set(operation, atLeast(share, lowerBound));
  }
  return {
    shouldSample: (...question) => (samplers.get(question[2]) ?? others).shouldSample(...question),
    toString: () => `PerOperation{default=${others}, operations=${samplers.size}, lowerBound=${lowerBound}}`,
  };
}

function atLeast(share: number, perSecond: number): Sampler {
  const ratio = traceIdRatioSampler(share);
  const floor = rateLimitingSampler(perSecond);
  return {
    shouldSample(...question) {
      const result = ratio.shouldSample(...question);
      // What the share keeps counts towards the floor.
      const kept = floor.shouldSample(...question);
      // No threshold for what the floor kept: nobody knows how many spans it stands for.
      return result.decision || !kept.decision ? result : { ...result, decision: kept.decision };
    },
    toString: () => `AtLeast{${perSecond}, ${ratio}}`,
  };
}

const amount = (value: unknown): number | undefined =>
  typeof value === 'number' && value >= 0 && value < Infinity ? value : undefined;
/** protobuf's JSON leaves a share of zero out, but not what it stands in. */
function shareOf(sampling: Strategy['probabilisticSampling']): number | undefined {
  const share = sampling ? amount(sampling.samplingRate ?? 0) : undefined;
  return share !== undefined && share <= 1 ? share : undefined;
}
