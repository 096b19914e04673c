import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../../../tools/lib/root.mjs';
import { desktopTools } from './desktop-tools.js';

/** Outside of the repository and kept between runs: the first build takes minutes, those after it seconds. */
const target = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'throughline', 'cargo-target');

export async function cargo(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(desktopTools!.cargo, [...args, '--locked', '--quiet'], {
    cwd: root,
    env: { ...process.env, CARGO_TARGET_DIR: target },
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

/** Builds the example as its README says and answers where the program is. */
export async function buildPeople(): Promise<string> {
  await promisify(execFile)(process.execPath, ['tools/build.mjs'], { cwd: root });
  await cargo('build', '--package', 'people');
  return join(target, 'debug', 'people');
}
