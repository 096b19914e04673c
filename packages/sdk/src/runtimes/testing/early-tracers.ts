import type { Span, Tracer, TracerOptions, TracerProvider } from '@opentelemetry/api';
import { NonRecordingSpan } from '../../core/context/non-recording-span.js';
import type { OpenTelemetryApiCopy } from '../../core/options.js';

/*
 * Code under test takes its tracer when it is loaded: before there is a telemetry, and once for all tests. The API's proxy asks for a
 * real tracer at its first span and keeps that one, so that the telemetry of a second test would see nothing. Here it
 * is given a tracer that asks, span by span, who stands behind the API now.
 */

const apiKey: symbol = Symbol.for('opentelemetry.js.api.1');
const currentProvider = () =>
  (globalThis as unknown as Record<symbol, { readonly trace?: TracerProvider } | undefined>)[apiKey]?.trace;

const noSpan = (): Span => new NonRecordingSpan({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 });
const noTracer: Tracer = {
  startSpan: noSpan,
  startActiveSpan: (_name: string, ...rest: unknown[]) => (rest.at(-1) as (span: Span) => never)(noSpan()),
};

const followingProvider: TracerProvider = {
  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    const current = (): Tracer => currentProvider()?.getTracer(name, version, options) ?? noTracer;
    return {
      startSpan: (...args) => current().startSpan(...args),
      startActiveSpan: (...args: unknown[]) => {
        const tracer = current();
        return Reflect.apply(tracer.startActiveSpan, tracer, args);
      },
    };
  },
};

interface ProxyProvider {
  setDelegate(provider: TracerProvider): void;
  getDelegateTracer(name: string): unknown;
}

/** Makes tracers that were taken from these copies of the API, before or between telemetries, record into each that is started. */
export function followFromEarlyTracers(copies: readonly OpenTelemetryApiCopy[]): void {
  // While a provider is registered a copy hands out that one, and not the proxy its early tracers hold.
  if (currentProvider()) return;
  for (const copy of copies) {
    const proxy = copy.trace.getTracerProvider() as Partial<ProxyProvider>;
    if (proxy.setDelegate && !proxy.getDelegateTracer?.('')) proxy.setDelegate(followingProvider);
  }
}

/** Copies of `@opentelemetry/api` that Node has loaded as CommonJS, which it does with `import` too up to 1.9; elsewhere none. */
export function loadedApiCopies(): OpenTelemetryApiCopy[] {
  const process = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process;
  const module = process?.getBuiltinModule?.('node:module') as
    | { createRequire(from: string): { readonly cache: Record<string, { readonly exports?: unknown } | undefined> } }
    | undefined;
  if (!module) return [];
  return Object.entries(module.createRequire(import.meta.url).cache)
    .filter(([path]) => /[\\/](?:build[\\/]src[\\/]index\.js|dist[\\/]index\.cjs)$/.test(path))
    .map(([, loaded]) => loaded?.exports as Partial<Record<string, unknown>> | undefined)
    .filter((exports) => typeof exports?.ProxyTracerProvider === 'function')
    .map((exports) => exports as unknown as OpenTelemetryApiCopy);
}
