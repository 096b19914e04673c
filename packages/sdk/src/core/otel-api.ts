import type { DiagLogger, TextMapPropagator, Tracer, TracerProvider } from '@opentelemetry/api';
import type { Report } from './limit-diagnostics.js';
import type { OpenTelemetryApiCopy } from './options.js';
import type { ContextStore } from './ports.js';

/** The newest version of the OpenTelemetry API whose every function is answered here. */
const implementedApiVersion = '1.10.0';

/** Where all 1.x copies of `@opentelemetry/api` look for an implementation. */
const apiKey: symbol = Symbol.for('opentelemetry.js.api.1');

/** What every telemetry puts there. Further signals come later, if they are there: `claimApiEntry`. */
export interface ApiEntries {
  trace: TracerProvider;
  /** Has what the API calls: active, with, bind and disable. */
  context: ContextStore;
  propagation: TextMapPropagator;
  /** Takes the API's own messages (instrumentations report their errors there). A logger set by the program stays. */
  diag?: DiagLogger | undefined;
}

type ApiGlobal = { [name: string]: object | string | undefined };

const globals = globalThis as unknown as Record<symbol, ApiGlobal | undefined>;

/** Who answers for context behind the API now, this telemetry or another SDK; for those that are handed nothing but a tracer. */
export const registeredContext = (): ContextStore | undefined => globals[apiKey]?.context as ContextStore | undefined;

/** What stands behind the OpenTelemetry API now. */
export const apiGlobal = (): ApiGlobal | undefined => globals[apiKey];

/** What stands in for a tracer provider until one is registered; each copy of the API has its own. */
interface ProxyProvider {
  setDelegate(provider: TracerProvider | undefined): void;
  getDelegateTracer(name: string): unknown;
}

/** A proxy without a delegate: it was registered, or is held by a copy, and nobody answers behind it. */
const isVacant = (provider: unknown): provider is ProxyProvider => {
  const proxy = provider as Partial<ProxyProvider> | undefined;
  return !!proxy?.setDelegate && !proxy.getDelegateTracer?.('');
};

/** What a copy hands out now. A value that is not the API has nothing to hand out; it must not stop the program. */
const providerOf = (copy: OpenTelemetryApiCopy): unknown =>
  (copy as Partial<OpenTelemetryApiCopy> | undefined)?.trace?.getTracerProvider?.();

/**
 * Tracers for the API's proxies: such a proxy asks for one at its first span and keeps it, past this telemetry. So these ask, span by span, who
 * stands behind the API now; where nobody does, the provider they were made for answers, which no longer records.
 */
const followingProvider = (provider: TracerProvider): TracerProvider => ({
  getTracer(...scope) {
    let known: TracerProvider | undefined;
    let tracer: Tracer;
    const current = () => {
      const now = (globals[apiKey]?.trace ?? provider) as TracerProvider;
      if (now !== known) tracer = now.getTracer(...scope);
      known = now;
      return tracer as Tracer & { startActiveSpan(...given: unknown[]): never };
    };
    return {
      startSpan: (...given) => current().startSpan(...given),
      startActiveSpan: (...given: unknown[]) => current().startActiveSpan(...given),
    };
  },
});

/**
 * Takes the place behind the OpenTelemetry API, so that every library written against it is traced. All or nothing: where
 * another SDK already answers for traces, nothing is changed and `another-sdk` is reported. Never throws. Returns how to give back what was
 * taken, as far as it is still ours (more than once is harmless).
 *
 * A reader of version v accepts the global when its major is equal and its minor not above the global's; so an existing
 * version is kept (its writers demand equality), and a global of our own carries the newest version implemented.
 *
 * `copies` of the API in this program, as far as the runtime can find them: a tracer taken before `start()` asks its own copy, and no other
 * way leads there.
 */
export function registerGlobals(
  entries: ApiEntries,
  copies: readonly OpenTelemetryApiCopy[] = [],
  report: Report = () => {},
): () => void {
  const mine = entries as unknown as Record<string, object | undefined>;
  const existing = globals[apiKey];
  const taken = existing?.trace;
  const another = (what: string) => report('warn', `another-${what}`, `Another OpenTelemetry ${what} keeps its place.`);

  if (taken && !isVacant(taken)) {
    another('sdk');
    return () => {};
  }
  // Before the global has an entry, each copy hands out its own proxy: the one its early tracers ask.
  const proxies = [taken, ...copies.map(providerOf)].filter(isVacant);
  const api = existing ?? { version: implementedApiVersion };
  globals[apiKey] = api;
  for (const name in mine) {
    if (!mine[name]) continue;
    if (!api[name] || name === 'trace') api[name] = mine[name];
    else if (name !== 'diag') another(name);
  }
  for (const proxy of proxies) proxy.setDelegate(followingProvider(entries.trace));
  if (copies.some((copy) => providerOf(copy) !== entries.trace)) {
    report('warn', 'api-apart', `A copy of @opentelemetry/api is newer than ${api.version}.`);
  }

  return () => {
    for (const proxy of proxies.splice(0)) proxy.setDelegate(undefined);
    // Another SDK may have taken over meanwhile; what is not ours stays.
    for (const name in mine) if (api[name] === mine[name]) delete api[name];
    if (taken) api.trace ??= taken;
    // A global of ours would refuse the registration of an SDK with another version of the API.
    if (!existing && !Object.keys(api)[1] && globals[apiKey] === api) delete globals[apiKey];
  };
}
