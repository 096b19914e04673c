import { createRequire } from 'node:module';
import type { OpenTelemetryApiCopy } from '../../core/options.js';

/** The main files of the API's CommonJS builds, before and since 1.10. */
const mainFile = /[\\/](?:build[\\/]src[\\/]index\.js|dist[\\/]index\.cjs)$/;

/**
 * Copies of `@opentelemetry/api` that the program has loaded so far. A tracer that was taken before `start()` asks its own copy
 * of the API, so each has to be told. Up to 1.9 `import` and `require` both give the CommonJS build; an ES module copy
 * of 1.10 cannot be found, and is passed as `start({ api: [api] })` where a tracer is taken before.
 */
export function loadedApiCopies(): OpenTelemetryApiCopy[] {
  const copies: OpenTelemetryApiCopy[] = [];
  for (const [path, module] of Object.entries(createRequire(import.meta.url).cache)) {
    if (!mainFile.test(path)) continue;
    const exports = module?.exports as Partial<Record<string, unknown>> | undefined;
    if (typeof exports?.isSpanContextValid === 'function' && typeof exports.ProxyTracerProvider === 'function')
      copies.push(exports as unknown as OpenTelemetryApiCopy);
  }
  return copies;
}
