import { readFile } from 'node:fs/promises';

const built = new URL('./dist/worker.js', import.meta.url);

/**
 * Starts the Worker in Cloudflare's runtime, with a KV namespace that forgets everything at its end.
 *
 * @param {object} options
 * @param {string} options.apiUrl
 * @param {string} options.collectorUrl
 * @param {number} options.port 0 for a free one.
 * @param {(line: string) => void} options.onLine What the Worker says.
 * @param {URL} [options.script] The Worker as one module. Default: what `npm run build` makes.
 * @returns {Promise<{ url: string, stop(): Promise<void> }>} Once it answers. Rejects where the runtime does not run: it has binaries for some
 *   platforms, and these want a C library that is not too old.
 */
export async function startWorker({ apiUrl, collectorUrl, port, onLine, script = built }) {
  const { Log, LogLevel, Miniflare } = await import('miniflare');
  const miniflare = new Miniflare({
    name: 'shop-edge',
    host: '127.0.0.1',
    port,
    modules: [{ type: 'ESModule', path: 'worker.js', contents: await readFile(script, 'utf8') }],
    compatibilityDate: '2026-04-01',
    compatibilityFlags: ['nodejs_als'],
    kvNamespaces: ['PRODUCTS'],
    bindings: { API_URL: apiUrl, COLLECTOR_URL: collectorUrl },
    // Where a visitor is would be asked of Cloudflare.
    cf: false,
    log: new Log(LogLevel.ERROR),
    handleRuntimeStdio(...streams) {
      for (const stream of streams)
        stream.on('data', (text) => {
          for (const line of String(text).split('\n')) if (line.trim() !== '') onLine(line);
        });
    },
  });
  try {
    const { origin } = await miniflare.ready;
    return { url: origin, stop: () => miniflare.dispose() };
  } catch (error) {
    await miniflare.dispose().catch(() => {});
    throw error;
  }
}
