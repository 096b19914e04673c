import type { Meter } from '@opentelemetry/api';
import type { OnFragment } from '../batch.js';
import { TimeSource } from '../clock/time-source.js';
import type { Report } from '../limit-diagnostics.js';
import type { Clock } from '../ports.js';
import { createScopes } from '../scopes.js';
import type { ScopeOptions } from '../trace/tracer-provider.js';
import { KeyCache } from '../wire/encoded-key.js';
import { createOpenBuffer } from '../wire/open-buffer.js';
import type { TemporalityPreference } from './instrument-kinds.js';
import { SdkMeter } from './meter.js';
import { Callbacks } from './observables.js';
import type { MetricsState } from './stream.js';

export interface MeterProviderOptions {
  readonly clock: Clock;
  readonly temporality: TemporalityPreference;
  /** Series of one metric at most; what is over it goes together into one with the attribute `otel.metric.overflow`. */
  readonly cardinalityLimit: number;
  /** Which attribute keys hold secrets. */
  readonly isSecret?: ((key: string) => boolean) | undefined;
  /** Told after each fragment; without it nothing is written. */
  readonly onFragment: OnFragment | undefined;
  readonly report: Report;
  /** Told of each new instrument. */
  readonly onInstrument: () => void;
}

/** A meter provider (specification "Metrics SDK"), as the API has it. Who reads it does so in two steps: `observe`, then `collect`. */
export interface SdkMeterProvider {
  getMeter(name: string, version?: string, options?: ScopeOptions): Meter;
  /** Asks the callbacks of observables; the promises of those that answer later, which never reject. */
  observe(): Promise<unknown>[];
  /** Writes what was measured and observed as fragments, at this moment. */
  collect(): void;
  /** Something was measured that was not collected yet. */
  readonly isDirty: boolean;
  /** There are callbacks to ask. */
  readonly isObserving: boolean;
}

export function createMeterProvider(options: MeterProviderOptions): SdkMeterProvider {
  const { onFragment, report, temporality, onInstrument } = options;
  const time = new TimeSource(options.clock);
  const state: MetricsState = {
    time,
    rules: { keys: new KeyCache(), isSecret: options.isSecret, limit: options.cardinalityLimit },
    buffer: createOpenBuffer('metrics', 'normal'),
    times: { startHi: 0, startLo: 0, timeHi: 0, timeLo: 0 },
    lastHi: 0,
    lastLo: 0,
    dirty: false,
  };
  const callbacks = new Callbacks(
    (error) => report('warn', 'observable-failed', `A callback of an observable failed: ${error}`),
    () => {
      state.dirty = true;
    },
  );
  const meters: SdkMeter[] = [];
  return {
    getMeter: createScopes((scope) => {
      const meter = new SdkMeter({ state, temporality, callbacks, report, onInstrument }, scope);
      meters.push(meter);
      return meter;
    }),
    observe: () => callbacks.run(),
    collect() {
      const now = time.monotonicMs();
      time.at(time.rootAnchor(now), now);
      const { hi, lo } = time;
      state.times.timeHi = hi;
      state.times.timeLo = lo;
      if (onFragment) for (const meter of meters) meter.collect(onFragment);
      state.lastHi = hi;
      state.lastLo = lo;
      state.dirty = false;
    },
    get isDirty() {
      return state.dirty;
    },
    get isObserving() {
      return !callbacks.isEmpty;
    },
  };
}
