import type { Attributes, Context, Link, SpanContext, SpanKind, TraceState } from '@opentelemetry/api';
import { readOtFields } from './ot-fields.js';
import type { SamplingDecision } from './sampler.js';
import { thresholdOf } from './threshold.js';

/** What a composable sampler may know about the span to be: everything but its trace id, which decides alone. */
export interface SamplingQuestion {
  readonly context: Context;
  /** `undefined`: the span is a root. */
  readonly parent: SpanContext | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Readonly<Attributes>;
  readonly links: readonly Link[];
}

/** What a composable sampler would like, before chance decides (specification "Tracing SDK", GetSamplingIntent). */
export interface SamplingIntent {
  /** Hex digits as in `th`, without trailing zeros; a span is kept where its randomness reaches them. `undefined`: never. */
  readonly threshold: string | undefined;
  /** The threshold tells how many spans one stands for; it is then passed on as `th`. */
  readonly adjustedCountReliable: boolean;
  /** Asked for what to add to the span, only where it is kept. */
  readonly attributes?: (() => Readonly<Attributes>) | undefined;
  /** The span's tracestate made of its parent's. Its `ot` member is not the composable sampler's to change. */
  readonly traceState?: ((parent: TraceState | undefined, decision: SamplingDecision) => TraceState) | undefined;
}

/** A sampler that says what it would like and leaves the decision to `compositeSampler`, so that several can be put together. */
export interface ComposableSampler {
  getSamplingIntent(question: SamplingQuestion): SamplingIntent;
  toString(): string;
}

const never: SamplingIntent = { threshold: undefined, adjustedCountReliable: false };
const always: SamplingIntent = { threshold: '0', adjustedCountReliable: true };

/** Keeps every span. */
export const composableAlwaysOn: ComposableSampler = {
  getSamplingIntent: () => always,
  toString: () => 'ComposableAlwaysOn',
};

/** Keeps none. */
export const composableAlwaysOff: ComposableSampler = {
  getSamplingIntent: () => never,
  toString: () => 'ComposableAlwaysOff',
};

/** Keeps this share of traces (2^-56 … 1), the same ones as `traceIdRatioSampler`. 0 or no number: `composableAlwaysOff`. */
export function composableProbability(ratio: number): ComposableSampler {
  const share = Math.min(ratio, 1);
  const threshold = thresholdOf(share);
  if (threshold === undefined) return composableAlwaysOff;
  const intent: SamplingIntent = { threshold, adjustedCountReliable: true };
  return { getSamplingIntent: () => intent, toString: () => `ComposableProbability{${share}}` };
}

/**
 * Does what the parent did and passes its threshold on; `root` is asked where there is no parent. A parent without a threshold is
 * followed by its sampled flag, and nobody can tell then how many spans one stands for.
 */
export function composableParentThreshold(root: ComposableSampler): ComposableSampler {
  return {
    getSamplingIntent(question) {
      const { parent } = question;
      if (!parent) return root.getSamplingIntent(question);
      const { threshold, randomness } = readOtFields(parent.traceState);
      const isSampled = (parent.traceFlags & 1) !== 0;
      // "Apparently inconsistent": the flag says another thing than the threshold. Then the flag counts, and the threshold is let go.
      const reached = threshold !== undefined && (randomness ?? parent.traceId.slice(18)) >= threshold;
      if (threshold !== undefined && reached === isSampled) return { threshold, adjustedCountReliable: true };
      return isSampled ? { threshold: '0', adjustedCountReliable: false } : never;
    },
    toString: () => `ComposableParentThreshold{${root}}`,
  };
}

export interface SamplingRule {
  /** Must not change what it is asked about, nor decide by chance that depends on the trace id. */
  readonly when: (question: SamplingQuestion) => boolean;
  readonly use: ComposableSampler;
}

/** The first rule that holds decides; where none does, the span is not kept. */
export function composableRuleBased(rules: readonly SamplingRule[]): ComposableSampler {
  return {
    getSamplingIntent: (question) => rules.find(({ when }) => when(question))?.use.getSamplingIntent(question) ?? never,
    toString: () => `ComposableRuleBased{${rules.map(({ use }) => use).join()}}`,
  };
}

/** Adds `attributes` to the spans that `delegate` keeps; over equal ones of `delegate`'s own. */
export function composableAnnotating(attributes: Readonly<Attributes>, delegate: ComposableSampler): ComposableSampler {
  return {
    getSamplingIntent(question) {
      const intent = delegate.getSamplingIntent(question);
      return { ...intent, attributes: () => ({ ...intent.attributes?.(), ...attributes }) };
    },
    toString: () => `ComposableAnnotating{${delegate}}`,
  };
}
