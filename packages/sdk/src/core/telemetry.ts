import { createExtras } from './extras.js';
import type { Instrument } from './instrument.js';
import { fullLogging } from './logs/full-logging.js';
import { fullMetering } from './metrics/full-metering.js';
import type { TelemetryOptions } from './options.js';
import { createFullOutbox } from './outbox/full-outbox.js';
import type { Ports } from './ports.js';
import { startTelemetryWith, type TelemetryParts } from './start-telemetry-with.js';
import type { Telemetry } from './telemetry-handle.js';
import { followResult } from './trace/follow-result.js';
import { fullTracing } from './trace/tracing.js';

/** What a runtime says beside its user: it fills `destinations` and `propagators` where the user did not. */
export interface StartOptions extends TelemetryOptions {
  /** Things to observe: started when everything else stands, stopped first at shutdown. What is none is skipped (`debug && observeThat`). */
  readonly instruments?: readonly (Instrument | false | undefined)[] | undefined;
  /** `telemetry.sdk.language`: `nodejs`, `webjs`. */
  readonly sdkLanguage?: string | undefined;
}

/** What `startTelemetry` is made of where nothing stands in. */
export const everyPart = {
  tracing: fullTracing,
  createOutbox: createFullOutbox,
  createExtras,
  metering: fullMetering,
  logging: fullLogging,
  followResult,
} satisfies TelemetryParts;

/**
 * Starts telemetry with everything `TelemetryOptions` offers. Never throws: a bad option is named in `onDiagnostic` and its default taken, a
 * collector that is away is retried. A second start returns the first telemetry and reports `started-twice`. `parts` stand in for its own.
 */
export function startTelemetry(ports: Ports, options: StartOptions, parts: Partial<TelemetryParts> = {}): Telemetry {
  return startTelemetryWith({ ...everyPart, ...parts }, ports, options);
}
