import type { FileHandle } from 'node:fs/promises';
import { constants, open, readdir, readFile, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { isTableName, type TableName } from '../store/stored-tables.js';
import { syncDirectory } from '../store/sync-directory.js';
import { writeAll } from './write-all.js';

/*
 * On disk a group of requests is two files with one name: `<name>.native`, ClickHouse's own column blocks one after the other and nothing else, so
 * that the engine can read the very file that was made durable; and `<name>.journal`, one JSON line per block that says where it
 * lies, its checksum, and which batches it holds. The name ends with that of its table. A block counts when its line is whole and its checksum is right; the order in which the
 * two files reach the disk does not matter.
 *
 * Rows that are more than one block may hold come as a chain of blocks, in one group or several: all of them count or none. The last block of a chain makes it
 * count; groups that hold earlier ones are told so in their own journals before any of them may go to the store.
 */

/** One request inside a block. */
export interface SpooledBatch {
  /** The sender's batch id, where it gave one. */
  readonly id?: string | undefined;
  /** What the ledger knows its rows in this table by: from here on a second copy of them is dropped. */
  readonly key?: string | undefined;
  readonly rows: number;
}

/** Where a block stands in the chain of that name. */
export interface ChainLink {
  readonly name: string;
  readonly isLast: boolean;
}

/** Says that a chain counts of which this group has no last block. */
interface CommitLine {
  readonly v: 1;
  readonly commits: string;
}

interface JournalLine {
  readonly v: 1;
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
  readonly rows: number;
  readonly batches: readonly SpooledBatch[];
  readonly chain?: ChainLink | undefined;
}

/** A group that takes no more blocks: all of it becomes one insert under its own token. */
export interface ClosedGroup {
  readonly name: string;
  readonly table: TableName;
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of its batches, for the ledger. */
  readonly keys: readonly string[];
}

const nativePath = (directory: string, name: string): string => join(directory, `${name}.native`);
const journalPath = (directory: string, name: string): string => join(directory, `${name}.journal`);

/** Files of the first releases say nothing of a table: they hold spans. */
function tableOf(name: string): TableName {
  const table = /-(otel_[a-z_]+)$/.exec(name)?.[1];
  return table !== undefined && isTableName(table) ? table : 'otel_traces';
}

/** One call that returns when what it wrote is on the disk, where there is such a call; otherwise two, each with its own way to another thread and back. */
const WRITES_ARE_DURABLE = process.platform === 'linux';
const NEW_FILE =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (WRITES_ARE_DURABLE ? constants.O_DSYNC : 0);

async function writeDurably(file: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<void> {
  await writeAll(file, chunks, position);
  if (!WRITES_ARE_DURABLE) await file.datasync();
}

/** A group that is being written. One append at a time. */
export class OpenGroup {
  readonly name: string;
  rows = 0;
  bytes = 0;
  readonly days = new Set<number>();
  private readonly keys: string[] = [];
  firstWriteMs = 0;
  private readonly table: TableName;
  private readonly directory: string;
  private readonly native: FileHandle;
  private readonly journal: FileHandle;
  private journalBytes = 0;

  private constructor(directory: string, name: string, native: FileHandle, journal: FileHandle) {
    this.directory = directory;
    this.name = name;
    this.table = tableOf(name);
    this.native = native;
    this.journal = journal;
  }

  static async create(directory: string, name: string): Promise<OpenGroup> {
    const native = await open(nativePath(directory, name), NEW_FILE);
    try {
      const journal = await open(journalPath(directory, name), NEW_FILE);
      await syncDirectory(directory);
      return new OpenGroup(directory, name, native, journal);
    } catch (error) {
      await native.close();
      // On a full disk each attempt would leave one.
      await rm(nativePath(directory, name), { force: true });
      throw error;
    }
  }

  /** Resolves when the block is on the disk. Throws what the file system says; the group is then as it was before. */
  async append(
    chunks: readonly Uint8Array[],
    rows: number,
    batches: readonly SpooledBatch[],
    chain?: ChainLink,
  ): Promise<void> {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const crc = chunks.reduce((sum, chunk) => crc32(chunk, sum), 0);
    const line: JournalLine = { v: 1, offset: this.bytes, length, crc, rows, batches, chain };
    const text = Buffer.from(`${JSON.stringify(line)}\n`);
    // Both have ended before anything is cut off: a write that was still under way would land behind the cut.
    const written = await Promise.allSettled([
      writeDurably(this.native, chunks, this.bytes),
      writeDurably(this.journal, [text], this.journalBytes),
    ]);
    const failed = written.find((each) => each.status === 'rejected');
    if (failed !== undefined) {
      await this.native.truncate(this.bytes);
      await this.journal.truncate(this.journalBytes);
      throw failed.reason;
    }
    this.bytes += length;
    this.journalBytes += text.length;
    this.rows += rows;
    this.keys.push(...keysOf(batches));
  }

  /** Resolves when it is on the disk that the chain counts whose earlier blocks are here. */
  async commit(chain: string): Promise<void> {
    this.journalBytes += await writeCommit(this.journal, chain, this.journalBytes);
  }

  async close(): Promise<ClosedGroup> {
    await Promise.all([this.native.close(), this.journal.close()]);
    const { name, table, rows, bytes, keys } = this;
    return { name, table, file: nativePath(this.directory, name), rows, bytes, keys };
  }
}

async function writeCommit(journal: FileHandle, chain: string, position: number): Promise<number> {
  const line: CommitLine = { v: 1, commits: chain };
  const text = Buffer.from(`${JSON.stringify(line)}\n`);
  await writeAll(journal, [text], position);
  await journal.datasync();
  return text.length;
}

export async function removeGroup(directory: string, name: string): Promise<void> {
  // The journal last: what is left after a crash in between is a journal without blocks, which recovery clears away.
  await rm(nativePath(directory, name), { force: true });
  await rm(journalPath(directory, name), { force: true });
}

/** Out of the way, but kept: the store refuses these rows and no repetition will help. */
export async function setAside(directory: string, name: string): Promise<string> {
  const kept = `${nativePath(directory, name)}.refused`;
  await rename(nativePath(directory, name), kept);
  await rm(journalPath(directory, name), { force: true });
  return kept;
}

export interface Recovered {
  readonly groups: readonly ClosedGroup[];
  /** Groups whose end was cut off because it was never acknowledged, or could not be read. */
  readonly torn: number;
}

/** What an earlier process left. Blocks that were not finished are cut off: nobody was told that they are kept. */
export async function recoverGroups(directory: string): Promise<Recovered> {
  const names = new Set(
    (await readdir(directory))
      .map((file) => /^(.+)\.(?:native|journal)$/.exec(file)?.[1])
      .filter((name) => name !== undefined),
  );
  const found: FoundGroup[] = [];
  for (const name of [...names].sort()) found.push(await readGroup(directory, name));
  const ended = new Set(
    found.flatMap(({ lines }) => lines.map(({ chain }) => (chain?.isLast ? chain.name : undefined))),
  );
  const groups: ClosedGroup[] = [];
  let torn = 0;
  for (const { name, file, lines: whole, commits, size, journalSize, isTorn } of found) {
    const isOpen = ({ chain }: JournalLine): boolean =>
      chain !== undefined && !chain.isLast && !commits.has(chain.name) && !ended.has(chain.name);
    const end = whole.findIndex(isOpen);
    const lines = end < 0 ? whole : whole.slice(0, end);
    const rows = lines.reduce((sum, line) => sum + line.rows, 0);
    const bytes = lines.reduce((sum, line) => sum + line.length, 0);
    if (isTorn || size > bytes) torn++;
    if (rows === 0) {
      await removeGroup(directory, name);
      continue;
    }
    if (size > bytes) await truncate(file, bytes);
    // Before the group with the last block may go to the store and be forgotten.
    const unsaid = lines.find(({ chain }) => chain !== undefined && !chain.isLast && !commits.has(chain.name))?.chain;
    if (unsaid !== undefined && !lines.some(({ chain }) => chain?.isLast && chain.name === unsaid.name)) {
      const journal = await open(journalPath(directory, name), 'r+');
      try {
        await writeCommit(journal, unsaid.name, journalSize);
      } finally {
        await journal.close();
      }
    }
    const keys = lines.flatMap(({ batches }) => keysOf(batches));
    groups.push({ name, table: tableOf(name), file, rows, bytes, keys });
  }
  return { groups, torn };
}

interface FoundGroup {
  readonly name: string;
  readonly file: string;
  /** Of whole blocks, up to the first that is not. */
  readonly lines: readonly JournalLine[];
  readonly commits: ReadonlySet<string>;
  readonly size: number;
  /** Of the journal's whole lines. */
  readonly journalSize: number;
  readonly isTorn: boolean;
}

async function readGroup(directory: string, name: string): Promise<FoundGroup> {
  const file = nativePath(directory, name);
  const journal = await readJournal(directory, name);
  const handle = await open(file, 'r').catch(() => undefined);
  const lines: JournalLine[] = [];
  let { isTorn } = journal;
  let bytes = 0;
  let size = 0;
  if (handle !== undefined) {
    for (const line of journal.lines) {
      if (line.offset !== bytes || !(await isWhole(handle, line))) {
        isTorn = true;
        break;
      }
      bytes += line.length;
      lines.push(line);
    }
    ({ size } = await handle.stat());
    await handle.close();
  }
  return { name, file, lines, commits: journal.commits, size, journalSize: journal.bytes, isTorn };
}

const keysOf = (batches: readonly SpooledBatch[]): string[] =>
  batches.map(({ key }) => key).filter((key) => key !== undefined);

interface Journal {
  readonly lines: readonly JournalLine[];
  readonly commits: ReadonlySet<string>;
  /** Of its whole lines. */
  readonly bytes: number;
  readonly isTorn: boolean;
}

async function readJournal(directory: string, name: string): Promise<Journal> {
  const text = await readFile(journalPath(directory, name), 'utf8').catch(() => '');
  const lines: JournalLine[] = [];
  const commits = new Set<string>();
  let bytes = 0;
  // What follows the last line break was never finished.
  const whole = text.split('\n').slice(0, -1);
  for (const each of whole) {
    try {
      const line = JSON.parse(each) as JournalLine | CommitLine;
      if ('commits' in line) commits.add(line.commits);
      else lines.push(line);
    } catch {
      return { lines, commits, bytes, isTorn: true };
    }
    bytes += Buffer.byteLength(each) + 1;
  }
  return { lines, commits, bytes, isTorn: !text.endsWith('\n') && text !== '' };
}

async function isWhole(handle: FileHandle, line: JournalLine): Promise<boolean> {
  const buffer = Buffer.allocUnsafe(Math.min(line.length, 1024 * 1024));
  let crc = 0;
  for (let read = 0; read < line.length; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, line.length - read), line.offset + read);
    if (bytesRead === 0) return false;
    crc = crc32(buffer.subarray(0, bytesRead), crc);
    read += bytesRead;
  }
  return crc === line.crc;
}
