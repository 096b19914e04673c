import { isAbsolute } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Log, LogLevel, Miniflare, type MiniflareOptions } from 'miniflare';
import { sdkFromSource } from '../../web/support/bundle-page.js';

export interface RunningWorker {
  /** What a visitor gets. Redirects are not followed. */
  fetch(path: string, init?: { method?: string; headers?: Record<string, string>; body?: string }): Promise<Answer>;
  /** What the Worker has written to its console. */
  readonly said: () => string;
  readonly miniflare: Miniflare;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

export interface WorkerSettings {
  readonly bindings?: Record<string, string>;
  /** Default: `nodejs_als`, the smallest that context needs. */
  readonly compatibilityFlags?: readonly string[];
  readonly compatibilityDate?: string;
  readonly options?: Partial<MiniflareOptions>;
}

/** A program with the SDK from source, as Cloudflare's own tool bundles a Worker. `file`: a path, or the name of one in `workers/`. */
export async function bundleWorker(file: string, { minify = false } = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [isAbsolute(file) ? file : fileURLToPath(new URL(`../workers/${file}`, import.meta.url))],
    bundle: true,
    minify,
    format: 'esm',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    target: 'es2022',
    external: ['node:*', 'cloudflare:*'],
    write: false,
    logLevel: 'silent',
    plugins: [sdkFromSource],
  });
  return outputFiles[0]!.text;
}

/** The same in real workerd, on a free port of this machine. */
export async function runWorker(program: string, settings: WorkerSettings = {}): Promise<RunningWorker> {
  return startMiniflare([{ path: 'worker.mjs', contents: await bundleWorker(program) }], settings);
}

/** Modules in real workerd; the first is the Worker. */
export async function startMiniflare(
  modules: readonly { readonly path: string; readonly contents: string }[],
  settings: WorkerSettings = {},
): Promise<RunningWorker> {
  let said = '';
  const miniflare = new Miniflare({
    name: 'worker',
    modules: modules.map((module) => ({ type: 'ESModule', ...module })),
    compatibilityDate: settings.compatibilityDate ?? '2026-04-01',
    compatibilityFlags: [...(settings.compatibilityFlags ?? ['nodejs_als'])],
    bindings: { ...settings.bindings },
    kvNamespaces: ['PRODUCTS'],
    // Otherwise asked of Cloudflare, over the network.
    cf: false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio(stdout: Readable, stderr: Readable) {
      for (const stream of [stdout, stderr])
        stream.on('data', (text: Buffer) => {
          said += text;
        });
    },
    ...settings.options,
  } as MiniflareOptions);
  const url = await miniflare.ready;
  return {
    fetch: (path, init) => fetch(new URL(path, url), { redirect: 'manual', ...init }),
    said: () => said,
    miniflare,
    stop: () => miniflare.dispose(),
  };
}
