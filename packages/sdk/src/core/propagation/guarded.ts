import type { TextMapPropagator } from '@opentelemetry/api';

/**
 * A program's own propagator so that what it throws is told to `onError` and is nothing to the other formats, nor to the request that is made or
 * taken at that moment. Those of this package never throw and need none.
 */
export function guardedPropagator(
  propagator: TextMapPropagator,
  onError: (error: unknown) => void,
): TextMapPropagator<unknown> {
  const guarded = <T>(run: () => T, otherwise: T): T => {
    try {
      return run();
    } catch (error) {
      onError(error);
      return otherwise;
    }
  };
  return {
    inject: (context, carrier, setter) => guarded(() => propagator.inject(context, carrier, setter), undefined),
    extract: (context, carrier, getter) => guarded(() => propagator.extract(context, carrier, getter), context),
    fields: () => guarded(() => propagator.fields(), []),
  };
}
