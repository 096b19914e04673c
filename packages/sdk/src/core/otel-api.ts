import type { Context, ContextManager, DiagLogger, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import type { Diagnostic, OpenTelemetryApiCopy } from './options.js';
import type { ContextStore } from './ports.js';

/** The newest version of the OpenTelemetry API whose every function is answered here. */
export const implementedApiVersion = '1.10.0';

/** Where all 1.x copies of `@opentelemetry/api` look for an implementation. */
const apiKey: symbol = Symbol.for('opentelemetry.js.api.1');

/*
 * The log signal will stand in the same global from API 1.10 on (entry `logs`), and for `@opentelemetry/api-logs` under
 * `Symbol.for('io.opentelemetry.js.api.logs')`. Nothing is registered there before there is a logger: an empty entry
 * would keep a program's own logger provider out.
 */
type Entry = 'trace' | 'context' | 'propagation' | 'diag';

type ApiGlobal = { version: string } & { [entry in Entry]?: object };

/** What stands in for a tracer provider until one is registered; each copy of the API has its own. */
interface ProxyProvider {
  setDelegate(provider: TracerProvider | undefined): void;
  getDelegateTracer(name: string): unknown;
}

export interface RegisterGlobalsOptions {
  readonly tracerProvider: TracerProvider;
  readonly contextStore: ContextStore;
  readonly propagator: TextMapPropagator;
  /** Takes the API's own messages (instrumentations report their errors there). A logger set by the program stays. */
  readonly diag?: DiagLogger | undefined;
  /**
   * Copies of the API in this program, as far as the runtime can find them. A tracer taken before `start()` asks its own
   * copy, and no other way leads there.
   */
  readonly apiCopies?: readonly OpenTelemetryApiCopy[] | undefined;
  readonly onDiagnostic?: ((diagnostic: Diagnostic) => void) | undefined;
}

export interface RegisteredGlobals {
  /** Gives back what was taken, as far as it is still ours. Idempotent. */
  unregister(): void;
  /** Another SDK was there first and keeps its place: telemetry works through its own handle only. */
  readonly alreadyRegistered: boolean;
}

const isProxy = (provider: unknown): provider is ProxyProvider =>
  typeof (provider as Partial<ProxyProvider> | undefined)?.setDelegate === 'function' &&
  typeof (provider as Partial<ProxyProvider>).getDelegateTracer === 'function';

/** A proxy without a delegate: it was registered, or is held by a copy, and nobody answers behind it. */
const isVacant = (provider: unknown): provider is ProxyProvider =>
  isProxy(provider) && !provider.getDelegateTracer('@throughline/sdk');

const asContextManager = (store: ContextStore): ContextManager => {
  const manager: ContextManager = {
    active: () => store.active(),
    with: (context: Context, fn, thisArg, ...args) => store.with(context, fn, thisArg, ...args),
    bind: (context, target) => store.bind(context, target),
    enable() {
      store.enable?.();
      return manager;
    },
    disable() {
      store.disable?.();
      return manager;
    },
  };
  return manager;
};

/**
 * Takes the place behind the OpenTelemetry API, so that every library written against it is traced. All or nothing: where
 * another SDK already answers for traces, nothing is changed and `another-sdk` is reported. Never throws.
 *
 * A reader of version v accepts the global when its major is equal and its minor not above the global's; so an existing
 * version is kept (its writers demand equality), and a global of our own carries the newest version implemented.
 */
export function registerGlobals(options: RegisterGlobalsOptions): RegisteredGlobals {
  const { tracerProvider } = options;
  const globals = globalThis as unknown as Record<symbol, ApiGlobal | undefined>;
  const existing = globals[apiKey];
  const report = (level: Diagnostic['level'], code: string, message: string) =>
    options.onDiagnostic?.({ level, code, message });

  if (existing?.trace && !isVacant(existing.trace)) {
    report(
      'warn',
      'another-sdk',
      'Another OpenTelemetry SDK already answers for the OpenTelemetry API and keeps its place; start this one first, or start only one.',
    );
    return { alreadyRegistered: true, unregister() {} };
  }

  // Before the global has an entry, each copy hands out its own proxy: the one its early tracers ask.
  const proxies = new Set<ProxyProvider>();
  for (const candidate of [existing, ...(options.apiCopies ?? [])]) {
    try {
      const provider = candidate && 'version' in candidate ? candidate.trace : candidate?.trace.getTracerProvider();
      if (isVacant(provider)) proxies.add(provider);
    } catch {
      // What was passed is not the API. Its tracers cannot be reached, and the program goes on.
      report('warn', 'not-the-api', 'A value in `api` is not the @opentelemetry/api module; pass `import * as api`.');
    }
  }

  const api: ApiGlobal = existing ?? { version: implementedApiVersion };
  const mine: Partial<Record<Entry, object>> = {
    trace: tracerProvider,
    context: asContextManager(options.contextStore),
    propagation: options.propagator,
    ...(options.diag && { diag: options.diag }),
  };
  const replaced: Partial<Record<Entry, object>> = {};
  for (const entry of Object.keys(mine) as Entry[]) {
    const before = api[entry];
    if (before && entry !== 'trace') {
      if (entry !== 'diag') {
        report(
          'warn',
          `another-${entry}`,
          `The OpenTelemetry API already has a \`${entry}\` entry, which stays in use.`,
        );
      }
      delete mine[entry];
      continue;
    }
    if (before) replaced[entry] = before;
    api[entry] = mine[entry]!;
  }
  globals[apiKey] = api;
  for (const proxy of proxies) proxy.setDelegate(tracerProvider);

  for (const copy of options.apiCopies ?? []) {
    if (copy?.trace?.getTracerProvider?.() === tracerProvider) continue;
    report(
      'warn',
      'api-too-new',
      `A copy of @opentelemetry/api is newer than version ${api.version}, which the program's first copy announced: its spans are recorded, but its context and baggage stay apart. Install one version of @opentelemetry/api.`,
    );
  }

  return {
    alreadyRegistered: false,
    unregister() {
      for (const proxy of proxies) proxy.setDelegate(undefined);
      proxies.clear();
      for (const entry of Object.keys(mine) as Entry[]) {
        // Another SDK may have taken over meanwhile; what is not ours stays.
        if (api[entry] === mine[entry]) {
          if (replaced[entry]) api[entry] = replaced[entry];
          else delete api[entry];
        }
      }
      // A global of ours would refuse the registration of an SDK with another version of the API.
      if (!existing && globals[apiKey] === api && Object.keys(api).length === 1) delete globals[apiKey];
    },
  };
}
