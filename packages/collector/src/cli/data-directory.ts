import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from './usage-error.js';

const LOCK = 'throughline.lock';
const BEAT_MS = 5_000;
/** A lock of another machine (or container) whose owner has not touched it for this long is nobody's. */
const STALE_MS = 30_000;

export interface DataDirectory {
  readonly path: string;
  /** Lets the next process in. Safe to call twice. */
  release(): void;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the kernel counts; tells it from a later process with the same number. */
  readonly began: string;
}

/** Creates the directory where missing and takes it for this process alone. Throws `UsageError`. */
export function takeDataDirectory(given: string): DataDirectory {
  const path = resolve(given);
  const lock = join(path, LOCK);
  const mine = `${lock}.${process.pid}`;
  const me = JSON.stringify({ pid: process.pid, host: hostname(), began: beganAt(process.pid) } satisfies Owner);
  try {
    createDirectory(path);
    writeFileSync(mine, me);
  } catch (given) {
    // A disk that is full of what waits here is freed by nobody but us.
    const error = (given as { code?: string }).code === 'ENOSPC' ? overwriteStale(lock, mine, me, given) : given;
    if (error === undefined) return hold(lock, mine, path);
    const code = (error as { code?: string }).code;
    const why =
      code === 'EACCES' || code === 'EPERM'
        ? 'this user may not write there'
        : code === 'EROFS'
          ? 'the file system is read-only'
          : code === 'ENOSPC'
            ? 'the disk is full'
            : code === 'ENOENT'
              ? 'its place does not take files'
              : code === 'ENOTDIR' || code === 'EEXIST'
                ? 'a file is in the way'
                : code;
    throw new UsageError(`The data directory ${path} cannot be written: ${why}. Choose another with --data.`);
  }
  return hold(lock, mine, path);
}

function hold(lock: string, mine: string, path: string): DataDirectory {
  try {
    take(lock, mine, path);
  } finally {
    rmSync(mine, { force: true });
  }
  const beat = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(lock, now, now);
    } catch {
      // Somebody removed it by hand; the engine's own lock still holds.
    }
  }, BEAT_MS);
  beat.unref();
  let released = false;
  return {
    path,
    release() {
      if (released) return;
      released = true;
      clearInterval(beat);
      if (readOwner(lock)?.pid === process.pid) rmSync(lock, { force: true });
    },
  };
}

/** Step by step: Node's own recursive way never returns where a parent exists and refuses children with "no such file" (/proc). */
function createDirectory(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
    return;
  }
  createDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  }
}

/** Puts this process into the room of a lock whose owner is dead, where there is none for another file. Returns what is in the way. */
function overwriteStale(lock: string, mine: string, me: string, problem: unknown): unknown {
  const owner = readOwner(lock);
  if (owner === undefined || isAlive(owner, lock)) return problem;
  try {
    rmSync(mine, { force: true });
    renameSync(lock, mine);
    // What JSON has to say may be shorter than before.
    writeFileSync(mine, me.padEnd(statSync(mine).size), { flag: 'r+' });
    return undefined;
  } catch (error) {
    return error;
  }
}

/** A link appears whole or not at all, so nobody ever reads half a lock. */
function take(lock: string, mine: string, path: string): void {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      linkSync(mine, lock);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') {
        throw new UsageError(
          `The data directory ${path} cannot be locked (${(error as { code?: string }).code}). Choose another with --data.`,
        );
      }
    }
    const owner = readOwner(lock);
    if (owner !== undefined && isAlive(owner, lock)) {
      const where = owner.host === hostname() ? '' : ` on ${owner.host}`;
      throw new UsageError(
        `Another Throughline (pid ${owner.pid}${where}) is using the data directory ${path}. Stop it, or choose another directory with --data.`,
      );
    }
    rmSync(lock, { force: true });
  }
  throw new UsageError(`The data directory ${path} is being taken by another process. Try again.`);
}

function readOwner(lock: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(lock, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner, lock: string): boolean {
  if (owner.host !== hostname()) {
    try {
      return Date.now() - statSync(lock).mtimeMs < STALE_MS;
    } catch {
      return false;
    }
  }
  if (owner.pid === process.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EPERM') return false;
  }
  const began = beganAt(owner.pid);
  return began === '' || owner.began === '' || began === owner.began;
}

/** Linux only; empty elsewhere. */
function beganAt(pid: number): string {
  try {
    // After the program's name, which may contain anything, in parentheses: the twentieth field is the start time.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
