import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/**
 * One entry as a bundler makes it for a page: ESM, minified, gzip -9.
 * `{ code, gzipBytes, modules }`; `modules` is what each source file costs after minifying, before gzip, largest first.
 *
 * @param {string} entry
 * @param {{ root: string, plugins?: import('esbuild').Plugin[], nodePaths?: string[] }} options
 */
export async function bundleSize(entry, { root, plugins = [], nodePaths = [] }) {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
    absWorkingDir: root,
    nodePaths,
    plugins,
  });
  const code = result.outputFiles[0].text;
  const output = Object.values(result.metafile.outputs)[0];
  const modules = Object.entries(output.inputs)
    .map(([path, { bytesInOutput }]) => ({ path: path.replace(/^.*node_modules\//, ''), bytes: bytesInOutput }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes);
  return { code, gzipBytes: gzipSync(code, { level: 9 }).length, modules };
}

/** `@throughline/sdk/…` as its package.json exports it, from source: the size is known before anything is built. */
export function sdkFromSource(root) {
  const folder = join(root, 'packages/sdk');
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return {
    name: 'sdk from source',
    setup({ onResolve }) {
      onResolve({ filter: /^@throughline\/sdk(\/|$)/ }, ({ path }) => {
        const target = exports[path.replace('@throughline/sdk', '.')]?.default;
        if (!target) return { errors: [{ text: `${path} is not exported by ${relative(root, folder)}` }] };
        return {
          path: join(folder, target.replace('./dist/', 'src/').replace(/\.js$/, '.ts')),
          sideEffects: false,
        };
      });
    },
  };
}
