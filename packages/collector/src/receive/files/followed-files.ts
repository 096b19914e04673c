import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { ReadAt } from './file-part.js';

/** How far a file was read, and by what it is known again. */
interface Place {
  /** Device and inode. */
  readonly identity: string;
  readonly offset: number;
  /** CRC-32 of its first bytes: inodes are used again. */
  readonly head: number;
  readonly headBytes: number;
}

const HEAD_BYTES = 1_024;

export interface FollowedFiles {
  /** Where to read on: 0 for a file that is new under its name, or was cut. */
  startOf(path: string, identity: string, size: number, read: ReadAt): Promise<number>;
  /** Everything before `offset` is durable elsewhere. Resolves when that will be known after a restart. */
  remember(path: string, identity: string, offset: number, read: ReadAt): Promise<void>;
}

/**
 * Files that others write to and that stay where they are. A place that is lost or older than it should be costs time and no more: what is handed in
 * again is known to the ledger.
 */
export function followedFiles(stateFile: string): FollowedFiles {
  let places: Promise<Map<string, Place>> | undefined;
  const load = async (): Promise<Map<string, Place>> => {
    try {
      const found = Object.entries(JSON.parse(await readFile(stateFile, 'utf8')) as Record<string, Place>);
      return new Map(found.filter(([path]) => existsSync(path)));
    } catch {
      return new Map();
    }
  };
  const all = (): Promise<Map<string, Place>> => {
    places ??= load();
    return places;
  };
  return {
    async startOf(path, identity, size, read) {
      const place = (await all()).get(path);
      if (place === undefined || place.identity !== identity || size < place.offset) return 0;
      return crc32(await read(0, place.headBytes)) === place.head ? place.offset : 0;
    },
    async remember(path, identity, offset, read) {
      const headBytes = Math.min(offset, HEAD_BYTES);
      const known = await all();
      known.set(path, { identity, offset, head: crc32(await read(0, headBytes)), headBytes });
      await writeFile(`${stateFile}.new`, JSON.stringify(Object.fromEntries(known)));
      await rename(`${stateFile}.new`, stateFile);
    },
  };
}
