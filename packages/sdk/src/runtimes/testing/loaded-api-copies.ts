import type { OpenTelemetryApiCopy } from '../../core/options.js';

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
