import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext } from '../context/span-in-context.js';
import { alwaysOnSampler } from '../sampling/always-on.js';
import { parentBasedSampler } from '../sampling/parent-based.js';
import type { QuickSampler, Sampler, SamplingDecision } from '../sampling/sampler.js';
import type { SpanProcessor } from '../trace/span-processor.js';
import { remoteFlag, sampledFlag } from '../trace/trace-flags.js';

/** `otel.span.parent.origin` and `otel.span.sampling_result`, by the numbers they are counted under. */
export const parentOrigins = ['none', 'local', 'remote'] as const;
export const samplingResults = ['DROP', 'RECORD_ONLY', 'RECORD_AND_SAMPLE'] as const;

export interface SpanCounts {
  /** Spans begun: `started[origin * 3 + decision]`. */
  readonly started: number[];
  /** Recording spans that have not ended, by decision. */
  readonly live: number[];
  /** Asked once for each span there is, and so counts each. */
  sampler(sampler?: Sampler): Sampler & Partial<QuickSampler>;
  readonly processor: SpanProcessor;
}

/** Counts spans where they are decided about and where they end: plain numbers, which are read when metrics are collected. */
export function createSpanCounts(): SpanCounts {
  const started = Array.from({ length: 9 }, () => 0);
  const live = [0, 0, 0];
  const count = (origin: number, decision: SamplingDecision): void => {
    started[origin * 3 + decision]!++;
  };
  const decisionOf = (flags: number): SamplingDecision => (flags & sampledFlag ? 2 : 1);
  /** Spans of this SDK have their flags as a number; `spanContext()` would make strings. */
  const flagsOf = (span: { readonly flags?: number; spanContext(): { readonly traceFlags: number } }): number =>
    span.flags ?? span.spanContext().traceFlags;
  return {
    started,
    live,
    sampler(sampler: Sampler & Partial<QuickSampler> = parentBasedSampler({ root: alwaysOnSampler })) {
      const asked: Sampler = {
        shouldSample(context, ...question) {
          const parent = getSpanContext(context);
          const origin = isSpanContextValid(parent) ? (parent.isRemote ? 2 : 1) : 0;
          let decision: SamplingDecision = 0;
          try {
            const result = sampler.shouldSample(context, ...question);
            decision = result?.decision ?? 0;
            return result;
          } finally {
            count(origin, decision);
          }
        },
        toString: () => `${sampler}`,
      };
      if (!sampler.decide) return asked;
      return {
        ...asked,
        decide(parentFlags, randomHi, randomLo) {
          const result = sampler.decide!(parentFlags, randomHi, randomLo);
          if (result) count(parentFlags < 0 ? 0 : parentFlags & remoteFlag ? 2 : 1, result.decision);
          return result;
        },
      };
    },
    processor: {
      onStart(span) {
        live[decisionOf(flagsOf(span))]!++;
      },
      onEnd(span) {
        live[decisionOf(flagsOf(span))]!--;
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  };
}
