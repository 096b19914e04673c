import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const sdk = new URL('../../../', import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL('package.json', sdk), 'utf8')) as {
  exports: Record<string, { default: string } | string>;
};

/** `@throughline/sdk/…` as its package.json exports it, from the source instead of the built files. */
export const sdkFromSource: Plugin = {
  name: 'sdk from source',
  setup({ onResolve }) {
    onResolve({ filter: /^@throughline\/sdk(\/|$)/ }, ({ path }) => {
      const target = exports[path.replace('@throughline/sdk', '.')];
      if (!target || typeof target === 'string') return { errors: [{ text: `${path} is not exported` }] };
      const source = target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts');
      return { path: fileURLToPath(new URL(source, sdk)), sideEffects: false };
    });
  },
};

/** A page's script as a bundler would make it from what a user writes. `inputs` are the files that went in. */
export async function bundlePage(
  script: string,
): Promise<{ readonly code: string; readonly inputs: readonly string[] }> {
  const result = await build({
    stdin: { contents: script, loader: 'ts', resolveDir: fileURLToPath(sdk), sourcefile: 'page.ts' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [sdkFromSource],
  });
  return { code: result.outputFiles[0]!.text, inputs: Object.keys(result.metafile.inputs) };
}
