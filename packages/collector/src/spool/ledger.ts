import { createHash, hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { KeySet } from '../process/key-set.js';
import { syncDirectory } from '../store/sync-directory.js';

/** Batches that are remembered for certain; up to twice as many are. A key takes 8 bytes on disk and 16 to 32 in memory. */
const GENERATION = 524_288;
const KEY_BYTES = 8;

/**
 * Which batches were taken, so that a second copy is known: a sender that did not see its answer, a file that is read again after a crash.
 *
 * A key is known from the moment it is added, and survives a restart from the moment `keep` has resolved; until then the spool's own journal
 * has it. The oldest are forgotten half a million at a time.
 */
export interface Ledger {
  has(key: string): boolean;
  add(key: string): void;
  /** Throws what the file system says; the keys are then as before. One call at a time. */
  keep(keys: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * What a batch is known by: its id together with what is in it, so that an id which is used twice, by mistake or on purpose, hides nothing. 64 bits
 * in hex: of a million batches two share one with a chance of 1 to 37 million.
 */
export function ledgerKey(batchId: string, bytes: Uint8Array): string {
  return ledgerKeyOf(batchId, bytes.length, crc32(bytes));
}

/** The same where a checksum of the bytes is at hand. Keys made from different kinds of checksums belong into different ledgers. */
export function ledgerKeyOf(batchId: string, length: number, checksum: number): string {
  return hash('sha1', `${batchId} ${length} ${checksum}`).slice(0, 2 * KEY_BYTES);
}

/** How long a batch without an id is known again, at least; at most twice as long. */
const WINDOW_MS = 10 * 60_000;
/** So much of its beginning and of its end is looked at whole; of what is between, length and checksum. */
const LOOKED_AT = 4_096;

/**
 * What a batch without an id may be known by: what is in it. Two equal bodies far apart may be two batches, so each window of time has keys of its own: the
 * first is that of the window now, to be added; the second that of the one before, also to be asked for.
 */
export function ledgerKeysOfBody(bytes: Uint8Array, nowMs: number): readonly [string, string] {
  const what = createHash('sha1')
    .update(`${bytes.length} ${crc32(bytes)} `)
    .update(bytes.subarray(0, LOOKED_AT))
    .update(bytes.subarray(Math.max(LOOKED_AT, bytes.length - LOOKED_AT)))
    .digest('hex');
  const window = Math.floor(nowMs / WINDOW_MS);
  const key = (number: number): string => hash('sha1', `${what} ${number}`).slice(0, 2 * KEY_BYTES);
  return [key(window), key(window - 1)];
}

/**
 * What the part of a batch is known by that went into one of several places. Each part is on the disk or not by itself: after a crash between two of them
 * the sender repeats the batch, and only what is missing is taken. Part 0 has the batch's own key.
 */
export function partKey(key: string, part: number): string {
  return key.slice(0, -1) + (Number.parseInt(key.at(-1)!, 16) ^ part).toString(16);
}

/** `directory` is created where missing; the caller holds its lock. `generation` is for tests. */
export async function openLedger(directory: string, generation = GENERATION): Promise<Ledger> {
  await mkdir(directory, { recursive: true });
  const numbers = (await readdir(directory))
    .map((name) => /^(\d+)\.ledger$/.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  const pathOf = (number: number): string => join(directory, `${String(number).padStart(8, '0')}.ledger`);
  for (const number of numbers.splice(0, numbers.length - 2)) await rm(pathOf(number), { force: true });

  let sets: KeySet[] = [];
  /** Keys in the newest file. */
  let written = 0;
  for (const number of numbers) {
    const bytes = await readFile(pathOf(number));
    const set = new KeySet();
    // What a crash left of the last key is no key.
    written = Math.floor(bytes.length / KEY_BYTES);
    for (let at = 0; at < written; at++) set.add(bytes.readUInt32BE(at * 8), bytes.readUInt32BE(at * 8 + 4));
    sets.push(set);
  }
  let newest = numbers.at(-1) ?? 1;
  let handle: FileHandle | undefined;
  if (sets.length === 0) sets.push(new KeySet());

  const startGeneration = async (): Promise<void> => {
    await handle?.close();
    handle = undefined;
    const forgotten = newest - 1;
    newest++;
    written = 0;
    sets = [sets.at(-1)!, new KeySet()];
    await rm(pathOf(forgotten), { force: true });
  };

  return {
    has: (key) => {
      const [high, low] = halves(key);
      return sets.some((set) => set.has(high, low));
    },
    add(key) {
      sets.at(-1)!.add(...halves(key));
    },
    async keep(keys) {
      if (keys.length === 0) return;
      if (written >= generation) await startGeneration();
      if (handle === undefined) {
        handle = await open(pathOf(newest), 'a');
        // The torn end of an earlier run would shift every key behind it.
        await handle.truncate(written * KEY_BYTES);
        await syncDirectory(directory);
      }
      try {
        await handle.appendFile(Buffer.from(keys.join(''), 'hex'));
        await handle.datasync();
      } catch (error) {
        await handle.truncate(written * KEY_BYTES).catch(() => undefined);
        throw error;
      }
      written += keys.length;
      for (const key of keys) sets.at(-1)!.add(...halves(key));
    },
    async close() {
      await handle?.close();
      handle = undefined;
    },
  };
}

const halves = (key: string): [number, number] => [parseInt(key.slice(0, 8), 16), parseInt(key.slice(8, 16), 16)];
