import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext } from '../context/span-in-context.js';
import type { ComposableSampler } from './composable.js';
import { readOtFields, withThreshold } from './ot-fields.js';
import type { Sampler } from './sampler.js';

/** 56 bits of chance for decisions that are not to follow the trace id. */
function independentRandomness(): string {
  const word = (bits: number): string =>
    Math.floor(Math.random() * 2 ** bits)
      .toString(16)
      .padStart(bits / 4, '0');
  return word(24) + word(32);
}

/**
 * Decides by what a composition of samplers would like, and keeps `th` of the tracestate true (specification "Tracing SDK",
 * CompositeSampler):
 *
 *     compositeSampler(composableParentThreshold(composableRuleBased([
 *       { when: ({ name }) => name === 'GET /health', use: composableAlwaysOff },
 *       { when: () => true, use: composableProbability(0.1) },
 *     ])))
 */
export function compositeSampler(delegate: ComposableSampler): Sampler {
  return {
    shouldSample(context, traceId, name, kind, attributes, links) {
      const found = getSpanContext(context);
      const parent = isSpanContextValid(found) ? found : undefined;
      const intent = delegate.getSamplingIntent({ context, parent, name, kind, attributes, links });
      const { threshold, adjustedCountReliable } = intent;
      const parentFields = readOtFields(parent?.traceState);
      const decision =
        threshold !== undefined &&
        (adjustedCountReliable ? (parentFields.randomness ?? traceId.slice(18)) : independentRandomness()) >= threshold
          ? 2
          : 0;
      const provided = intent.traceState ? intent.traceState(parent?.traceState, decision) : parent?.traceState;
      return {
        decision,
        attributes: decision ? intent.attributes?.() : undefined,
        // A threshold that did not decide this span would tell a lie about it; the rest of `ot` is the parent's, whatever was provided.
        traceState: withThreshold(provided, parentFields, decision && adjustedCountReliable ? threshold : undefined),
      };
    },
    toString: () => `CompositeSampler{${delegate}}`,
  };
}
