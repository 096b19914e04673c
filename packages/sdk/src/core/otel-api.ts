import type { DiagLogger, TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import type { Diagnostic, OpenTelemetryApiCopy } from './options.js';
import type { ContextStore } from './ports.js';

/** The newest version of the OpenTelemetry API whose every function is answered here. */
const implementedApiVersion = '1.10.0';

/** Where all 1.x copies of `@opentelemetry/api` look for an implementation. */
const apiKey: symbol = Symbol.for('opentelemetry.js.api.1');

/*
 * The log signal will stand in the same global from API 1.10 on (entry `logs`), and for `@opentelemetry/api-logs` under
 * `Symbol.for('io.opentelemetry.js.api.logs')`. Nothing is registered there before there is a logger: an empty entry
 * would keep a program's own logger provider out.
 */
type Entry = 'trace' | 'context' | 'propagation' | 'diag';

type ApiEntries = { [entry in Entry]?: object | undefined };
type ApiGlobal = ApiEntries & { readonly version: string };

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
  /** Another SDK was there first and keeps its place: telemetry works through its own handle only. Start only one of them. */
  readonly alreadyRegistered: boolean;
}

/** A proxy without a delegate: it was registered, or is held by a copy, and nobody answers behind it. */
function isVacant(provider: unknown): provider is ProxyProvider {
  const proxy = provider as Partial<ProxyProvider> | undefined;
  return !!proxy?.setDelegate && !proxy.getDelegateTracer?.('@throughline/sdk');
}

/**
 * Takes the place behind the OpenTelemetry API, so that every library written against it is traced. All or nothing: where
 * another SDK already answers for traces, nothing is changed and `another-sdk` is reported. Never throws.
 *
 * A reader of version v accepts the global when its major is equal and its minor not above the global's; so an existing
 * version is kept (its writers demand equality), and a global of our own carries the newest version implemented.
 */
export function registerGlobals(options: RegisterGlobalsOptions): RegisteredGlobals {
  const { tracerProvider, apiCopies = [] } = options;
  const globals = globalThis as unknown as Record<symbol, ApiGlobal | undefined>;
  const existing = globals[apiKey];
  const warn = (code: string, message: string) => options.onDiagnostic?.({ level: 'warn', code, message });

  const taken = existing?.trace;
  if (taken && !isVacant(taken)) {
    warn('another-sdk', 'Another OpenTelemetry SDK is registered and keeps its place.');
    return { alreadyRegistered: true, unregister() {} };
  }

  // Before the global has an entry, each copy hands out its own proxy: the one its early tracers ask.
  const proxies = [taken, ...apiCopies.map(providerOf)].filter(isVacant);
  const api: ApiGlobal = existing ?? { version: implementedApiVersion };
  globals[apiKey] = api;
  const mine: ApiEntries = {
    trace: tracerProvider,
    // Has what the API calls: active, with, bind and disable.
    context: options.contextStore,
    propagation: options.propagator,
    diag: options.diag,
  };
  for (const entry of Object.keys(mine) as Entry[]) {
    if (!mine[entry]) continue;
    if (!api[entry] || entry === 'trace') api[entry] = mine[entry];
    else if (entry !== 'diag')
      warn(`another-${entry}`, `Another OpenTelemetry ${entry} is registered and keeps its place.`);
  }
  for (const proxy of proxies) proxy.setDelegate(tracerProvider);
  if (apiCopies.some((copy) => providerOf(copy) !== tracerProvider)) {
    warn(
      'api-apart',
      `A copy of @opentelemetry/api is newer than ${api.version}, or is something else: its spans may stand apart.`,
    );
  }

  return {
    alreadyRegistered: false,
    unregister() {
      for (const proxy of proxies.splice(0)) proxy.setDelegate(undefined);
      for (const entry of Object.keys(mine) as Entry[]) {
        // Another SDK may have taken over meanwhile; what is not ours stays.
        if (mine[entry] && api[entry] === mine[entry]) delete api[entry];
      }
      if (taken) api.trace ??= taken;
      // A global of ours would refuse the registration of an SDK with another version of the API.
      if (!existing && Object.keys(api).length === 1 && globals[apiKey] === api) delete globals[apiKey];
    },
  };
}

/** What a copy hands out now. A value that is not the API has nothing to hand out; it must not stop the program. */
function providerOf(copy: OpenTelemetryApiCopy): unknown {
  return (copy as Partial<OpenTelemetryApiCopy> | undefined)?.trace?.getTracerProvider?.();
}
