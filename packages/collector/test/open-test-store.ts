import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { createEmbeddedStore } from '../src/store/embedded-store.js';
import type { Store } from '../src/store/store.js';

export interface TestStore {
  readonly store: Store;
  readonly dir: string;
  close(): Promise<void>;
}

/** The real embedded engine in a new directory. Its process is a program of its own, so it is built first. */
export async function openTestStore(options: { readonly readers?: number } = {}): Promise<TestStore> {
  const dir = mkdtempSync(join(tmpdir(), 'throughline-test-'));
  const store = await createEmbeddedStore({ dataDir: dir, engineEntry: buildEngineProcess(), ...options });
  return {
    store,
    dir,
    async close() {
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Not into the temporary directory: the program must find `chdb` where it stands. */
export function buildEngineProcess(): URL {
  const outfile = fileURLToPath(
    new URL(`../../../node_modules/.cache/throughline/engine-${process.pid}.mjs`, import.meta.url),
  );
  const source = fileURLToPath(new URL('../src/store/engine-process.ts', import.meta.url));
  buildSync({ entryPoints: [source], outfile, bundle: true, platform: 'node', format: 'esm', external: ['chdb'] });
  return pathToFileURL(outfile);
}
