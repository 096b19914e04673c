import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { OpenTelemetryApiCopy, OpenTelemetryLogsApiCopy } from '../../core/options.js';

const require = createRequire(import.meta.url);

/**
 * Copies of `@opentelemetry/api` in this program, as far as they can be found. A tracer that was taken before `start()` asks its own
 * copy of the API, so each has to be told.
 *
 * Up to 1.9 `import` and `require` both give the CommonJS build, and Node lists those that were loaded. From 1.10 on
 * `import` gives a second copy, an ES module, and Node does not say which of these were loaded: the ones that the program's entry
 * file, its working directory and this package would get are asked for.
 */
export function findApiCopies(): OpenTelemetryApiCopy[] {
  return [...new Set([...commonJsCopies(), ...moduleCopies()])];
}

/** The main files of the CommonJS builds, before and since 1.10. */
const mainFile = /[\\/](?:build[\\/]src[\\/]index\.js|dist[\\/]index\.cjs)$/;

/** Copies of `@opentelemetry/api-logs`, which is CommonJS whoever loads it. Its early loggers ask a proxy of their copy too. */
export const findLogsApiCopies = (): OpenTelemetryLogsApiCopy[] =>
  loadedModules(
    ({ createNoopLogger, logs, trace }) =>
      typeof createNoopLogger === 'function' &&
      typeof (logs as Partial<OpenTelemetryLogsApiCopy['logs']>)?.getLoggerProvider === 'function' &&
      trace === undefined,
  ) as OpenTelemetryLogsApiCopy[];

const commonJsCopies = (): OpenTelemetryApiCopy[] =>
  loadedModules(
    ({ isSpanContextValid, ProxyTracerProvider }) =>
      typeof isSpanContextValid === 'function' && typeof ProxyTracerProvider === 'function',
  ) as OpenTelemetryApiCopy[];

type Exports = Partial<Record<string, unknown>>;

/** What loaded CommonJS modules export, by the name of their file and by what it is. */
const loadedModules = (is: (exports: Exports) => boolean): unknown[] =>
  Object.entries(require.cache)
    .filter(([path]) => mainFile.test(path))
    .map(([, module]) => module?.exports as Exports | undefined)
    .filter((exports) => exports && is(exports));

function moduleCopies(): OpenTelemetryApiCopy[] {
  const copies = new Map<string, OpenTelemetryApiCopy>();
  for (const from of [process.argv[1], join(process.cwd(), 'any.js'), import.meta.url]) {
    if (from === undefined) continue;
    try {
      const main = createRequire(from).resolve('@opentelemetry/api');
      if (!main.endsWith('.cjs')) continue;
      const path = join(dirname(main), 'index.mjs');
      // The same instance that `import` gives, because `require` of an ES module goes through the loader's own cache.
      if (!copies.has(path)) copies.set(path, require(path) as OpenTelemetryApiCopy);
    } catch {
      // Not installed there, or laid out in another way.
    }
  }
  return [...copies.values()];
}
