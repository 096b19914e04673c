import type { MeterProvider, TextMapPropagator, Tracer, TracerProvider } from '@opentelemetry/api';
import type { SdkLoggerProvider } from './logs/logger-provider.js';
import type { Outbox } from './outbox/outbox.js';
import type { ContextStore } from './ports.js';

/** What a runtime gives to the things it observes with. */
export interface InstrumentHost {
  readonly tracer: Tracer;
  /** For instruments that take tracers under names of their own (OpenTelemetry's instrumentation packages). */
  readonly tracerProvider: TracerProvider;
  /** For what is measured, under a name of its own. Absent where metrics are not built in (`metering`). */
  readonly meterProvider?: MeterProvider | undefined;
  /** The same of logs. Absent where they are not built in (`logging`). */
  readonly loggerProvider?: Pick<SdkLoggerProvider, 'getLogger'> | undefined;
  readonly contextStore: ContextStore;
  /** The propagators of this telemetry, as one. */
  readonly propagator: TextMapPropagator;
  /**
   * Last chance before the outbox sends what is there: the page is being left, the process is ending. Runs at once and in
   * full before anything is sealed. Returns how to stop listening.
   */
  onLeaving(run: () => void): () => void;
  /** For what another part of the program has recorded and encoded (`takeParcels`). */
  readonly outbox: Pick<Outbox, 'onFragment' | 'flush'>;
}

/**
 * One thing that is observed. Starts when called and returns how to stop, which must leave everything as it was found.
 * An instrument never throws into the program it watches, neither at start nor later.
 */
export type Instrument = (host: InstrumentHost) => () => void;
