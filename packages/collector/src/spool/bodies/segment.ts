import type { FileHandle } from 'node:fs/promises';
import { copyFile, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { batchId } from '../../process/batch-id.js';
import { FRAME_HEADER_BYTES, readFrameHeader } from '../../process/frame.js';
import type { Signal } from '../../process/signal.js';
import { syncDirectory } from '../../store/sync-directory.js';
import { ledgerKeyOf } from '../ledger.js';
import { writeAll } from '../write-all.js';

/*
 * On disk a segment is `<number>.tl`, frames as programs write them to files (docs/wasi.md, "The format") one behind the other, and `<number>.done`, the numbers
 * (32 bits, little-endian) of those frames that are finished with. The second file is written without waiting for the disk: what it lacks after a loss of
 * power is sent a second time, under the same id.
 */

/** A batch that waits in a segment. */
export interface StoredBody {
  readonly segment: Segment;
  /** Its number in the segment. */
  readonly index: number;
  readonly signal: Signal;
  readonly id: string;
  /** Of the request itself, and where it begins in the file. */
  readonly length: number;
  readonly offset: number;
  /** Of the id and the request. */
  readonly crc: number;
  /** How often it was tried in vain since the start, and when it may be tried again (as `performance.now()` has it). */
  failures: number;
  notBeforeMs: number;
}

/** Bodies written in one go. `offset` counts from where the write begins. */
export type NewBody = Pick<StoredBody, 'signal' | 'id' | 'length' | 'offset' | 'crc'>;

/** A longer id is none. */
const LONGEST_ID = 80;
const WINDOW_BYTES = 64 * 1024;
const DONE_BYTES = 4;

const keyOfBody = (body: Pick<StoredBody, 'id' | 'length' | 'crc'>): string =>
  ledgerKeyOf(body.id, body.length, body.crc);

interface Recovered {
  readonly segment: Segment;
  readonly isTorn: boolean;
  /** Where a copy of a damaged file is. */
  readonly keptAs?: string | undefined;
}

const bodiesPath = (directory: string, number: number): string =>
  join(directory, `${String(number).padStart(8, '0')}.tl`);
const donePath = (directory: string, number: number): string =>
  join(directory, `${String(number).padStart(8, '0')}.done`);

/** One file of batches. Its owner calls one method that writes at a time. */
export class Segment {
  readonly number: number;
  bytes = 0;
  count = 0;
  /** Of the batches that are in memory: all of them, or none. */
  bodies: StoredBody[] | undefined = [];
  /** Written by an earlier process, so that what is read from it is checked before it is sent. */
  readonly isRecovered: boolean;
  private readonly finished = new Set<number>();
  /** Never acknowledged, and not whole: no second copy of them is known. */
  private readonly unread = new Set<number>();
  private mustCut = false;
  private marks: number[] = [];
  private markedBytes = 0;
  private readonly directory: string;
  private file: FileHandle | undefined;
  private done: FileHandle | undefined;
  private opening: Promise<FileHandle> | undefined;
  private loading: Promise<StoredBody[]> | undefined;

  private constructor(directory: string, number: number, isRecovered: boolean) {
    this.directory = directory;
    this.number = number;
    this.isRecovered = isRecovered;
  }

  static async create(directory: string, number: number): Promise<Segment> {
    const segment = new Segment(directory, number, false);
    segment.file = await open(bodiesPath(directory, number), 'wx+');
    await syncDirectory(directory);
    return segment;
  }

  /**
   * What an earlier process left. `isLast`: nothing was written after it, so it may end in what was never acknowledged; that is cut off. Elsewhere what cannot
   * be read is damage, and a copy of the file is kept for `throughline import`, which reads on behind damage.
   */
  static async recover(directory: string, number: number, isLast: boolean): Promise<Recovered> {
    const segment = new Segment(directory, number, true);
    const path = bodiesPath(directory, number);
    const file = await open(path, 'r+');
    segment.file = file;
    const { size } = await file.stat();
    const bodies = await segment.scan(size);
    const last = bodies.at(-1);
    segment.bodies = bodies;
    segment.count = bodies.length;
    segment.bytes = last === undefined ? 0 : last.offset + last.length;
    const done = await readFile(donePath(directory, number)).catch(() => Buffer.alloc(0));
    segment.markedBytes = done.length - (done.length % DONE_BYTES);
    for (let at = 0; at < segment.markedBytes; at += DONE_BYTES) {
      const index = done.readUInt32LE(at);
      if (index < segment.count) segment.finished.add(index);
    }
    // What one interrupted write left may have the right length and nothing, or half of it, inside, anywhere in it.
    if (isLast) for (const body of bodies) if (!(await segment.isWhole(body))) segment.unread.add(body.index);
    for (const index of segment.unread) segment.finish(index);
    let keptAs: string | undefined;
    if (segment.bytes < size) {
      if (!isLast) {
        keptAs = `${path}.damaged`;
        await copyFile(path, keptAs);
      }
      await file.truncate(segment.bytes);
    }
    return { segment, isTorn: isLast && (segment.bytes < size || segment.unread.size > 0), keptAs };
  }

  get left(): number {
    return this.count - this.finished.size;
  }

  isFinished(index: number): boolean {
    return this.finished.has(index);
  }

  /** Resolves when they are on the disk. Throws what the file system says; what was written of them is cut off by the next call, or by the next start. */
  async append(chunks: readonly Uint8Array[], bodies: readonly NewBody[]): Promise<StoredBody[]> {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const file = await this.opened();
    await this.cut();
    this.mustCut = true;
    await writeAll(file, chunks, this.bytes);
    await file.datasync();
    this.mustCut = false;
    const stored = bodies.map((body, at) => ({
      segment: this,
      index: this.count + at,
      signal: body.signal,
      id: body.id,
      length: body.length,
      offset: this.bytes + body.offset,
      crc: body.crc,
      failures: 0,
      notBeforeMs: 0,
    }));
    this.bytes += length;
    this.count += stored.length;
    this.bodies?.push(...stored);
    return stored;
  }

  /** Takes away what a failed write left at the end. */
  async cut(): Promise<void> {
    if (this.mustCut) await (await this.opened()).truncate(this.bytes);
    this.mustCut = false;
  }

  /** Reads its headers again where they were let go of. */
  async load(): Promise<void> {
    if (this.bodies !== undefined) return;
    this.loading ??= this.scan(this.bytes).finally(() => {
      this.loading = undefined;
    });
    this.bodies = await this.loading;
  }

  async keys(): Promise<string[]> {
    await this.load();
    return this.bodies!.filter(({ index }) => !this.unread.has(index)).map(keyOfBody);
  }

  /** Fills `room` from a place in a body. Throws where the file is shorter. */
  async read(body: StoredBody, from: number, room: Uint8Array): Promise<void> {
    const file = await this.opened();
    for (let filled = 0; filled < room.length; ) {
      const { bytesRead } = await file.read(room, filled, room.length - filled, body.offset + from + filled);
      if (bytesRead === 0) throw new Error(`${bodiesPath(this.directory, this.number)} is shorter than it was`);
      filled += bytesRead;
    }
  }

  finish(index: number): void {
    if (this.finished.has(index)) return;
    this.finished.add(index);
    this.marks.push(index);
  }

  /** Writes down what is finished. `isDurable`: also after a loss of power. Throws what the file system says. */
  async mark(isDurable: boolean): Promise<void> {
    const marks = this.marks;
    if (marks.length === 0 && !isDurable) return;
    this.marks = [];
    const bytes = Buffer.alloc(marks.length * DONE_BYTES);
    for (const [at, index] of marks.entries()) bytes.writeUInt32LE(index, at * DONE_BYTES);
    try {
      const isNew = this.done === undefined;
      this.done ??= await open(donePath(this.directory, this.number), 'a+');
      await this.done.truncate(this.markedBytes);
      await this.done.appendFile(bytes);
      if (isDurable) await this.done.datasync();
      if (isDurable && isNew) await syncDirectory(this.directory);
    } catch (error) {
      this.marks.push(...marks);
      throw error;
    }
    this.markedBytes += bytes.length;
  }

  /** Gives back what it holds open and in memory; both come again when they are asked for. */
  async rest(): Promise<void> {
    const { file, done } = this;
    this.file = undefined;
    this.done = undefined;
    this.bodies = undefined;
    await Promise.all([file?.close(), done?.close()]);
  }

  /** The room of its batches, before its name is gone. */
  async removeBodies(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
    await rm(bodiesPath(this.directory, this.number), { force: true });
  }

  async removeMarks(): Promise<void> {
    await this.done?.close();
    this.done = undefined;
    await rm(donePath(this.directory, this.number), { force: true });
  }

  private async opened(): Promise<FileHandle> {
    if (this.file !== undefined) return this.file;
    // Several bodies of it may be asked for at once.
    this.opening ??= open(bodiesPath(this.directory, this.number), 'r+').finally(() => {
      this.opening = undefined;
    });
    this.file = await this.opening;
    return this.file;
  }

  /** The batches up to `end`, by their headers alone; what follows the first that is not whole is left out. */
  private async scan(end: number): Promise<StoredBody[]> {
    const file = await this.opened();
    const bodies: StoredBody[] = [];
    const window = Buffer.allocUnsafeSlow(WINDOW_BYTES);
    let windowAt = 0;
    let windowLength = 0;
    for (let at = 0; at < end; ) {
      const most = FRAME_HEADER_BYTES + LONGEST_ID;
      if (at < windowAt || at + most > windowAt + windowLength) {
        windowAt = at;
        windowLength = (await file.read(window, 0, WINDOW_BYTES, at)).bytesRead;
      }
      const head = window.subarray(at - windowAt, Math.min(at - windowAt + most, windowLength));
      const header = readFrameHeader(head.subarray(0, FRAME_HEADER_BYTES));
      if (typeof header === 'string' || at + header.bytes > end) break;
      const id = batchId(head.toString('latin1', FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + header.idLength));
      if (id === undefined) break;
      const offset = at + FRAME_HEADER_BYTES + header.idLength;
      const { signal, length, bodyCrc: crc } = header;
      bodies.push({
        segment: this,
        index: bodies.length,
        signal,
        id,
        length,
        offset,
        crc,
        failures: 0,
        notBeforeMs: 0,
      });
      at += header.bytes;
    }
    return bodies;
  }

  private async isWhole(body: StoredBody): Promise<boolean> {
    const room = Buffer.allocUnsafeSlow(Math.min(body.length, 1024 * 1024));
    let crc = crc32(body.id);
    for (let from = 0; from < body.length; from += room.length) {
      const piece = room.subarray(0, Math.min(room.length, body.length - from));
      await this.read(body, from, piece);
      crc = crc32(piece, crc);
    }
    return crc === body.crc;
  }
}
