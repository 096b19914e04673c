import type { MeterProvider, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import type { InstrumentHost } from '../../../core/instrument.js';
import { compositePropagator } from '../../../core/propagation/composite.js';
import type { Logger, Telemetry } from '../../../core/telemetry-handle.js';
import type { NodeOptions } from '../node-options.js';
import { startWithSettings } from '../start.js';
import type { Configuration } from './configuration-model.js';
import { configuredSettings } from './configured-settings.js';

/** What a configuration comes to (specification "Configuration SDK", Create). */
export interface ConfiguredComponents {
  /** What `start()` returns: flush, shutdown, status. */
  readonly telemetry: Telemetry;
  readonly tracerProvider: Pick<TracerProvider, 'getTracer'>;
  readonly meterProvider: Pick<MeterProvider, 'getMeter'>;
  readonly loggerProvider: { getLogger(name: string, version?: string, options?: object): Logger };
  /** All formats that are named, as one. */
  readonly propagators: TextMapPropagator;
}

/**
 * Makes the components a configuration asks for, and starts them: as `start()` does, with `options` over what the configuration says. No variable is read. Throws a
 * `ConfigurationError` that names every component which cannot be made, and then nothing is started.
 */
export function createFromConfiguration(model: Configuration, options: NodeOptions = {}): ConfiguredComponents {
  const settings = configuredSettings(model);
  let host: InstrumentHost | undefined;
  const telemetry = startWithSettings(
    {
      ...options,
      instruments: [
        (given) => {
          host = given;
          return () => {};
        },
        ...(options.instruments ?? []),
      ],
    },
    settings,
  );
  return {
    telemetry,
    tracerProvider: host?.tracerProvider ?? { getTracer: () => telemetry.tracer },
    meterProvider: host?.meterProvider ?? { getMeter: () => telemetry.meter },
    loggerProvider: host?.loggerProvider ?? { getLogger: () => telemetry.logger },
    propagators: host?.propagator ?? compositePropagator(settings.environment.propagators ?? []),
  };
}
