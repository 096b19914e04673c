import type { DiagLogger } from '@opentelemetry/api';
import { rootContext } from './context/context.js';
import { suppressTracing } from './context/suppress-tracing.js';
import { limitDiagnostics, type Report } from './limit-diagnostics.js';
import { noopSignals } from './noop-signals.js';
import type { BatchLimits, Diagnostic } from './options.js';
import { registerGlobals } from './otel-api.js';
import type { OutboxRequest } from './outbox/full-outbox.js';
import type { Outbox } from './outbox/outbox.js';
import type { Clock, Ports, Timers } from './ports.js';
import { resolveBatchLimits } from './presets.js';
import { compositePropagator } from './propagation/composite.js';
import type { Resource } from './resource/resource.js';
import { sdkVersion } from './resource/sdk-version.js';
import type { SignalPart } from './signal-part.js';
import type { StartOptions } from './telemetry.js';
import { claimTelemetry, currentTelemetry } from './telemetry-global.js';
import type { Telemetry } from './telemetry-handle.js';
import type { followResult } from './trace/follow-result.js';
import type { SpanProcessor } from './trace/span-processor.js';
import { createTraced } from './trace/traced.js';
import type { Tracing } from './trace/tracing.js';
import { within } from './within.js';

/** The parts of a telemetry that a small bundle can do without, or have in a small kind. */
export interface TelemetryParts {
  /** Makes spans and their bytes: `fullTracing`, or `smallTracing` where the bytes of the program count. */
  readonly tracing: Tracing;
  /** Decides about batches: `createFullOutbox`, or `createSmallOutbox`. */
  readonly createOutbox: (request: OutboxRequest) => Outbox;
  /** What stands behind further options. Without it these are named in `onDiagnostic` as `part-missing` and do nothing. */
  readonly createExtras?: ((options: StartOptions, request: ExtrasRequest) => Extras) | undefined;
  /** Counters, histograms and gauges: `metering`. Without it `telemetry.meter` takes everything and keeps nothing. */
  readonly metering?: SignalPart | undefined;
  /** Log records: `logging`. Without it `telemetry.logger` keeps nothing. */
  readonly logging?: SignalPart | undefined;
  /** `traced` and `measure` follow thenables that are no promises, and generators, to their end. */
  readonly followResult?: typeof followResult | undefined;
}

export interface ExtrasRequest {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: BatchLimits;
  readonly quietly: <R>(run: () => R) => R;
  readonly report: Report;
}

export interface Extras {
  /** All there are, those of the options included. */
  readonly processors?: readonly SpanProcessor[] | undefined;
  /** Takes what the OpenTelemetry API and instrumentations say about themselves. */
  readonly diag?: DiagLogger | undefined;
  /** Where detectors are asked. */
  readonly resource?: Resource | undefined;
  readonly openSpans?: (() => number) | undefined;
}

/** `startTelemetry` with the parts named: what is not passed is not in the bundle. */
export function startTelemetryWith(parts: TelemetryParts, ports: Ports, options: StartOptions): Telemetry {
  const report = limitDiagnostics(ports.clock, options.onDiagnostic ?? toConsole);
  const running = options.global === false ? undefined : currentTelemetry();
  if (running) {
    report('warn', 'started-twice', 'Already started: its options stay.');
    return running;
  }
  try {
    return wire(parts, ports, options, report);
  } catch (error) {
    // Only an option of a wrong type comes here. A program must not fail for its telemetry: it starts without the options.
    report('error', 'bad-option', `Nothing is sent: ${error}`);
    return wire(parts, ports, { global: options.global }, report);
  }
}

