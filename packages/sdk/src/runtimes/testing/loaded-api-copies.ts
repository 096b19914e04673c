import type { OpenTelemetryApiCopy, OpenTelemetryLogsApiCopy } from '../../core/options.js';

export interface LoadedApiCopies {
  readonly api: readonly OpenTelemetryApiCopy[];
  readonly apiLogs: readonly OpenTelemetryLogsApiCopy[];
}

/**
 * Copies of `@opentelemetry/api`, and of `@opentelemetry/api-logs`, that Node has loaded as CommonJS, which it does with `import` too (of the
 * former up to 1.9); elsewhere none.
 */
export function loadedApiCopies(): LoadedApiCopies {
  const process = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process;
  const module = process?.getBuiltinModule?.('node:module') as
    | { createRequire(from: string): { readonly cache: Record<string, { readonly exports?: unknown } | undefined> } }
    | undefined;
  if (!module) return { api: [], apiLogs: [] };
  const loaded = Object.entries(module.createRequire(import.meta.url).cache)
    .filter(([path]) => /[\\/](?:build[\\/]src[\\/]index\.js|dist[\\/]index\.cjs)$/.test(path))
    .map(([, loaded]) => loaded?.exports as Partial<Record<string, unknown>> | undefined);
  return {
    api: loaded.filter(
      (exports) => typeof exports?.ProxyTracerProvider === 'function',
    ) as unknown as OpenTelemetryApiCopy[],
    apiLogs: loaded.filter(
      (exports) => typeof exports?.createNoopLogger === 'function' && !exports.trace,
    ) as unknown as OpenTelemetryLogsApiCopy[],
  };
}
