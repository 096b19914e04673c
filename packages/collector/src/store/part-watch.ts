import { statfs } from 'node:fs/promises';
import type { Log } from '../ops/log.js';
import { type BrokenPart, brokenParts } from './part-files.js';
import { StoreError } from './store.js';

export interface PartWatchOptions {
  /** Where the engine's files are. */
  readonly directory: string;
  readonly ask: <Row>(sql: string) => Promise<readonly Row[]>;
  readonly command: (sql: string) => Promise<void>;
  /** Not held up by inserts. */
  readonly setMerging: (isMerging: boolean) => Promise<void>;
  /** Ends the engine's process; it comes back without these parts, and with what they were made of. */
  readonly restartWithout: (parts: readonly BrokenPart[]) => void;
  readonly onEvent?: Log | undefined;
}

/** Sees to it that what the engine calls written is on the disk (part-files.ts says why that is not the same). */
export interface PartWatch {
  /** The engine has begun anew, and merges. */
  started(): void;
  /** To be called before and after each insert, and not while merges are looked at. Both throw a `StoreError` after which the insert has to be repeated, under its token. */
  beforeInsert(): Promise<void>;
  afterInsert(): Promise<void>;
  /** To be called often: merges end while there is little room, and go on when there is more. */
  lookAtRoom(): Promise<void>;
  /** To be called more often than the engine removes what it has merged (eight minutes): what was merged is still there then, and takes the place of a merge that came to nothing. */
  lookAtMerged(): Promise<void>;
}

const MIB = 1024 * 1024;
/** A merge asks for the room that it will take, and somebody else may have taken it before it does. */
const LITTLE_BYTES = 64 * MIB;
const ENOUGH_BYTES = 80 * MIB;
/** With so much free it was not the disk. Should another engine count otherwise, so often is enough to know. */
const PLENTY_BYTES = 1024 * MIB;
const MOST_DOUBTS = 3;

export function createPartWatch(options: PartWatchOptions): PartWatch {
  const { directory, ask, command, setMerging, restartWithout, onEvent } = options;
  let insertedSinceMs = Date.now();
  let mergedSinceMs = Date.now();
  let broken: readonly BrokenPart[] = [];
  let isMerging = true;
  let doubts = 0;

  /** Parts that are not what the engine wrote; none where comparing has turned out to make no sense. */
  async function look(kind: 'inserted' | 'merged', sinceMs: number): Promise<readonly BrokenPart[]> {
    if (doubts > MOST_DOUBTS) return [];
    const found = await brokenParts(ask, kind, sinceMs);
    if (found.length === 0) doubts = 0;
    else if ((await freeBytes(directory)) >= PLENTY_BYTES && ++doubts > MOST_DOUBTS) {
      onEvent?.(
        `Files of the engine are not as large as it says, again and again, though the disk has room (${found[0]!.path}): they are no longer compared. Please report this.`,
        'error',
      );
      return [];
    }
    return found;
  }

  /** With its part the engine forgets that the insert was made; tables that have theirs whole do not take it a second time. */
  async function dropBroken(): Promise<void> {
    while (broken.length > 0) {
      const [{ table, name }, ...rest] = broken as [BrokenPart, ...BrokenPart[]];
      const isThere = await ask(
        `SELECT 1 FROM system.parts WHERE database = currentDatabase() AND table = '${table}' AND name = '${name}' AND active`,
      );
      if (isThere.length > 0) await command(`ALTER TABLE ${table} DROP PART '${name}'`);
      broken = rest;
    }
  }

  return {
    started() {
      isMerging = true;
    },
    beforeInsert: dropBroken,
    async afterInsert() {
      const nowMs = Date.now();
      broken = await look('inserted', insertedSinceMs);
      insertedSinceMs = nowMs;
      if (broken.length === 0) return;
      onEvent?.('The disk was full while rows were written to it; they are written again.', 'warn');
      await dropBroken();
      throw new StoreError('full', 'The disk was full while rows were written to it.', true);
    },
    async lookAtRoom() {
      const free = await freeBytes(directory);
      const mayMerge = free >= (isMerging ? LITTLE_BYTES : ENOUGH_BYTES);
      if (mayMerge === isMerging) return;
      await setMerging(mayMerge);
      isMerging = mayMerge;
    },
    async lookAtMerged() {
      const nowMs = Date.now();
      const found = await look('merged', mergedSinceMs);
      if (found.length > 0) {
        // Nothing may be merged between the looking and the end.
        await setMerging(false);
        const all = await brokenParts(ask, 'merged', mergedSinceMs);
        onEvent?.('The disk was full while the engine merged parts; it goes on with what they were made of.', 'warn');
        restartWithout(all);
      }
      mergedSinceMs = nowMs;
    },
  };
}

/** A definition takes a block or two; nobody else should have filled the disk between looking and writing. */
const DEFINITION_BYTES = 16 * MIB;

/** Whether definitions of tables may be written anew. */
export const hasRoomForDefinitions = async (directory: string): Promise<boolean> =>
  (await freeBytes(directory)) >= DEFINITION_BYTES;

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
