import type { createApiLogger } from './api-logger.js';
import { rootContext } from './context/context.js';
import { suppressTracing } from './context/suppress-tracing.js';
import type { createExportingProcessor } from './exporting-processor.js';
import { limitDiagnostics, type Report } from './limit-diagnostics.js';
import { noopLogger } from './noop-logger.js';
import { noopMeter } from './noop-meter.js';
import type { Diagnostic } from './options.js';
import { registerGlobals } from './otel-api.js';
import type { OutboxRequest } from './outbox/full-outbox.js';
import type { Outbox } from './outbox/outbox.js';
import type { Ports } from './ports.js';
import { resolveBatchLimits } from './presets.js';
import { compositePropagator } from './propagation/composite.js';
import { sdkVersion } from './resource/sdk-version.js';
import type { StartOptions } from './telemetry.js';
import { claimTelemetry, currentTelemetry } from './telemetry-global.js';
import type { Telemetry } from './telemetry-handle.js';
import type { followResult } from './trace/follow-result.js';
import type { createRedactor } from './trace/redact.js';
import type { SpanProcessor } from './trace/span-processor.js';
import { createTraced } from './trace/traced.js';
import type { Tracing } from './trace/tracing.js';
import type { UnendedSpans, UnendedSpansOptions } from './trace/unended-spans.js';

/**
 * The parts of a telemetry that a small bundle can do without. An option whose part is not there is named in `onDiagnostic` as
 * `part-missing` and does nothing.
 */
export interface TelemetryParts {
  /** Makes spans and their bytes: `fullTracing`, or `smallTracing` where the bytes of the program count. */
  readonly tracing: Tracing;
  /** Decides about batches: `createFullOutbox`, or `createSmallOutbox`. */
  readonly createOutbox: (request: OutboxRequest) => Outbox;
  /** What the OpenTelemetry API and instrumentations say about themselves reaches `onDiagnostic`. */
  readonly createApiLogger?: typeof createApiLogger | undefined;
  /** `traced` and `measure` follow thenables that are no promises, and generators, to their end. */
  readonly followResult?: typeof followResult | undefined;
  /** `redact`. */
  readonly createRedactor?: typeof createRedactor | undefined;
  /** `spanExporters`. */
  readonly createExportingProcessor?: typeof createExportingProcessor | undefined;
  /** `unendedSpanMs`, and the development preset's. */
  readonly watchUnendedSpans?: ((options: UnendedSpansOptions) => UnendedSpans) | undefined;
}

/** `startTelemetry` with the parts named: what is not passed is not in the bundle. */
export function startTelemetryWith(parts: TelemetryParts, ports: Ports, options: StartOptions): Telemetry {
  const report = limitDiagnostics(ports.clock, options.onDiagnostic ?? toConsole);
  const running = options.global === false ? undefined : currentTelemetry();
  if (running) {
    report('warn', 'started-twice', 'Telemetry was started already; these options are not used.');
    return running;
  }
  try {
    return wire(parts, ports, options, report);
  } catch (error) {
    // Only an option of a wrong type comes here. A program must not fail for its telemetry: it starts without the options.
    report('error', 'bad-option', `Nothing is sent, because an option cannot be used: ${error}`);
    return wire(parts, ports, { global: options.global }, report);
  }
}

function wire(parts: TelemetryParts, ports: Ports, options: StartOptions, report: Report): Telemetry {
  const { clock, entropy, timers, contextStore, lifecycle } = ports;
  const { preset } = options;
  const quietContext = suppressTracing(rootContext);
  const quietly = <R>(run: () => R): R => contextStore.with(quietContext, run);
  const limits = resolveBatchLimits(preset, options.batch, (option, value) =>
    report('warn', 'bad-option', `${option} cannot be ${value}`),
  );
  const part = <P>(option: string, wanted: unknown, value: P): P | undefined => {
    if (wanted && !value) report('error', 'part-missing', `${option} needs a part that is not there`);
    return wanted ? value : undefined;
  };

  const resource = parts.tracing.createResource({
    ...options,
    attributes: options.resource,
    detectors: options.resourceDetectors,
    timers,
    onProblem: (detector, error) => report('warn', 'detector-failed', `${detector}: ${error}`),
  });

  const outbox = parts.createOutbox({
    ports,
    limits,
    report,
    quietly,
    destinations: options.destinations,
    store: options.store ?? ports.store,
    resource: resource.encoded,
    resourceReady: resource.asyncAttributesPending ? resource.ready : undefined,
  });

  const unendedMs = options.unendedSpanMs ?? (preset === 'development' && parts.watchUnendedSpans ? 60_000 : 0);
  const unended = part(
    'unendedSpanMs',
    unendedMs,
    parts.watchUnendedSpans,
  )?.({
    ageMs: unendedMs,
    clock,
    timers,
    captureOrigin: preset === 'development',
    report,
  });
  const exporting = part('spanExporters', options.spanExporters?.length, parts.createExportingProcessor);
  const processors: (SpanProcessor | false | undefined)[] = [
    ...(options.spanProcessors ?? []),
    part('redact', options.redact, parts.createRedactor)?.(options.redact!),
    unended,
    ...(options.spanExporters ?? []).map((exporter) => exporting?.(exporter, { timers, limits, quietly, report })),
  ];
  const provider = parts.tracing.createProvider(
    {
      ...options,
      clock,
      entropy,
      contextStore,
      resource,
      processors: processors.filter((processor) => !!processor),
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
  const both = (timeoutMs: number, spans: Promise<void>, batches: Promise<boolean>) =>
    new Promise<boolean>((resolve) => {
      const cancel = timers.after(timeoutMs, () => resolve(false));
      void Promise.all([spans, batches]).then(([, sent]) => {
        cancel();
        resolve(sent);
      });
    });

  const telemetry: Telemetry = {
    tracer,
    meter: noopMeter(),
    logger: noopLogger(),
    ...createTraced(tracer, contextStore, parts.followResult),
    flush: ({ timeoutMs = limits.flushTimeoutMs } = {}) =>
      both(timeoutMs, provider.forceFlush(), outbox.flush(timeoutMs)),
    shutdown({ timeoutMs = limits.shutdownTimeoutMs } = {}) {
      if (!closing) {
        each(leaving);
        each(stops.reverse());
        closing = both(timeoutMs, provider.shutdown(), outbox.shutdown(timeoutMs));
      }
      return closing;
    },
    status: () => ({ ...outbox.status(), openSpans: unended?.openSpans() }),
  };

  // From here on the program is touched.
  contextStore.enable?.();
  if (options.global !== false) {
    const globals = registerGlobals({
      tracerProvider: provider,
      contextStore,
      propagator,
      apiCopies: options.api,
      diag: parts.createApiLogger?.(report),
      onDiagnostic: ({ level, code, message }) => report(level, code, message),
    });
    stops.push(globals.unregister, claimTelemetry(telemetry));
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
    tracer: provider.getTracer('@throughline/sdk', sdkVersion),
    tracerProvider: provider,
    contextStore,
    propagator,
    onLeaving(run: () => void) {
      leaving.add(run);
      return () => void leaving.delete(run);
    },
  };
  each((options.instruments ?? []).map((instrument) => () => stops.push(instrument(host))));
  return telemetry;
}

function toConsole({ code, message }: Diagnostic): void {
  (globalThis as { console?: { warn(text: string): void } }).console?.warn(`[throughline] ${code}: ${message}`);
}
