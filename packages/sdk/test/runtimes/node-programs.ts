import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { installSdk } from '../node/installed-sdk.js';

export interface InstalledProgram {
  /** The program that runs the suites, beside the `node_modules` it finds the package in. */
  readonly file: string;
  readonly folder: string;
  remove(): void;
}

/** A program of this folder in one of its own where the package is installed, twice. */
export async function installNodeProgram(program = 'node-program.ts'): Promise<InstalledProgram> {
  const { folder, remove } = await installSdk();
  const file = join(folder, 'suites.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL(program, import.meta.url))],
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['@throughline/sdk', '@opentelemetry/api'],
    logLevel: 'error',
  });
  cpSync(join(folder, 'node_modules/@throughline/sdk'), join(folder, 'node_modules/second-copy-of-the-sdk'), {
    recursive: true,
  });
  return { file, folder, remove };
}
