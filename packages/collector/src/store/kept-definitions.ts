import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeDurably } from './write-durably.js';

/*
 * The engine writes the definition of a table anew when a setting of it changes, and does not notice when there is no room for it (see part-files.ts): the file is empty then, and the
 * whole database cannot be opened any more. So there is a copy of each.
 */

/** Of all tables, in `<engine>/store/<abc>/<uuid of the database>/`, as paths below `engine`. */
async function definitionsIn(engine: string): Promise<readonly string[]> {
  const names = await readdir(join(engine, 'store'), { recursive: false }).catch(() => []);
  const found: string[] = [];
  for (const short of names)
    for (const folder of await readdir(join(engine, 'store', short)).catch(() => []))
      for (const file of await readdir(join(engine, 'store', short, folder)).catch(() => []))
        if (file.endsWith('.sql')) found.push(join('store', short, folder, file));
  return found;
}

/** Copies what is new. Throws what the file system says. */
export async function keepDefinitions(engine: string, kept: string): Promise<void> {
  for (const path of await definitionsIn(engine)) {
    const now = await readFile(join(engine, path), 'latin1');
    const copy = join(kept, path);
    if (now === '' || now === (await readFile(copy, 'latin1').catch(() => ''))) continue;
    await mkdir(dirname(copy), { recursive: true });
    await writeDurably(copy, now);
  }
}

/** Puts the copies where a definition is empty, while the engine is not running. Resolves with how many. */
export async function restoreDefinitions(engine: string, kept: string): Promise<number> {
  let restored = 0;
  for (const path of await definitionsIn(engine)) {
    if ((await stat(join(engine, path))).size > 0) continue;
    const copy = await readFile(join(kept, path), 'latin1').catch(() => '');
    if (copy === '') continue;
    await writeDurably(join(engine, path), copy);
    restored++;
  }
  return restored;
}
