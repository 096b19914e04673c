import type { Telemetry } from './telemetry-handle.js';

/**
 * Where the started telemetry stands for all copies of this package in a program (ESM twice through a bundler, two versions
 * in `node_modules`). The number rises when a `Telemetry` of an older copy could no longer be used by a newer one.
 */
const telemetryKey: symbol = Symbol.for('throughline.telemetry.1');

const globals = globalThis as unknown as Record<symbol, Telemetry | undefined>;

/** The telemetry that was started and not shut down, by this copy of the package or another. */
export const currentTelemetry = (): Telemetry | undefined => globals[telemetryKey];

/** Makes `telemetry` the current one. Returns how to give the place back, which does nothing once another has taken it. */
export function claimTelemetry(telemetry: Telemetry): () => void {
  globals[telemetryKey] = telemetry;
  return () => {
    if (globals[telemetryKey] === telemetry) delete globals[telemetryKey];
  };
}
