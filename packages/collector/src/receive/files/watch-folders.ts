import { readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileFormat, HEAD_BYTES } from './file-format.js';
import type { ReadAt } from './file-part.js';
import { followedFiles } from './followed-files.js';
import { emptyTally, handIn, type Submit } from './hand-in.js';
import { readFrames } from './read-frames.js';
import { readLines } from './read-lines.js';
import { Stopping } from './submit-here.js';
import { nameBeforeTaking, takeAway } from './taken-files.js';
import { withFile } from './with-file.js';

export interface WatchOptions {
  readonly folders: readonly string[];
  readonly submit: Submit;
  /** Where is kept how far files of lines were read. */
  readonly stateFile: string;
  readonly log: (line: string) => void;
  /** Between two looks at a folder. Default 500. */
  readonly intervalMs?: number | undefined;
  /**
   * A taken file is removed when it has not grown for this long: somebody who copies a file into the folder knows nothing of names. Default 2,000.
   */
  readonly graceMs?: number | undefined;
  /** One that ends in the middle of a frame: when it has not grown for this long. Default 60,000. */
  readonly unfinishedMs?: number | undefined;
}

export interface WatchedFolders {
  /** Resolves when nothing is under way any more. What was not taken is taken after the next start. */
  close(): Promise<void>;
}

/** A file under the name of a taken one. */
interface TakenFile {
  /** Up to here it was handed in. */
  doneTo: number;
  size: number;
  grownMs: number;
  unfinishedAt: number | undefined;
}

/**
 * Takes what programs leave in folders: files of frames are taken away, handed in and removed; files of OTLP/JSON lines are read on as they
 * grow, and stay, because who writes them holds on to them. Names that begin with a dot are somebody's unfinished business.
 *
 * Each folder is looked at again and again instead of being told by the system of changes: that works on every file system.
 */
export function watchFolders(options: WatchOptions): WatchedFolders {
  const { submit, log, intervalMs = 500, graceMs = 2_000, unfinishedMs = 60_000 } = options;
  const taken = new Map<string, TakenFile>();
  const followed = followedFiles(options.stateFile);
  /** What was said about a file or folder that cannot be taken; said again when it is something else. */
  const said = new Map<string, string>();
  let stopping = false;
  let wake: (() => void) | undefined;

  const sayOnce = (path: string, what: string): void => {
    if (said.get(path) === what) return;
    said.set(path, what);
    log(what);
  };

  async function lookAtTaken(path: string): Promise<void> {
    const file = taken.get(path) ?? { doneTo: 0, size: -1, grownMs: 0, unfinishedAt: undefined };
    taken.set(path, file);
    await withFile(path, async (read, handle) => {
      const { size } = await handle.stat();
      const now = performance.now();
      if (size !== file.size) {
        const tally = emptyTally();
        const doneTo = await handIn(path, readFrames(read, file.doneTo, size), submit, tally, log);
        file.doneTo = doneTo ?? file.doneTo;
        file.size = size;
        file.grownMs = now;
        file.unfinishedAt = tally.unfinishedAt;
        if (tally.rejected > 0) log(`${path}: ${tally.rejected} items were not kept.`);
        return;
      }
      const still = now - file.grownMs;
      if (still < (file.unfinishedAt === undefined ? graceMs : unfinishedMs)) return;
      if (file.unfinishedAt !== undefined)
        log(
          `${path}: the end from offset ${file.unfinishedAt} on is not whole and was left out; its writer was interrupted.`,
        );
      await rm(path, { force: true });
      taken.delete(path);
    });
  }

  async function lookAtLines(path: string, read: ReadAt, size: number, identity: string): Promise<void> {
    const from = await followed.startOf(path, identity, size, read);
    if (from >= size) return;
    const tally = emptyTally();
    const doneTo = await handIn(path, readLines(read, from, size, false), submit, tally, log);
    if (tally.rejected > 0) log(`${path}: ${tally.rejected} items were not kept.`);
    if (doneTo !== undefined) await followed.remember(path, identity, doneTo, read);
  }

  async function lookAt(path: string): Promise<void> {
    const found = await withFile(path, async (read, handle) => {
      const { size, dev, ino } = await handle.stat({ bigint: true });
      const format = fileFormat(await read(0, HEAD_BYTES));
      if (format.kind === 'lines') await lookAtLines(path, read, Number(size), `${dev} ${ino}`);
      return format;
    });
    if (found.kind === 'other') sayOnce(path, `${path} ${found.why}; it is left alone.`);
    else if (found.kind === 'frames') {
      const away = await takeAway(path);
      if (away !== undefined) await lookAtTaken(away);
    }
  }

  async function lookInto(folder: string): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true });
    said.delete(folder);
    for (const entry of entries) {
      if (stopping) return;
      if (!entry.isFile() || entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      try {
        if (nameBeforeTaking(entry.name) !== undefined) await lookAtTaken(path);
        else await lookAt(path);
      } catch (error) {
        if (error instanceof Stopping) return;
        // Somebody else was quicker.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') taken.delete(path);
        else sayOnce(path, `${path} cannot be taken: ${messageOf(error)}.`);
      }
    }
  }

  async function watch(): Promise<void> {
    const folders = options.folders.map((folder) => resolve(folder));
    while (!stopping) {
      for (const folder of folders) {
        await lookInto(folder).catch((error) => sayOnce(folder, `${folder} cannot be read: ${messageOf(error)}.`));
      }
      if (stopping) return;
      await new Promise<void>((done) => {
        const timer = setTimeout(done, intervalMs);
        wake = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  }

  const watching = watch();
  return {
    async close() {
      stopping = true;
      wake?.();
      await watching;
    },
  };
}

/** The first folder that is none, as a sentence; `undefined` where all are. */
export async function folderProblem(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const found = await stat(folder).catch(() => undefined);
    if (found === undefined) return `There is no folder ${folder} to watch.`;
    if (!found.isDirectory()) return `${folder} is a file; --watch takes a folder, \`throughline import\` takes files.`;
  }
  return undefined;
}

const messageOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
