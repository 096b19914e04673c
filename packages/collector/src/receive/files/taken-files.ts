import { randomBytes } from 'node:crypto';
import { readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/*
 * A file of frames is taken by giving it another name: from then on writers, which look after each write whether the name still leads to their
 * file, go on in a new one. What one of them wrote to the old file meanwhile it writes to the new one again, under the same id. So the file under
 * the new name can be read to its end and removed, and nobody has to wait for anybody.
 */

const TAKEN = /^(.+)\.taken-[0-9a-f]{16}$/;

/** The name that a taken file had; `undefined` where it is none. */
export const nameBeforeTaking = (name: string): string | undefined => TAKEN.exec(name)?.[1];

/** Gives the file the name of a taken one, in its own folder. `undefined`: somebody else has taken it. Throws what the file system says. */
export async function takeAway(path: string): Promise<string | undefined> {
  const taken = `${path}.taken-${randomBytes(8).toString('hex')}`;
  try {
    await rename(path, taken);
    return taken;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Files that were taken from `path` by somebody who did not finish. */
export async function leftOver(path: string): Promise<string[]> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => nameBeforeTaking(name) === basename(path)).map((name) => join(folder, name));
}
