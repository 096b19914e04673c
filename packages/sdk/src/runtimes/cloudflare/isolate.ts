import type { Span } from '@opentelemetry/api';
import { createStackContextStore } from '../../core/context/stack-context-store.js';
import type { InstrumentHost } from '../../core/instrument.js';
import type { Lifecycle, Ports, Timers } from '../../core/ports.js';
import { baggagePropagator } from '../../core/propagation/baggage.js';
import { traceContextPropagator } from '../../core/propagation/trace-context.js';
import { startTelemetryWith } from '../../core/start-telemetry-with.js';
import type { Telemetry } from '../../core/telemetry-handle.js';
import { followResult } from '../../core/trace/follow-result.js';
import { createRedactor } from '../../core/trace/redact.js';
import { fullTracing } from '../../core/trace/tracing.js';
import { observeOutgoingFetch } from '../../instruments/fetch/observe-outgoing-fetch.js';
import { observeKvNamespace } from '../../instruments/kv-namespace/observe-kv-namespace.js';
import { fetchTransport } from '../../transports/fetch.js';
import { beginInvocation, type ExecutionContextLike, type Invocation, invocationIn } from './invocation.js';
import { createRequestOutbox, type RequestOutbox } from './outbox/create-request-outbox.js';
import { createWorkerClock } from './ports/clock.js';
import { type AsyncStorage, createWorkerContextStore } from './ports/context-store.js';
import type { WorkerOptions } from './worker-options.js';
import { workerResource } from './worker-resource.js';

/** Everything that the requests of one isolate share. */
export interface Isolate {
  readonly telemetry: Telemetry;
  /** Absent where the telemetry that runs is not ours, or runs without its options, because one was of a wrong type. */
  readonly host: InstrumentHost | undefined;
  readonly options: WorkerOptions;
  /** True once: for the request that started it. */
  takeColdStart(): boolean;
  observeBindings(env: unknown): void;
  begin(ctx: ExecutionContextLike): Invocation;
}

/** An isolate is told nothing of its life: it is there for requests, and some day it is not. */
const noLifecycle: Lifecycle = { onSuspend: () => () => {}, onResume: () => () => {}, onShutdown: () => () => {} };

/** A timer belongs to the request that sets it and ends with it; nothing here waits for one of another request. */
const requestTimers: Timers = {
  after(delayMs, run) {
    // A longer wait, `Infinity` among them, may be taken for none.
    const timer = setTimeout(run, Math.min(delayMs, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

const ERROR_STATUS = 2;

/** Starts telemetry, in a request: at global scope Workers allow neither random values nor timers, and have no time. */
export function createIsolate(options: WorkerOptions, createStorage: (() => AsyncStorage) | undefined): Isolate {
  const contextStore = createStorage ? createWorkerContextStore(createStorage) : createStackContextStore();
  const ports: Ports = {
    clock: createWorkerClock(),
    entropy: { fill: (target) => void crypto.getRandomValues(target) },
    timers: requestTimers,
    contextStore,
    lifecycle: noLifecycle,
  };
  let host: InstrumentHost | undefined;
  let outbox!: RequestOutbox;
  let maxAgeMs = 0;
  const observed = new WeakSet<object>();
  const stops: (() => void)[] = [];
  // What is observed of `fetch` is no way to send.
  const { endpoint, headers, fetch: observesFetch, redact, ...rest } = options;

  /** What is recorded in an event that is not instrumented leaves in it too, if it lives long enough; else with the next request. */
  let dueMs = Number.NEGATIVE_INFINITY;
  function sendInWhateverRuns(full: boolean): void {
    const now = ports.clock.monotonicMs();
    if (full) void outbox.flush();
    else if (now > dueMs) {
      // Not a flag that the timer takes back: the timer may end with its event.
      dueMs = now + maxAgeMs;
      requestTimers.after(maxAgeMs, () => void outbox.flush());
    }
  }

  const telemetry = startTelemetryWith(
    {
      tracing: fullTracing,
      createOutbox(request) {
        maxAgeMs = request.limits.maxAgeMs;
        outbox = createRequestOutbox(request, (full) =>
          (invocationIn(contextStore.active())?.onWritten ?? sendInWhateverRuns)(full),
        );
        if (!createStorage)
          request.report(
            'warn',
            'context-not-followed',
            'Spans behind an await lose their parent: add "nodejs_als" to compatibility_flags.',
          );
        return outbox;
      },
      followResult,
    },
    ports,
    {
      preset: 'lowLatency',
      propagators: [traceContextPropagator, baggagePropagator],
      ...rest,
      spanProcessors: [...(options.spanProcessors ?? []), ...(redact ? [createRedactor(redact)] : [])],
      destinations:
        options.destinations ??
        fetchTransport({ url: endpoint ?? 'http://localhost:4318', headers, compressor: options.compressor }),
      // A request may go on for 30 s after its response; half of that is enough for sending.
      batch: { flushTimeoutMs: 15_000, ...options.batch },
      resource: { ...workerResource(), ...options.resource },
      sdkLanguage: 'webjs',
      instruments: [
        (given) => {
          host = given;
          return () => {
            for (const stop of stops.splice(0)) stop();
          };
        },
        ...(observesFetch === false ? [] : [(given: InstrumentHost) => observeOutgoingFetch(given, options)]),
      ],
    },
  );

  let cold = true;
  return {
    telemetry,
    host,
    options,
    takeColdStart() {
      const was = cold;
      cold = false;
      return was;
    },
    observeBindings(env) {
      // The same object for all requests.
      if (!env || typeof env !== 'object' || observed.has(env)) return;
      observed.add(env);
      for (const [name, binding] of Object.entries(env)) {
        // By its class: what stands for another Worker has every method one asks for.
        if (options.kv === false || binding?.constructor?.name !== 'KvNamespace' || observed.has(binding)) continue;
        observed.add(binding);
        stops.push(observeKvNamespace(host!, binding, name, options));
      }
    },
    begin: (ctx) =>
      beginInvocation(ctx, {
        timers: requestTimers,
        maxAgeMs,
        hasWork: () => outbox.hasWork,
        send: () => outbox.flush(),
        active: () => contextStore.active(),
        onFailure(error, context) {
          const span: Span = (host ?? telemetry).tracer.startSpan('waitUntil', {}, context);
          span.recordException(error as Error);
          span.setStatus({ code: ERROR_STATUS, message: `${(error as Error | undefined)?.message ?? error}` }).end();
        },
      }),
  };
}
