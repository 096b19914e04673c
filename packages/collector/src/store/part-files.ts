import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log } from '../ops/log.js';
import { writeDurably } from './write-durably.js';

/*
 * chDB does not notice that a disk is full: what `write` refuses is passed over, the insert or the merge is called done, and its part has files that end early or are empty (seen with
 * chDB 3.4). So each new part is compared with what the engine believes to have written.
 */

/** A part as the engine has it in memory. */
interface Part {
  readonly table: string;
  readonly name: string;
  readonly path: string;
  /** Of the files that its checksums name. */
  readonly bytes: string;
}

/** Which the checksums of a part do not name. */
const BESIDE_CHECKSUMS: ReadonlySet<string> = new Set([
  'checksums.txt',
  'columns.txt',
  'columns_substreams.txt',
  'default_compression_codec.txt',
  'metadata_version.txt',
]);

/** Its level is 0, and no mutation has made another of it: of what merges and mutations make, the engine still has what it was made of. */
const AS_INSERTED = "endsWith(name, '_0')";

type Ask = <Row>(sql: string) => Promise<readonly Row[]>;

export type BrokenPart = Pick<Part, 'table' | 'name' | 'path'>;

/**
 * Parts on the disk that are not what the engine wrote. `kind`: those that inserts made (also when they were merged since), or those that merges and mutations made and that are in use. `sinceMs`: made
 * from then on, as the clock on the wall has it.
 */
export async function brokenParts(
  ask: Ask,
  kind: 'inserted' | 'merged',
  sinceMs: number,
): Promise<readonly BrokenPart[]> {
  const parts = await ask<Part>(
    `SELECT table, name, path, bytes_on_disk AS bytes FROM system.parts WHERE database = currentDatabase()
     AND ${kind === 'inserted' ? AS_INSERTED : `active AND NOT ${AS_INSERTED}`} AND modification_time >= toDateTime(${Math.floor(sinceMs / 1000) - 1})`,
  );
  const found: BrokenPart[] = [];
  for (const part of parts) if (!(await isWhole(part))) found.push(part);
  return found;
}

async function isWhole({ path, bytes }: Part): Promise<boolean> {
  let total = 0;
  try {
    for (const file of await readdir(path)) {
      const { size } = await stat(join(path, file));
      if (!BESIDE_CHECKSUMS.has(file)) total += size;
      else if (size === 0) return false;
    }
  } catch (error) {
    // Merged, and removed in the meantime.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
  return total === Number(bytes);
}

/**
 * While the engine is not running: it is to begin with what these were made of. Left where they are it may take one of them for whole, and removes at once what it was made of.
 */
export async function setAsideMerged(parts: readonly BrokenPart[]): Promise<void> {
  for (const { name, path } of parts) {
    const folder = join(dirname(path.replace(/\/+$/, '')), 'detached');
    await mkdir(folder, { recursive: true });
    await rename(path, join(folder, `half-written-${Date.now()}_${name}`));
  }
}

/** `<block of the partition>_<first>_<last>_<level>` */
const INSERTED = /^(?:broken-on-start_)(.+_0)(?:_try\d+)?$/;

/**
 * What the engine put aside when it started, because its files are not whole, and what of it is still noted as inserted: the repetition of such an insert would be taken for a second
 * copy. The note can only be changed while the engine does not run.
 */
export async function notesOfBrokenInserts(ask: Ask): Promise<readonly BrokenNote[]> {
  const rows = await ask<{ name: string; path: string }>(
    `SELECT name, path FROM system.detached_parts WHERE database = currentDatabase() AND reason = 'broken-on-start'`,
  );
  const found: BrokenNote[] = [];
  for (const { name, path } of rows) {
    const part = INSERTED.exec(name)?.[1];
    if (part === undefined) continue;
    const folder = join(dirname(dirname(path.replace(/\/+$/, ''))), 'deduplication_logs');
    for (const file of await readdir(folder).catch(() => [])) {
      const log = join(folder, file);
      if ((await readFile(log, 'latin1')).includes(`\t${part}\t`)) found.push({ log, part });
    }
  }
  return found;
}

export interface BrokenNote {
  readonly log: string;
  readonly part: string;
}

/** While the engine is not running. */
export async function removeNotes(notes: readonly BrokenNote[], onEvent: Log | undefined): Promise<void> {
  for (const log of new Set(notes.map((note) => note.log))) {
    const parts = notes.filter((note) => note.log === log).map(({ part }) => part);
    const lines = (await readFile(log, 'latin1')).split('\n');
    const kept = lines.filter((line) => !parts.some((part) => line.includes(`\t${part}\t`)));
    await writeDurably(log, kept.join('\n'));
  }
  onEvent?.(
    `Files of ${notes.length} inserts were not whole (the disk was full); those that were still in the spool are written again.`,
    'warn',
  );
}
