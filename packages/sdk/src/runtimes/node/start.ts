import { createRequire } from 'node:module';
import type { TextMapPropagator } from '@opentelemetry/api';
import type { Signal } from '../../core/batch.js';
import { limitDiagnostics, type Report } from '../../core/limit-diagnostics.js';
import type { BatchLimits, Diagnostic, ResourceDetector } from '../../core/options.js';
import { createFullOutbox } from '../../core/outbox/full-outbox.js';
import { createParcelOutbox } from '../../core/outbox/parcel-outbox.js';
import { batchDefaults } from '../../core/presets.js';
import { baggagePropagator } from '../../core/propagation/baggage.js';
import { guardedPropagator } from '../../core/propagation/guarded.js';
import { traceContextPropagator } from '../../core/propagation/trace-context.js';
import { mergeResource } from '../../core/resource/merge-resource.js';
import { parentBasedSampler } from '../../core/sampling/parent-based.js';
import type { Sampler } from '../../core/sampling/sampler.js';
import { traceIdRatioSampler } from '../../core/sampling/trace-id-ratio.js';
import { createSelfObservation } from '../../core/self-observability/self-observation.js';
import { everyPart, startTelemetry } from '../../core/telemetry.js';
import { currentTelemetry } from '../../core/telemetry-global.js';
import type { Telemetry } from '../../core/telemetry-handle.js';
import type { Tracing } from '../../core/trace/tracing.js';
import { observeUncaughtExceptions } from '../../instruments/uncaught-exceptions/observe-uncaught-exceptions.js';
import { findApiCopies, findLogsApiCopies } from './api-copies.js';
import type { ConfiguredOptions, ConfiguredSettings } from './configuration/configured-settings.js';
import { readSettings } from './configuration/read-settings.js';
import { defaultDestinations, exportersOf } from './default-destinations.js';
import { diagnosticSink } from './diagnostics.js';
import { disabledTelemetry } from './disabled-telemetry.js';
import type { EnvironmentSettings } from './env/read-environment.js';
import type { RemoteSampling } from './env/read-sampler.js';
import { flushBeforeExit } from './flush-before-exit.js';
import { loadEsmHook } from './instrumentations/esm-hook.js';
import { observeWithInstrumentations } from './instrumentations/observe-with-instrumentations.js';
import { jaegerRemoteSampler } from './jaeger-remote-sampler.js';
import type { NodeOptions } from './node-options.js';
import { nodeStore } from './node-store.js';
import { outboxPerSignal } from './outbox-per-signal.js';
import { createNodeClock } from './ports/clock.js';
import { createNodeContextStore } from './ports/context-store.js';
import { nodeEntropy } from './ports/entropy.js';
import { createNodeLifecycle, defaultSignals } from './ports/lifecycle.js';
import { nodeTimers } from './ports/timers.js';
import { prometheusReader } from './prometheus/prometheus-reader.js';
import { defaultServiceName } from './resource/default-service-name.js';
import { selectDetectors } from './resource/select-detectors.js';
import { settleBeforeExit } from './settle-before-exit.js';
import { carrierToMaker } from './threads/carrier-to-maker.js';
import { shareWithThreads } from './threads/share-with-threads.js';
import { threadAttributes } from './threads/thread-attributes.js';
import { threadLifecycle } from './threads/thread-lifecycle.js';

/**
 * Starts telemetry in a Node program. What `options` say wins over the environment (`OTEL_*`), which wins over the defaults: traces to
 * an OTLP collector on this machine, over HTTP.
 *
 * Never throws and never waits: a collector that is away is retried, a bad option or variable is reported and its default taken. A second
 * start returns the first telemetry with a warning. `OTEL_SDK_DISABLED=true` records and sends nothing, but passes context on.
 */
export function start(options: NodeOptions = {}): Telemetry {
  return startWithSettings(options, readSettings(options.env ?? process.env));
}

