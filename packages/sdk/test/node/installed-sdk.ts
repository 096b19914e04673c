import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileSdk, sdkFolder } from './compile-sdk.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

export interface InstalledSdk {
  /** The folder of the programs; `@throughline/sdk` resolves from here as it does where it was installed from npm. */
  readonly folder: string;
  remove(): void;
}

/**
 * The package as a program finds it after `npm install`: compiled, reached through its `exports`, and never older than the sources.
 * The programs beside it are copies of `test/node/programs`. Outside of every `node_modules`, because Node treats what is inside
 * differently (it keeps its warnings to itself).
 */
export async function installSdk(): Promise<InstalledSdk> {
  mkdirSync(join(root, '.throughline'), { recursive: true });
  const folder = mkdtempSync(join(root, '.throughline', 'sdk-test-'));
  const target = join(folder, 'node_modules/@throughline/sdk');
  mkdirSync(target, { recursive: true });
  cpSync(join(sdkFolder, 'package.json'), join(target, 'package.json'));
  await compileSdk(join(target, 'dist'));
  cpSync(fileURLToPath(new URL('./programs', import.meta.url)), folder, { recursive: true });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