function wire(parts: TelemetryParts, ports: Ports, options: StartOptions, report: Report): Telemetry {
  const { contextStore, lifecycle, timers } = ports;
  const quietContext = suppressTracing(rootContext);
  const quietly = <R>(run: () => R): R => contextStore.with(quietContext, run);
  const limits = resolveBatchLimits(options.preset, options.batch, (option, value) =>
    report('warn', 'bad-option', `${option} cannot be ${value}`),
  );
  const request = { ...options, ...ports, ports, limits, quietly, report };
  const extras = parts.createExtras?.(options, request) ?? {};
  for (const option of parts.createExtras ? [] : needExtras) {
    if (options[option]) report('error', 'part-missing', `${option} needs createExtras`);
  }
  const resource = extras.resource ?? parts.tracing.createResource({ ...request, attributes: options.resource });
  const outbox = parts.createOutbox({
    ...request,
    store: options.store ?? ports.store,
    resource: resource.encoded,
    resourceReady: resource.asyncAttributesPending ? resource.ready : undefined,
  });
  const provider = parts.tracing.createProvider(
    {
      ...request,
      resource,
      processors: extras.processors ?? options.spanProcessors ?? [],
      onError: (error) => report('warn', 'processor-failed', `${error}`),
    },
    outbox.onFragment,
  );
  const propagator = compositePropagator(options.propagators ?? []);
  const tracer = provider.getTracer(String(resource.attributes['service.name']), options.serviceVersion);
  const leaving = new Set<() => void>();
  const stops: (() => void)[] = [];
  let closing: Promise<boolean> | undefined;

  /** One after the other, whatever each throws. */
  const each = (runs: Iterable<() => void>) => {
    for (const run of runs) {
      try {
        run();
      } catch (error) {
        report('warn', 'instrument-failed', `${error}`);
      }
    }
  };
  /** Whether both went well in time: a processor of the program must not hold it up. */
  const both = (timeoutMs: number, what: 'flush' | 'shutdown', spans: Promise<void>) =>
    within(
      timers,
      timeoutMs,
      Promise.all([outbox[what](timeoutMs), spans]).then(([sent]) => sent),
    );

  const telemetry: Telemetry = {
    tracer,
    ...noopSignals(),
    ...createTraced(tracer, contextStore, parts.followResult),
    flush: ({ timeoutMs = limits.flushTimeoutMs } = {}) => both(timeoutMs, 'flush', provider.forceFlush()),
    shutdown({ timeoutMs = limits.shutdownTimeoutMs } = {}) {
      if (!closing) {
        each(leaving);
        each(stops.reverse());
        closing = both(timeoutMs, 'shutdown', provider.shutdown());
      }
      return closing;
    },
    status: () => ({ ...outbox.status(), openSpans: extras.openSpans?.() }),
  };

  // From here on the program is touched.
  contextStore.enable?.();
  if (options.global !== false) {
    stops.push(
      registerGlobals(
        { trace: provider, context: contextStore, propagation: propagator, diag: extras.diag },
        options.api,
        report,
      ),
      claimTelemetry(telemetry),
    );
  }
  stops.push(
    lifecycle.onSuspend(() => {
      each(leaving);
      outbox.suspend();
      void provider.forceFlush();
    }),
    lifecycle.onResume(outbox.resume),
    lifecycle.onShutdown(async () => void (await telemetry.shutdown())),
  );
  const host = {
    ...request,
    ...outbox,
    resource,
    telemetry,
    tracer: provider.getTracer('@throughline/sdk', sdkVersion),
    tracerProvider: provider,
    propagator,
    outbox,
    onLeaving(run: () => void) {
      leaving.add(run);
      return () => leaving.delete(run);
    },
  };
  each(
    [parts.metering, parts.logging, ...(options.instruments ?? [])].map(
      (instrument) => () => instrument && stops.push(instrument(host)),
    ),
  );
  return telemetry;
}

/** Options that do nothing without `createExtras`. */
const needExtras = ['redact', 'spanExporters', 'unendedSpanMs', 'resourceDetectors'] as const;

function toConsole({ code, message }: Diagnostic): void {
  (globalThis as { console?: { warn(text: string): void } }).console?.warn(`[throughline] ${code}: ${message}`);
}