/** The same, with what stands around the program read already. */
export function startWithSettings(program: NodeOptions, settings: ConfiguredSettings): Telemetry {
  const { environment } = settings;
  const options = withConfigured(program, settings.options);
  const report = diagnosticSink(options.onDiagnostic, environment.logLevel);
  for (const diagnostic of environment.diagnostics) report(diagnostic);

  const instrumentations = options.instrumentations ?? [];
  const core = { clock: createNodeClock(), entropy: nodeEntropy, contextStore: createNodeContextStore() };
  const propagators = ownPropagators(options.propagators, limitDiagnostics(core.clock, report)) ??
    environment.propagators ?? [traceContextPropagator, baggagePropagator];
  const api = [...(options.api ?? []), ...findApiCopies()];

  if (environment.disabled) {
    return disabledTelemetry({ ...core, propagators, api, global: options.global !== false, onDiagnostic: report });
  }

  const batch = { ...environment.batch, ...given(options.batch) };
  const shutdownTimeoutMs = batch.shutdownTimeoutMs ?? batchDefaults.shutdownTimeoutMs;
  const signals = options.signals === false ? [] : (options.signals ?? defaultSignals);
  if (instrumentations.length > 0 && (options.esmHook ?? !entryIsCommonJs())) loadEsmHook(instrumentations, report);

  const { attributes: resource } = mergeResource(
    { attributes: { ...environment.resource, 'service.name': environment.serviceName } },
    { attributes: options.resource ?? {} },
  );
  const running = currentTelemetry();
  // A thread sends through its maker's outbox unless its program says where to send itself: variables and files are those of the whole process.
  const maker = running || program.destinations ? undefined : carrierToMaker();
  // A second start and a thread with a maker have no place of their own to keep.
  const self = (options.selfObservability ?? environment.selfObservability) ? createSelfObservation() : undefined;
  const kept = nodeStore(running || maker ? undefined : options.store, self?.createOutbox(createFullOutbox));
  const createOutbox = maker
    ? createParcelOutbox(maker)
    : outboxPerSignal(kept.createOutbox, unsaidLimits(environment.ownBatch, options.batch));
  const sharing = options.shareWithThreads === false ? undefined : shareWithThreads(createOutbox);
  let stopHolding = (): void => {};
  const metricExporters = exportersOf('metrics', options, environment);
  const isScraped = environment.exporters.metrics?.includes('prometheus') === true;
  const sends = (signal: Signal) => exportersOf(signal, options, environment).length > 0;
  // Without a destination spans are made all the same: they are the parents of those of other processes.
  const chosen = options.tracing ?? everyPart.tracing;
  const tracing = sends('traces') ? chosen : unsent(chosen);
  const telemetry = startTelemetry(
    {
      ...core,
      timers: nodeTimers,
      lifecycle: maker
        ? threadLifecycle
        : createNodeLifecycle({ signals, shutdownTimeoutMs, lastTurn: kept.store !== undefined }),
    },
    {
      ...options,
      store: kept.store,
      onDiagnostic: report,
      sdkLanguage: 'nodejs',
      resource,
      resourceDetectors: [
        serviceNameGuess,
        ...selectDetectors(environment.detectors, report),
        ...(options.resourceDetectors ?? []),
      ],
      batch,
      destinations: maker
        ? undefined
        : (options.destinations ??
          defaultDestinations(
            options,
            // The program's own patience holds for all of them.
            options.batch?.sendTimeoutMs === undefined ? environment : { ...environment, timeoutMs: {} },
            report,
          )),
      ...(maker && { spanProcessors: [threadAttributes].concat(options.spanProcessors ?? []) }),
      sampler:
        options.sampler ??
        environment.sampler ??
        remoteSampler(
          environment.remoteSampling,
          String(options.serviceName ?? resource['service.name'] ?? defaultServiceName()),
          report,
        ),
      spanLimits: { ...environment.spanLimits, ...given(options.spanLimits) },
      logRecordLimits: { ...environment.logRecordLimits, ...given(options.logRecordLimits) },
      metrics: {
        push: metricExporters.some((name) => name !== 'prometheus'),
        ...environment.metrics,
        ...given(options.metrics),
        readers: [
          // Those of a file are the process's, which has one port for each.
          ...((maker ? program : options).metrics?.readers ?? []),
          ...(isScraped && !maker ? [prometheusReader(environment.prometheus)] : []),
        ],
      },
      metricIntervalMs: options.metricIntervalMs ?? environment.metricIntervalMs,
      metricTemporality: options.metricTemporality ?? environment.metricTemporality,
      propagators,
      api,
      apiLogs: [...(options.apiLogs ?? []), ...findLogsApiCopies()],
      instruments: [
        observeWithInstrumentations(instrumentations, report),
        sharing?.instrument,
        observeUncaughtExceptions,
        ...(options.instruments ?? []),
        () => () => stopHolding(),
      ],
    },
    {
      createOutbox: sharing?.createOutbox ?? createOutbox,
      tracing: self?.tracing(tracing) ?? tracing,
      ...(!sends('metrics') ? { metering: undefined } : self && { metering: self.metering(everyPart.metering) }),
      ...(!sends('logs') && { logging: undefined }),
    },
  );
  if (telemetry !== running) {
    stopHolding = flushBeforeExit(telemetry, shutdownTimeoutMs);
    // The same object: it is the one that a second start returns.
    Object.assign(telemetry, settleBeforeExit(telemetry));
  }
  return telemetry;
}

