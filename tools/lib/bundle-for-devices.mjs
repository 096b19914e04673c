import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './root.mjs';

/**
 * Makes one file of what a small engine imports of the SDK. Such engines read no packages, some keep the source in their little memory, and none
 * is newer than ES2020: one minified module of that.
 *
 * `dist`: where the compiler has put its files, and where this goes.
 */
export async function bundleForDevices(dist = join(root, 'packages/sdk/dist')) {
  await build({
    entryPoints: [join(dist, 'runtimes/tiny/index.js')],
    outfile: join(dist, 'for-devices/tiny.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2020',
    legalComments: 'none',
    logLevel: 'error',
  });
}
