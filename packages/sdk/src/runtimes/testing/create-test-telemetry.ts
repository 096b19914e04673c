import type { Signal } from '../../core/batch.js';
import type { Diagnostic } from '../../core/options.js';
import type { ContextStore, Timers } from '../../core/ports.js';
import { baggagePropagator } from '../../core/propagation/baggage.js';
import { traceContextPropagator } from '../../core/propagation/trace-context.js';
import { type StartOptions, startTelemetry } from '../../core/telemetry.js';
import { currentTelemetry } from '../../core/telemetry-global.js';
import type { Telemetry } from '../../core/telemetry-handle.js';
import { exportRequestToJson } from '../../core/wire/export-request-to-json.js';
import { findSpan } from './expect-span.js';
import { formatTree } from './format-tree.js';
import { loadedApiCopies } from './loaded-api-copies.js';
import { readOtlpJson } from './read-otlp-json.js';
import type { TestClock } from './test-clock.js';
import { createTestContextStore } from './test-context-store.js';
import type { TestSpan } from './test-span.js';

/** Everything `start()` takes but where to send. */
export interface TestTelemetryOptions
  extends Omit<StartOptions, 'destinations' | 'store' | 'compressor' | 'batch' | 'preset' | 'onDiagnostic'> {
  /** Time that the test tells. Default: real time. */
  readonly clock?: TestClock | undefined;
  /** Default: one that follows `await` where the runtime can, else a stack. */
  readonly contextStore?: ContextStore | undefined;
}

/** A telemetry that sends nothing and shows what it would have sent. */
export interface TestTelemetry extends Telemetry {
  /**
   * The spans that have ended, in the order in which they ended; read back from the bytes that would have left, after sampling,
   * limits, processors and redaction. A span is here as soon as `end()` has returned.
   */
  spans(): readonly TestSpan[];
  /** The one span of that name; throws, naming those there are, where there is none or more than one. */
  span(name: string): TestSpan;
  /** All traces as an indented list of names, for a look or a snapshot. */
  tree(): string;
  /** The export requests themselves, OTLP protobuf; of `traces` unless another signal is named. Metrics are there after `flush()`. */
  requests(signal?: Signal): readonly Uint8Array[];
  /** What telemetry said about itself. */
  readonly diagnostics: readonly Diagnostic[];
  /** Forgets the spans and diagnostics so far. */
  reset(): void;
}

const unbounded = Number.MAX_SAFE_INTEGER;

const realTimers: Timers = {
  after(delayMs, run) {
    // A longer wait, `Infinity` among them, is taken for none.
    const timer = setTimeout(run, Math.min(delayMs, 2 ** 31 - 1));
    (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer);
  },
};

/**
 * Starts telemetry for a test: the real one, with memory in place of a network. Like `start()` it stands behind the OpenTelemetry API
 * unless `global` is `false`, so that instrumented code is seen, also by tracers it took when it was loaded (where the API is an ES
 * module copy of 1.10, or the test runner has a module system of its own, pass `{ api: [api] }`). `await telemetry.shutdown()`
 * after each test gives the place back. Throws where another telemetry is still there.
 */
export function createTestTelemetry(options: TestTelemetryOptions = {}): TestTelemetry {
  if (options.global !== false && currentTelemetry()) {
    throw new Error(
      'Another telemetry is still started. Call `await telemetry.shutdown()` after each test, or pass `{ global: false }`.',
    );
  }
  const { clock, contextStore = createTestContextStore(), ...startOptions } = options;
  const copies = loadedApiCopies();
  const requests: Record<Signal, Uint8Array[]> = { traces: [], metrics: [], logs: [] };
  const diagnostics: Diagnostic[] = [];
  let decoded = 0;
  let read: readonly TestSpan[] = [];

  const telemetry = startTelemetry(
    {
      clock: clock ?? {
        wallMs: () => Date.now(),
        monotonicMs: () => performance.now(),
        performanceOriginMs: performance.timeOrigin,
      },
      timers: clock ?? realTimers,
      entropy: { fill: (target) => void crypto.getRandomValues(target) },
      contextStore,
      lifecycle: { onSuspend: () => () => {}, onResume: () => () => {}, onShutdown: () => () => {} },
    },
    {
      serviceName: 'test',
      propagators: [traceContextPropagator, baggagePropagator],
      ...startOptions,
      api: [...(options.api ?? []), ...copies.api],
      apiLogs: [...(options.apiLogs ?? []), ...copies.apiLogs],
      // Every span is a batch and every batch is handed over before `end()` returns; its answer counts a turn later, so that a test
      // which ends thousands of spans in one turn needs a queue without a bound.
      batch: { maxItems: 1, maxAgeMs: 0, concurrency: unbounded, maxQueueItems: unbounded, maxQueueBytes: unbounded },
      destinations: {
        destination: 'memory',
        async send({ signal, bytes }) {
          requests[signal].push(bytes);
          return { kind: 'accepted', rejectedItems: 0 };
        },
      },
      onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    },
  );

  const testTelemetry: TestTelemetry = {
    tracer: telemetry.tracer,
    meter: telemetry.meter,
    logger: telemetry.logger,
    traced: telemetry.traced,
    measure: telemetry.measure,
    flush: (flushOptions) => telemetry.flush(flushOptions),
    shutdown: (shutdownOptions) => telemetry.shutdown(shutdownOptions),
    status: () => telemetry.status(),
    diagnostics,
    spans() {
      const fresh = requests.traces
        .slice(decoded)
        .flatMap((bytes) => readOtlpJson(exportRequestToJson('traces', bytes)));
      decoded = requests.traces.length;
      if (fresh.length) read = [...read, ...fresh];
      return read;
    },
    span: (name) => findSpan(testTelemetry, name),
    tree: () => formatTree(testTelemetry.spans()),
    requests: (signal = 'traces') => [...requests[signal]],
    reset() {
      for (const each of Object.values(requests)) each.length = 0;
      diagnostics.length = decoded = 0;
      read = [];
    },
  };
  return testTelemetry;
}
