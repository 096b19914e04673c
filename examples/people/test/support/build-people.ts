import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cargoTarget } from '../../../../tools/lib/cargo-target.mjs';
import { root } from '../../../../tools/lib/root.mjs';
import { desktopTools } from './desktop-tools.js';

export async function cargo(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(desktopTools!.cargo, [...args, '--locked', '--quiet'], {
    cwd: root,
    env: { ...process.env, CARGO_TARGET_DIR: cargoTarget },
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

/** Builds the example as its README says and answers where the program is. */
export async function buildPeople(): Promise<string> {
  await promisify(execFile)(process.execPath, ['tools/build.mjs'], { cwd: root });
  await cargo('build', '--package', 'people');
  return join(cargoTarget, 'debug', 'people');
}
