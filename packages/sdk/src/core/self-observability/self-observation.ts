import { sdkVersion } from '../resource/sdk-version.js';
import type { SignalPart } from '../signal-part.js';
import type { TelemetryParts } from '../start-telemetry-with.js';
import type { Tracing } from '../trace/tracing.js';
import { type OutboxCounts, observedOutbox } from './observed-outbox.js';
import { registerSdkMetrics } from './sdk-metrics.js';
import { createSpanCounts } from './span-counts.js';

/** Parts of a telemetry that tell, as metrics of that telemetry, what becomes of what it is given. */
export interface SelfObservation {
  /** Around the outbox that seals; what keeps open buffers stands around this. */
  readonly createOutbox: (create: TelemetryParts['createOutbox']) => TelemetryParts['createOutbox'];
  readonly tracing: (tracing: Tracing) => Tracing;
  /** Without it nothing is told. */
  readonly metering: (metering: SignalPart) => SignalPart;
}

/**
 * A telemetry that observes itself is the same parts with something around each: where it is not asked for nothing is looked at, and nothing costs.
 * One observation is for one telemetry.
 */
export function createSelfObservation(): SelfObservation {
  const spans = createSpanCounts();
  let outbox: OutboxCounts | undefined;
  return {
    createOutbox: (create) =>
      observedOutbox(create, (counts) => {
        outbox = counts;
      }),
    tracing: (tracing) => ({
      ...tracing,
      createProvider: (options, onFragment) =>
        tracing.createProvider(
          {
            ...options,
            sampler: spans.sampler(options.sampler),
            processors: [spans.processor, ...options.processors],
          },
          onFragment,
        ),
    }),
    metering: (metering) => (host) => {
      const collections: { seconds: number; errorType: string }[] = [];
      let logsCreated = 0;
      host.onLogCreated = () => {
        logsCreated++;
      };
      host.onCollected = (durationMs, failure) => {
        const errorType = failure === undefined ? '' : failure instanceof Error ? failure.name : '_OTHER';
        if (collections.length < maxCollections) collections.push({ seconds: durationMs / 1e3, errorType });
      };
      const stop = metering(host);
      const meter = host.meterProvider?.getMeter('@throughline/sdk', sdkVersion);
      if (meter)
        registerSdkMetrics(meter, {
          spans,
          get outbox() {
            return outbox;
          },
          get logsCreated() {
            return logsCreated;
          },
          takeCollections: () => collections.splice(0),
        });
      return stop;
    },
  };
}

/** Told in the next one; where nobody collects for long there are none. */
const maxCollections = 1_000;
