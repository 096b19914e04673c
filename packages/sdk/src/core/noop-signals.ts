import type { Telemetry } from './telemetry-handle.js';

/**
 * `meter` and `logger` where their signals are not built in: whatever is made takes everything, answers with itself and keeps nothing, and
 * `enabled()` says so.
 */
export function noopSignals(): Pick<Telemetry, 'meter' | 'logger'> {
  const nothing = new Proxy(() => nothing, {
    get: (_target, name): unknown => (name === 'enabled' ? () => false : name === 'then' ? undefined : nothing),
  }) as never;
  return { meter: nothing, logger: nothing };
}
