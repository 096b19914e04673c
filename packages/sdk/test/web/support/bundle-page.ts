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

export interface BundleOptions {
  /** Packages taken from other folders than a program of the workspace would take them from. */
  readonly alias?: Readonly<Record<string, string>>;
  /** What libraries take for the mode. Default `production`. */
  readonly mode?: 'development' | 'production';
}

/** A page's script (TypeScript, JSX) as a bundler would make it from what a user writes. `inputs` are the files that went in. */
export async function bundlePage(
  script: string,
  { alias = {}, mode = 'production' }: BundleOptions = {},
): Promise<{ readonly code: string; readonly inputs: readonly string[] }> {
  const result = await build({
    stdin: { contents: script, loader: 'tsx', resolveDir: fileURLToPath(sdk), sourcefile: 'page.tsx' },
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': JSON.stringify(mode) },
    alias: { ...alias },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: mode === 'production',
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [sdkFromSource],
  });
  return { code: result.outputFiles[0]!.text, inputs: Object.keys(result.metafile.inputs) };
}
