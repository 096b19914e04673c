import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Takes the comments out of the modules that the compiler has put below `dist`: what a user reads of them stands in the declarations beside
 * them too, and they are a tenth of the package. What bundlers go by (`@__PURE__`) stays.
 */
export async function stripComments(dist) {
  await build({
    entryPoints: readdirSync(dist, { recursive: true })
      .filter((path) => path.endsWith('.js'))
      .map((path) => join(dist, path)),
    outdir: dist,
    outbase: dist,
    allowOverwrite: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'error',
  });
}
