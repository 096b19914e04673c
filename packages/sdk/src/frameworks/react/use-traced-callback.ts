import { type DependencyList, useCallback } from 'react';
import type { TracedOptions } from '../../core/options.js';
import { currentTelemetry } from '../../core/telemetry-global.js';
import type { AnyFunction } from '../../core/telemetry-handle.js';

/**
 * React's `useCallback` whose function runs in a span: what `telemetry.traced` does, for a function that a component makes. The same function
 * as long as `deps` and `name` stay the same. Function and `deps` come first so that the lint rule `react-hooks/exhaustive-deps` can
 * look at them (`additionalHooks: 'useTracedCallback'`). Without telemetry the function is called as it is.
 */
export function useTracedCallback<F extends AnyFunction>(
  callback: F,
  deps: DependencyList,
  name: string,
  options: TracedOptions = {},
): F {
  const run = callback as unknown as (...args: unknown[]) => unknown;
  const traced = (...args: unknown[]): unknown => {
    const telemetry = currentTelemetry();
    return telemetry ? telemetry.measure(name, options, () => run(...args)) : run(...args);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: `callback` is made anew at each rendering; what it depends on says its caller.
  return useCallback(traced as unknown as F, [...deps, name]);
}
