import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { goneMark, markAt, seedOf } from './records.js';

const ending = '.throughline';
const namePattern = /^(free|\d+-\d+-[0-9a-f]{8}-[0-9a-f]{8})\.([0-9a-f]{16})\.throughline$/;

export interface SegmentName {
  readonly file: string;
  readonly owner: string;
  readonly segment: string;
}

/** `undefined`: no segment; whatever it is, it is left alone. */
export function parseSegmentName(file: string): SegmentName | undefined {
  const [, owner, segment] = namePattern.exec(file) ?? [];
  return owner === undefined || segment === undefined ? undefined : { file, owner, segment };
}

/**
 * A file of records, of one owner. What is written is with the operating system when a call returns, whatever becomes of the process then. The name says
 * whose it is: who renames it has it.
 */
export class Segment {
  readonly id: string;
  readonly seed: number;
  /** Ids of batches, open ones too, for whose sake it is still there. */
  readonly pins = new Set<string>();
  /** Where the next record goes. */
  end: number;
  readonly #folder: string;
  #owner: string;
  #fd: number | undefined;
  #inode: number | undefined;
  #syncing: Promise<void> | undefined;
  #nextSync: Promise<void> | undefined;
  /** Something was written that the disk may not have. */
  dirty = false;

  constructor(folder: string, owner: string, id: string, end = 0) {
    this.#folder = folder;
    this.#owner = owner;
    this.id = id;
    this.seed = seedOf(id);
    this.end = end;
  }

  get path(): string {
    return join(this.#folder, `${this.#owner}.${this.id}${ending}`);
  }

  /** Makes the file, and keeps it open. Throws where it cannot. */
  create(): void {
    this.#fd = openSync(this.path, 'wx+', 0o600);
    this.#inode = fstatSync(this.#fd).ino;
  }

  /** Whether the file that is kept open is still found under its name: somebody may have taken it for a dead program's, or cleared the folder. */
  get isMine(): boolean {
    return this.#inode !== undefined && statSync(this.path, { throwIfNoEntry: false })?.ino === this.#inode;
  }

  /** All of it or nothing; throws for the latter. */
  append(records: Uint8Array): number {
    const start = this.end;
    this.#with((fd) => {
      try {
        for (let done = 0; done < records.length; )
          done += writeSync(fd, records, done, records.length - done, start + done);
      } catch (error) {
        try {
          ftruncateSync(fd, start);
        } catch {
          // The next record is written over what is there of this one.
        }
        throw error;
      }
    });
    this.dirty = true;
    this.end = start + records.length;
    return start;
  }

  /** Throws where it cannot be read. */
  read(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    return this.#with((fd) => {
      for (let done = 0; done < length; ) {
        const read = readSync(fd, bytes, done, length - done, at + done);
        if (read === 0) throw new Error(`${this.path} ends too early`);
        done += read;
      }
      return bytes;
    });
  }

  /** The batch whose records begin there is gone. Where that cannot be written, it may come again, under its id. */
  mark(starts: readonly number[]): void {
    try {
      this.#with((fd) => {
        for (const start of starts) writeSync(fd, goneMark, 0, goneMark.length, markAt(start));
      });
    } catch {
      // Nothing can be done about it, and nothing is lost.
    }
  }

  /** It stays open from now on only while something is done with it. */
  rest(): void {
    // A sync that is under way closes it.
    if (this.#fd !== undefined && !this.#syncing) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Nothing in it counts any more: it begins anew. */
  clear(): void {
    this.#with((fd) => ftruncateSync(fd, 0));
    this.end = 0;
  }

  remove(): void {
    this.rest();
    unlinkSync(this.path);
  }

  /** In one step, and for one only of all that try: throws for the others. */
  giveTo(owner: string): void {
    const from = this.path;
    renameSync(from, join(this.#folder, `${owner}.${this.id}${ending}`));
    this.#owner = owner;
  }

  giveSign(now: Date): void {
    utimesSync(this.path, now, now);
  }

  /** Resolves when what has been written until now is on the disk; several calls share one. */
  sync(): Promise<void> {
    if (!this.#syncing) return this.#sync();
    // What is under way may have begun before the last write.
    this.#nextSync ??= this.#syncing
      .catch(() => {})
      .then(() => {
        this.#nextSync = undefined;
        return this.#sync();
      });
    return this.#nextSync;
  }

  #sync(): Promise<void> {
    this.dirty = false;
    const fd = this.#fd ?? openSync(this.path, 'r+');
    const syncing = new Promise<void>((resolve, reject) => {
      fdatasync(fd, (error) => {
        this.#syncing = undefined;
        if (fd !== this.#fd) closeSync(fd);
        if (error) reject(error);
        else resolve();
      });
    });
    this.#syncing = syncing;
    return syncing;
  }

  syncSync(): void {
    this.#with(fdatasyncSync);
    this.dirty = false;
  }

  #with<R>(run: (fd: number) => R): R {
    if (this.#fd !== undefined) return run(this.#fd);
    const fd = openSync(this.path, 'r+');
    try {
      return run(fd);
    } finally {
      closeSync(fd);
    }
  }
}

/** That a file is there survives a loss of power only once its folder is written. Not every system can. */
export function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Windows does it by itself.
  }
}
