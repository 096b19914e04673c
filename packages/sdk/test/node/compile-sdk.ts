import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const sdkFolder = fileURLToPath(new URL('../../', import.meta.url));

function sources(): string[] {
  return readdirSync(join(sdkFolder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => join(sdkFolder, 'src', path));
}

/** The modules as `npm run build` makes them, without declarations and in a tenth of a second. */
export async function compileSdk(outdir: string): Promise<void> {
  await build({
    entryPoints: sources(),
    outdir,
    outbase: join(sdkFolder, 'src'),
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
  });
  // Plain scripts without declarations: their types are said here.
  const script = (name: string) => new URL(`../../../../tools/lib/${name}.mjs`, import.meta.url).href;
  const { bundleForNode } = (await import(script('bundle-for-node'))) as { bundleForNode(dist: string): Promise<void> };
  const { bundleForDevices } = (await import(script('bundle-for-devices'))) as {
    bundleForDevices(dist: string): Promise<void>;
  };
  await Promise.all([bundleForNode(outdir), bundleForDevices(outdir)]);
}

/** For programs of this repository, which find the package through the workspace: `dist` is made where it is older than the sources. */
export async function ensureBuiltSdk(): Promise<void> {
  const built = statSync(join(sdkFolder, 'dist/runtimes/node/index.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (sources().some((path) => statSync(path).mtimeMs > built)) await compileSdk(join(sdkFolder, 'dist'));
}
