import { claimApiEntry } from '../api-entry.js';
import type { SignalHost, SignalPart } from '../signal-part.js';
import { secretKeys } from '../trace/secret-keys.js';
import { createOpenBuffer } from '../wire/open-buffer.js';
import { within } from '../within.js';
import { createCollection } from './collection.js';
import { isPreference, temporalityOf } from './instrument-kinds.js';
import {
  type CreateStreams,
  createMeterProvider,
  type ReadableMeterProvider,
  type ReaderRules,
} from './meter-provider.js';
import type { MetricsOptions } from './metrics-options.js';
import type { PushedProducers } from './pushed-producers.js';

/** The specification's defaults: collected once a minute, 2,000 series a metric. In development somebody is waiting. */
const defaultIntervalMs = 60_000;
const developmentIntervalMs = 10_000;
const defaultCardinalityLimit = 2_000;

/** What stands behind the option `metrics`. */
interface MetricExtras {
  readonly createStreams: CreateStreams;
  /** How the reader of the outbox wants what it reads, beside temporality and limit. */
  readonly rules: Partial<ReaderRules>;
  readonly producers: PushedProducers | undefined;
  /** Starts the program's own readers. */
  attach(provider: ReadableMeterProvider): AttachedReaders;
}

/** Readers of the program's own, all of them. */
interface AttachedReaders {
  flush(timeoutMs: number): Promise<boolean>;
  shutdown(timeoutMs: number): Promise<boolean>;
}

type CreateMetricExtras = (options: MetricsOptions, host: SignalHost) => MetricExtras;

/** Metrics as a part of telemetry, with what `createExtras` knows of the option `metrics`. */
export const createMetering =
  (createExtras?: CreateMetricExtras): SignalPart =>
  (host) => {
    const { telemetry, timers, limits, report, resource, clock, metrics = {}, onCollected } = host;
    /** An option that makes no sense is named, and its default taken. */
    const checked = <K extends 'metricIntervalMs' | 'cardinalityLimit'>(option: K, standard: number): number => {
      const value = host[option] ?? standard;
      // What timers can count: they take a longer wait, `Infinity` among them, for none.
      if (typeof value === 'number' && value >= 1) return Math.min(value, 2 ** 31 - 1);
      report('warn', 'bad-option', `${option} cannot be ${value}`);
      return standard;
    };
    const intervalMs = checked(
      'metricIntervalMs',
      host.preset === 'development' ? developmentIntervalMs : defaultIntervalMs,
    );
    const { metricTemporality: temporality = 'cumulative' } = host;
    if (!isPreference(temporality)) report('warn', 'bad-option', `metricTemporality cannot be ${temporality}`);
    const cardinalityLimit = Math.floor(checked('cardinalityLimit', defaultCardinalityLimit));
    if (host.metrics && !createExtras) report('error', 'part-missing', 'metrics needs fullMetering');
    const extras = createExtras?.(metrics, host);
    const onFragment = metrics.push === false ? undefined : host.onFragment;
    let cancel: (() => void) | undefined;
    let stopped = false;

    const provider = createMeterProvider({
      clock,
      report,
      meterConfigurator: metrics.meterConfigurator,
      createStreams: extras?.createStreams,
      isSecret: secretKeys(host),
      // Not before: a program without instruments needs no timer.
      onInstrument: () => {
        if (!stopped && pipeline) cancel ??= timers.after(intervalMs, tick);
      },
    });
    const pipeline =
      onFragment &&
      provider.addReader({
        temporalityOf: (kind) => temporalityOf(isPreference(temporality) ? temporality : 'cumulative', kind),
        limitOf: () => cardinalityLimit,
        ...extras?.rules,
      });
    host.meterProvider = provider;
    const readers = extras?.attach(provider);
    const collection =
      pipeline &&
      createCollection({
        limits,
        create: () => createOpenBuffer('metrics', 'normal'),
        use: (buffer) => {
          pipeline.buffer = buffer;
        },
        write: (note) => {
          provider.collect(pipeline, note);
          extras?.producers?.write(pipeline, note);
        },
        end: () => provider.endCollection(pipeline),
        onFragment: onFragment!,
      });
    const isDirty = () => !!(pipeline?.dirty || collection?.isPending);
    let beganMs = 0;
    let failure: unknown;
    const collect = () => {
      if (!collection) return;
      collection.collect();
      onCollected?.(clock.monotonicMs() - beganMs, failure);
    };
    const ask = () => {
      beganMs = clock.monotonicMs();
      failure = undefined;
      return provider.observe(pipeline!, (error) => {
        failure ??= error;
        report('warn', 'observable-failed', `A callback of an observable failed: ${error}`);
      });
    };

    /** A promise only where a callback answers later; then for so long at most. */
    function observe(waitMs: number): Promise<void> | undefined {
      const later = pipeline && !stopped ? [...ask(), ...(extras?.producers?.ask(waitMs) ?? [])] : [];
      if (!later.length) return undefined;
      const all = Promise.all(later).then(() => true);
      return within(timers, waitMs, all).then((inTime) => {
        if (!inTime)
          report(
            'warn',
            'observable-late',
            `A callback of an observable or a producer did not answer in ${waitMs} ms.`,
          );
      });
    }

    async function tick(): Promise<void> {
      await observe(Math.min(intervalMs, limits.flushTimeoutMs));
      if (stopped) return;
      collect();
      cancel = timers.after(intervalMs, tick);
    }

    // A producer has no instruments by which it would be noticed.
    if (pipeline && extras?.producers) cancel ??= timers.after(intervalMs, tick);

    const { flush, shutdown, status } = telemetry;
    /** Half of the time for callbacks, so that the other half is left for sending. At once where nothing has to be waited for. */
    const observed = (
      timeoutMs: number,
      send: (left: { timeoutMs: number }) => Promise<boolean>,
      own: Promise<boolean> | undefined,
    ): Promise<boolean> => {
      const beganMs = clock.monotonicMs();
      const sendRest = () => send({ timeoutMs: Math.max(timeoutMs - (clock.monotonicMs() - beganMs), 0) });
      const sent = observe(timeoutMs / 2)?.then(sendRest) ?? sendRest();
      return own ? Promise.all([sent, own]).then((both) => both.every(Boolean)) : sent;
    };
    telemetry.flush = ({ timeoutMs = limits.flushTimeoutMs } = {}) =>
      observed(
        timeoutMs,
        (left) => {
          if (!stopped) collect();
          return flush(left);
        },
        stopped ? undefined : readers?.flush(timeoutMs),
      );
    let ended: Promise<boolean> | undefined;
    telemetry.shutdown = ({ timeoutMs = limits.shutdownTimeoutMs } = {}) => {
      ended ??= observed(timeoutMs, shutdown, readers?.shutdown(timeoutMs));
      return ended;
    };
    telemetry.status = () => ({ ...status(), uncollected: isDirty() });
    telemetry.meter = provider.getMeter(String(resource.attributes['service.name']), host.serviceVersion);

    const giveBack =
      host.global === false ? undefined : claimApiEntry('metrics', provider, host.tracerProvider, report);
    // After everything that hears of it from telemetry has recorded its last.
    const stopListening = host.lifecycle.onSuspend(() => {
      if (!pipeline || (!isDirty() && !provider.isObserving)) return;
      ask();
      collect();
      host.suspend();
    });

    return () => {
      stopListening();
      cancel?.();
      giveBack?.();
      // `shutdown` has asked the callbacks; what instruments recorded while they were stopped is in this one too.
      collect();
      stopped = true;
    };
  };
