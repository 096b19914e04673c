import { claimApiEntry } from '../api-entry.js';
import type { SignalPart } from '../signal-part.js';
import { secretKeys } from '../trace/secret-keys.js';
import { within } from '../within.js';
import { isPreference } from './instrument-kinds.js';
import { createMeterProvider } from './meter-provider.js';

/** The specification's defaults: collected once a minute, 2,000 series a metric. In development somebody is waiting. */
const defaultIntervalMs = 60_000;
const developmentIntervalMs = 10_000;
const defaultCardinalityLimit = 2_000;

/**
 * Counters, histograms and gauges, behind `telemetry.meter` and the metrics API of OpenTelemetry; collected at an interval, and before everything
 * that sends: flush, shutdown, a program that might not come back. A part of every telemetry that has everything; a small one is handed it:
 * `start(options, { metering })`.
 */
export const metering: SignalPart = (host) => {
  const { telemetry, timers, limits, report, resource, clock } = host;
  /** An option that makes no sense is named, and its default taken. */
  const checked = <K extends 'metricIntervalMs' | 'cardinalityLimit'>(option: K, standard: number): number => {
    const value = host[option] ?? standard;
    if (typeof value === 'number' && value >= 1) return value;
    report('warn', 'bad-option', `${option} cannot be ${value}`);
    return standard;
  };
  const intervalMs = checked(
    'metricIntervalMs',
    host.preset === 'development' ? developmentIntervalMs : defaultIntervalMs,
  );
  const { metricTemporality: temporality = 'cumulative' } = host;
  if (!isPreference(temporality)) report('warn', 'bad-option', `metricTemporality cannot be ${temporality}`);
  let cancel: (() => void) | undefined;
  let stopped = false;

  const provider = createMeterProvider({
    ...host,
    temporality: isPreference(temporality) ? temporality : 'cumulative',
    cardinalityLimit: Math.floor(checked('cardinalityLimit', defaultCardinalityLimit)),
    isSecret: secretKeys(host),
    // Not before: a program without instruments needs no timer.
    onInstrument: () => {
      if (!stopped) cancel ??= timers.after(intervalMs, tick);
    },
  });

  host.meterProvider = provider;

  /** A promise only where a callback answers later; then for so long at most. */
  function observe(waitMs: number): Promise<void> | undefined {
    const later = provider.observe();
    if (!later.length) return undefined;
    const all = Promise.all(later).then(() => true);
    return within(timers, waitMs, all).then((inTime) => {
      if (!inTime) report('warn', 'observable-late', `A callback of an observable did not answer in ${waitMs} ms.`);
    });
  }

  async function tick(): Promise<void> {
    await observe(Math.min(intervalMs, limits.flushTimeoutMs));
    if (stopped) return;
    provider.collect();
    cancel = timers.after(intervalMs, tick);
  }

  const { flush, shutdown, status } = telemetry;
  /** Half of the time for callbacks, so that the other half is left for sending. At once where nothing has to be waited for. */
  const observed = (timeoutMs: number, send: (left: { timeoutMs: number }) => Promise<boolean>): Promise<boolean> => {
    const beganMs = clock.monotonicMs();
    const sendRest = () => send({ timeoutMs: Math.max(timeoutMs - (clock.monotonicMs() - beganMs), 0) });
    return observe(timeoutMs / 2)?.then(sendRest) ?? sendRest();
  };
  telemetry.flush = ({ timeoutMs = limits.flushTimeoutMs } = {}) =>
    observed(timeoutMs, (left) => {
      if (!stopped) provider.collect();
      return flush(left);
    });
  telemetry.shutdown = ({ timeoutMs = limits.shutdownTimeoutMs } = {}) =>
    stopped ? shutdown() : observed(timeoutMs, shutdown);
  telemetry.status = () => ({ ...status(), uncollected: provider.isDirty });
  telemetry.meter = provider.getMeter(String(resource.attributes['service.name']), host.serviceVersion);

  const giveBack = host.global === false ? undefined : claimApiEntry('metrics', provider, host.tracerProvider, report);
  // After everything that hears of it from telemetry has recorded its last.
  const stopListening = host.lifecycle.onSuspend(() => {
    if (!provider.isDirty && !provider.isObserving) return;
    provider.observe();
    provider.collect();
    host.suspend();
  });

  return () => {
    stopListening();
    cancel?.();
    giveBack?.();
    // `shutdown` has asked the callbacks; what instruments recorded while they were stopped is in this one too.
    provider.collect();
    stopped = true;
  };
};