function ownPropagators(propagators: NodeOptions['propagators'], report: Report): TextMapPropagator[] | undefined {
  if (propagators === undefined) return undefined;
  if (Array.isArray(propagators))
    return propagators.map((propagator) =>
      guardedPropagator(propagator, (error) => report('warn', 'propagator-failed', `A propagator failed: ${error}`)),
    );
  report('error', 'bad-option', 'propagators is no list of propagators; the default ones are used.');
  return undefined;
}

/** `OTEL_TRACES_EXPORTER=none`. */
const unsent = (tracing: Tracing): Tracing => ({
  ...tracing,
  createProvider: (options) => tracing.createProvider(options, undefined),
});

/** Weaker than what anybody says, detectors included. */
const serviceNameGuess: ResourceDetector = {
  name: 'package',
  detect: () => ({ 'service.name': defaultServiceName() }),
};

/** Without what is there and undefined: `{ maxItems: settings.maxItems }` must not hide what the environment says. */
const given = <T extends object>(options: T | undefined): Partial<T> =>
  Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;

type OwnBatch = EnvironmentSettings['ownBatch'];

/** What a program says of batches holds for all signals. */
const unsaidLimits = (own: OwnBatch, said: Partial<BatchLimits> = {}): OwnBatch =>
  Object.fromEntries(
    Object.entries(own).map(([signal, limits]) => [
      signal,
      Object.fromEntries(Object.entries(limits).filter(([name]) => said[name as keyof BatchLimits] === undefined)),
    ]),
  );

/** What a program says over what its configuration file does; what both have of a kind is put together. */
function withConfigured(program: NodeOptions, file: ConfiguredOptions): NodeOptions {
  const { logRecordProcessors: own } = program;
  const isTold = program.endpoint !== undefined || program.destinations !== undefined;
  return {
    ...file,
    ...given(program),
    ...(isTold && { destinations: program.destinations }),
    spanProcessors: together(file.spanProcessors, program.spanProcessors),
    spanExporters: together(file.spanExporters, program.spanExporters),
    resourceDetectors: together(file.resourceDetectors, program.resourceDetectors),
    logRecordProcessors: typeof own === 'function' ? own : together(file.logRecordProcessors, own),
    metrics: {
      ...file.metrics,
      ...given(program.metrics),
      readers: together(file.metrics?.readers, program.metrics?.readers),
      views: together(file.metrics?.views, program.metrics?.views),
    },
  };
}

const together = <T>(some: readonly T[] | undefined, others: readonly T[] | undefined): readonly T[] | undefined =>
  some || others ? [...(some ?? []), ...(others ?? [])] : undefined;

function remoteSampler(
  remote: RemoteSampling | undefined,
  serviceName: string,
  onDiagnostic: (diagnostic: Diagnostic) => void,
): Sampler | undefined {
  if (!remote) return undefined;
  const { endpoint, pollingIntervalMs, initialSamplingRate, parentBased } = remote;
  const initialSampler = initialSamplingRate === undefined ? undefined : traceIdRatioSampler(initialSamplingRate);
  const root = jaegerRemoteSampler({ serviceName, endpoint, pollingIntervalMs, initialSampler, onDiagnostic });
  return parentBased ? parentBasedSampler({ root }) : root;
}

/** Node knows the main module of a CommonJS program only; while a file of `--import` runs, there is none yet. */
function entryIsCommonJs(): boolean {
  return createRequire(import.meta.url).main !== undefined;
}
