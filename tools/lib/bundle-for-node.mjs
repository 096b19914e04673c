import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './root.mjs';

const sdk = join(root, 'packages/sdk');

/**
 * Makes a few files of what a Node program imports of the SDK. Node spends some 0.3 ms on each file of an import, and these are 130: as they come
 * from the compiler, `import '@throughline/sdk/node'` takes 45 ms of processor, in a few files 12. Every entry that has a `node`
 * condition in package.json is built together with the others, so that what they share exists once. Pages are bundled by their own
 * builders, which leave out more of many files than of few; for them nothing changes.
 *
 * `dist`: where the compiler has put its files, and where these go.
 */
export async function bundleForNode(dist = join(sdk, 'dist')) {
  const { exports } = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8'));
  const entryPoints = {};
  for (const entry of Object.values(exports))
    if (entry.node)
      entryPoints[entry.node.replace('./dist/for-node/', '').replace(/\.js$/, '')] = join(
        dist,
        entry.types.replace('./dist/', '').replace(/\.d\.ts$/, '.js'),
      );
  await build({
    entryPoints,
    outdir: join(dist, 'for-node'),
    bundle: true,
    splitting: true,
    chunkNames: 'shared-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    legalComments: 'none',
    logLevel: 'error',
  });
}
