import type { TextMapPropagator } from '@opentelemetry/api';
import { noopSignals } from '../../core/noop-signals.js';
import type { Diagnostic, OpenTelemetryApiCopy, TelemetryStatus } from '../../core/options.js';
import { registerGlobals } from '../../core/otel-api.js';
import type { Clock, ContextStore, Entropy } from '../../core/ports.js';
import { compositePropagator } from '../../core/propagation/composite.js';
import { claimTelemetry, currentTelemetry } from '../../core/telemetry-global.js';
import type { Telemetry } from '../../core/telemetry-handle.js';
import { createTraced } from '../../core/trace/traced.js';
import { createTracerProvider } from '../../core/trace/tracer-provider.js';

export interface DisabledTelemetryOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly contextStore: ContextStore;
  readonly propagators: readonly TextMapPropagator[];
  readonly api: readonly OpenTelemetryApiCopy[];
  readonly global: boolean;
  readonly onDiagnostic: (diagnostic: Diagnostic) => void;
}

/**
 * What `OTEL_SDK_DISABLED=true` leaves (specification "General SDK Configuration"): nothing is recorded and nothing is sent, but
 * context is still followed and passed on, so that a trace that goes through this program is not cut in two.
 */
export function disabledTelemetry(options: DisabledTelemetryOptions): Telemetry {
  const running = options.global ? currentTelemetry() : undefined;
  if (running) return running;
  const { clock, entropy, contextStore } = options;
  const tracerProvider = createTracerProvider({
    clock,
    entropy,
    contextStore,
    resource: { attributes: {} },
    processors: [],
  });
  // A provider that was shut down gives spans that stand for their parents.
  void tracerProvider.shutdown();
  const tracer = tracerProvider.getTracer('disabled');
  let shutDown = false;
  const stops: (() => void)[] = [];
  const telemetry: Telemetry = {
    tracer,
    ...noopSignals(),
    ...createTraced(tracer, contextStore),
    flush: async () => true,
    async shutdown() {
      shutDown = true;
      for (const stop of stops.splice(0)) stop();
      return true;
    },
    status: () => ({ ...nothing, state: shutDown ? 'shut-down' : 'healthy' }),
  };
  if (options.global) {
    const propagation = compositePropagator(options.propagators);
    stops.push(
      registerGlobals(
        { trace: tracerProvider, context: contextStore, propagation },
        options.api,
        (level, code, message) => options.onDiagnostic?.({ level, code, message }),
      ),
      claimTelemetry(telemetry),
    );
  }
  return telemetry;
}

const nothing: Omit<TelemetryStatus, 'state'> = {
  queued: { items: 0, bytes: 0 },
  stored: { items: 0, bytes: 0, durability: 'memory' },
  sent: { traces: 0, metrics: 0, logs: 0 },
  rejected: 0,
  dropped: { 'queue-full': 0, 'store-full': 0, 'too-old': 0, refused: 0, 'too-large': 0, shutdown: 0, damaged: 0 },
  lastSuccessUnixMs: undefined,
  lastError: undefined,
  destinations: [],
  openSpans: undefined,
};
