import type { Ports } from './ports.js';
import type { StartOptions } from './telemetry.js';
import type { Telemetry } from './telemetry-handle.js';

/** The parts of a telemetry that a small bundle can do without; an option whose part is missing is named in `onDiagnostic`. */
export interface TelemetryParts {
  readonly none?: undefined;
}

/** `startTelemetry` with the parts named: what is not passed is not in the bundle. */
export function startTelemetryWith(_parts: TelemetryParts, _ports: Ports, _options: StartOptions): Telemetry {
  throw new Error('being built');
}
