import type { TextMapPropagator } from '@opentelemetry/api';

/**
 * Several formats as one: all are written, and all are read in the order given, so that a later one that finds a trace
 * wins over an earlier one.
 */
export const compositePropagator = (propagators: readonly TextMapPropagator[]): TextMapPropagator<unknown> => ({
  inject(context, carrier, setter) {
    for (const propagator of propagators) propagator.inject(context, carrier, setter);
  },
  extract: (context, carrier, getter) =>
    propagators.reduce((extracted, propagator) => propagator.extract(extracted, carrier, getter), context),
  fields: () => [...new Set(propagators.flatMap((propagator) => propagator.fields()))],
});
