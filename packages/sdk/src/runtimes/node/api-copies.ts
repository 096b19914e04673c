import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { OpenTelemetryApiCopy } from '../../core/options.js';

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

function commonJsCopies(): OpenTelemetryApiCopy[] {
  const copies: OpenTelemetryApiCopy[] = [];
  for (const [path, module] of Object.entries(require.cache)) {
    if (!mainFile.test(path)) continue;
    const exports = module?.exports as Partial<Record<string, unknown>> | undefined;
    if (typeof exports?.isSpanContextValid === 'function' && typeof exports.ProxyTracerProvider === 'function')
      copies.push(exports as unknown as OpenTelemetryApiCopy);
  }
  return copies;
}

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
