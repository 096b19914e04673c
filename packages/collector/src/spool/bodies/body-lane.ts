import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { frameHead } from '../../process/frame.js';
import type { Signal } from '../../process/signal.js';
import { ChunkWriter } from './chunk-writer.js';
import { type NewBody, Segment, type StoredBody } from './segment.js';

/** Nor when it has so many batches. */
const FULL_COUNT = 8_192;
/** What was forwarded is written down this late, many together; a kill in between sends it once more, under its id. */
const MARK_MS = 50;
const AGAIN_MS = 1_000;

/** A request on its way to the disk. */
export interface WaitingBody {
  readonly signal: Signal;
  readonly id: string;
  readonly bytes: Uint8Array;
  /** CRC-32 of the id and the bytes. */
  readonly crc: number;
}

export interface BodyLaneOptions {
  /** Created where missing. */
  readonly directory: string;
  /** Of batches that leave the lane: from then on somebody else must know them. Throws what the file system says. */
  readonly keepKeys: (keys: readonly string[]) => Promise<void>;
  readonly onEvent: (message: string) => void;
  /** A segment takes no more when it has so many. */
  readonly segmentBytes: number;
}

/**
 * One destination's way through the spool of bodies: requests that arrive while the disk is busy share the next write and its fsync, and wait in segments until
 * they are taken out, sent, and finished. In memory are the batches of the segments that are being written and sent, and nothing of those between.
 */
export class BodyLane {
  /** Told when there is something to take, or may be. */
  onWaiting: () => void = () => undefined;
  waitingBatches = 0;
  refused = 0;
  private readonly options: BodyLaneOptions;
  /** Oldest first; the last one is written to. */
  private segments: Segment[] = [];
  private nextNumber = 1;
  private open: Segment | undefined;
  /** The next to be handed out for the first time. */
  private readonly cursor = { segment: 0, index: 0 };
  private readonly returned: StoredBody[] = [];
  private takesReturned = false;
  private readonly underWay = new Set<StoredBody>();

  private readonly chunks = new ChunkWriter();
  private filling: NewBody[] = [];
  private waiters: ((failure: string | undefined) => void)[] = [];
  private writing: Promise<void> | undefined;
  private markTimer: NodeJS.Timeout | undefined;
  /** One change of done files and segments after the other. */
  private keeping: Promise<void> = Promise.resolve();
  private closed = false;
  /** Splits that are not finished. */
  private holds = 0;

  private constructor(options: BodyLaneOptions) {
    this.options = options;
  }

  /** Reads what an earlier process left. `keys` of it are those that the ledger must know. */
  static async open(options: BodyLaneOptions): Promise<{ lane: BodyLane; keys: readonly string[] }> {
    const lane = new BodyLane(options);
    const { directory, onEvent } = options;
    await mkdir(directory, { recursive: true });
    const numbers = (await readdir(directory))
      .map((file) => /^(\d+)\.tl$/.exec(file)?.[1])
      .filter((number) => number !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
    const keys: string[] = [];
    let hasHalves = false;
    for (const number of numbers) {
      const { segment, isTorn, keptAs } = await Segment.recover(directory, number, number === numbers.at(-1));
      if (isTorn)
        onEvent(`Cut off the unfinished end of ${join(directory, `${number}`)}; nothing acknowledged was in it.`);
      if (keptAs !== undefined)
        onEvent(
          `A part of the spool could not be read. It is kept in ${keptAs}; \`throughline import\` takes what can be read of it.`,
        );
      keys.push(...(await segment.keys()));
      hasHalves ||= segment.bodies!.some(({ id }) => id.includes('.'));
      lane.segments.push(segment);
      lane.nextNumber = number + 1;
      await segment.rest();
    }
    if (hasHalves) await lane.dropHalves();
    lane.waitingBatches = lane.segments.reduce((sum, { left }) => sum + left, 0);
    await lane.removeFinished();
    return { lane, keys };
  }

  /** On the disk, what is finished and not yet removed included. */
  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Batches that the lane knows the names of, finished ones in its segments included. */
  get batches(): number {
    return this.segments.reduce((sum, segment) => sum + segment.count, 0);
  }

  /** Resolves when the request is on the disk; with what went wrong when it is not. The bytes are copied before it returns. */
  append(...bodies: readonly WaitingBody[]): Promise<string | undefined> {
    for (const { signal, id, bytes, crc } of bodies) {
      const head = frameHead(signal, id, bytes.length, crc);
      this.filling.push({ signal, id, crc, length: bytes.length, offset: this.chunks.length + head.length });
      this.chunks.write(head);
      this.chunks.write(bytes);
    }
    return new Promise((settle) => {
      this.waiters.push(settle);
      this.writing ??= this.write().finally(() => {
        this.writing = undefined;
      });
    });
  }

  /** The next batch to send; it is the caller's until it is finished or given back. `undefined`: none now; `onWaiting` will be called. */
  take(nowMs: number): StoredBody | undefined {
    // In turns, so that one that fails and fails does not keep the others from being tried.
    this.takesReturned = !this.takesReturned;
    const first = this.takesReturned ? this.takeReturned(nowMs) : this.takeNew();
    const body = first ?? (this.takesReturned ? this.takeNew() : this.takeReturned(nowMs));
    if (body !== undefined) this.underWay.add(body);
    return body;
  }

  /** When the first of those that were given back may be tried again; `undefined` where there is none. */
  get nextReturnMs(): number | undefined {
    return this.returned.reduce<number | undefined>(
      (least, { notBeforeMs }) => (least === undefined || notBeforeMs < least ? notBeforeMs : least),
      undefined,
    );
  }

  giveBack(body: StoredBody): void {
    this.underWay.delete(body);
    this.returned.push(body);
  }

  /** It has arrived, or need not. */
  finish(body: StoredBody): void {
    const { segment } = body;
    this.underWay.delete(body);
    segment.finish(body.index);
    this.waitingBatches--;
    if (segment === this.open && segment.left === 0 && this.isFull(segment) && this.writing === undefined)
      this.open = undefined;
    if (segment.left === 0 && segment !== this.open) void this.keep(() => this.removeFinished());
    else this.markSoon();
  }

  /** Two halves in the place of a batch. From the moment that this resolves there are only they, also after a loss of power. Throws. */
  async replace(body: StoredBody, halves: readonly [WaitingBody, WaitingBody]): Promise<void> {
    // A start that finds a batch and a half of it drops the half; so nothing may be sent of them before the batch is marked.
    this.holds++;
    try {
      const failure = await this.append(...halves);
      if (failure !== undefined) throw new Error(failure);
      body.segment.finish(body.index);
      this.waitingBatches--;
      this.underWay.delete(body);
      while (!this.closed && !(await this.marked(body.segment)))
        await new Promise((done) => setTimeout(done, AGAIN_MS).unref());
    } finally {
      this.holds--;
      this.onWaiting();
    }
  }

  /** Out of the way, but kept, as a file that `throughline import` reads. Resolves with its name. Throws what the file system says. */
  async setAside(body: StoredBody): Promise<string> {
    const { segment, signal, id, length, crc } = body;
    const folder = join(this.options.directory, 'refused');
    await mkdir(folder, { recursive: true });
    // An id can come twice, with different bytes.
    const path = join(folder, `${id}-${crc.toString(16).padStart(8, '0')}.tl`);
    const file = await open(path, 'w');
    try {
      await file.appendFile(frameHead(signal, id, length, crc));
      const room = Buffer.allocUnsafeSlow(Math.min(length, 256 * 1024));
      for (let from = 0; from < length; from += room.length) {
        const piece = room.subarray(0, Math.min(room.length, length - from));
        await segment.read(body, from, piece);
        await file.appendFile(piece);
      }
      await file.datasync();
    } finally {
      await file.close();
    }
    this.refused++;
    this.finish(body);
    return path;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.markTimer);
    await this.writing;
    await this.keep(async () => {
      for (const segment of this.segments) await segment.mark(false).catch(() => undefined);
    });
    this.open = undefined;
    await this.keep(() => this.removeFinished());
    for (const segment of this.segments) await segment.rest();
  }

  private async marked(segment: Segment): Promise<boolean> {
    return await this.keep(() => segment.mark(true)).then(
      () => true,
      (error: unknown) => {
        this.options.onEvent(`The spool could not be written: ${String(error)}`);
        return false;
      },
    );
  }

  private takeReturned(nowMs: number): StoredBody | undefined {
    const at = this.returned.findIndex(({ notBeforeMs }) => notBeforeMs <= nowMs);
    return at < 0 ? undefined : this.returned.splice(at, 1)[0];
  }

  private takeNew(): StoredBody | undefined {
    if (this.holds > 0) return undefined;
    for (;;) {
      const segment = this.segments.find(({ number }) => number >= this.cursor.segment);
      if (segment === undefined) return undefined;
      if (segment.number !== this.cursor.segment) {
        this.cursor.segment = segment.number;
        this.cursor.index = 0;
      }
      if (segment.bodies === undefined) {
        segment.load().then(
          () => this.onWaiting(),
          (error: unknown) => {
            this.options.onEvent(`The spool could not be read: ${String(error)}`);
            setTimeout(() => this.onWaiting(), AGAIN_MS).unref();
          },
        );
        return undefined;
      }
      while (this.cursor.index < segment.bodies.length) {
        const body = segment.bodies[this.cursor.index++]!;
        if (!segment.isFinished(body.index)) return body;
      }
      if (segment === this.open || segment === this.segments.at(-1)) return undefined;
      this.cursor.segment = segment.number + 1;
      this.cursor.index = 0;
    }
  }

  private async write(): Promise<void> {
    while (this.filling.length > 0) {
      const { filling: bodies, waiters } = this;
      const chunks = this.chunks.take();
      this.filling = [];
      this.waiters = [];
      let failure: string | undefined;
      try {
        const segment = await this.room();
        const stored = await segment.append(chunks.views, bodies);
        this.waitingBatches += stored.length;
      } catch (error) {
        failure = `The spool could not be written: ${error instanceof Error ? error.message : String(error)}`;
        this.options.onEvent(failure);
        await this.giveUpOpen();
      }
      chunks.giveBack();
      for (const settle of waiters) settle(failure);
      if (failure === undefined) this.onWaiting();
    }
  }

  /** On a full disk an open segment would keep its room after all in it has arrived: the next write, once there is room, begins another one. */
  private async giveUpOpen(): Promise<void> {
    const segment = this.open;
    try {
      await segment?.cut();
    } catch {
      // Then nothing may be written behind it, and the next write tries this first.
      return;
    }
    this.open = undefined;
    if (segment?.left === 0) void this.keep(() => this.removeFinished());
  }

  private isFull({ bytes, count }: Segment): boolean {
    return bytes >= this.options.segmentBytes || count >= FULL_COUNT;
  }

  /** The segment for the next write. */
  private async room(): Promise<Segment> {
    const { directory } = this.options;
    const before = this.open;
    if (before !== undefined && !this.isFull(before)) return before;
    // What failed to be written stands at its end until it is cut off, and only an end may.
    await before?.cut();
    const next = await Segment.create(directory, this.nextNumber++);
    this.segments.push(next);
    this.open = next;
    if (before?.left === 0) void this.keep(() => this.removeFinished());
    else if (before !== undefined && this.cursor.segment < before.number) void this.keep(() => this.restOf(before));
    return next;
  }

  /** A segment that is full before the first of it is sent waits on disk alone. */
  private async restOf(segment: Segment): Promise<void> {
    if (this.cursor.segment >= segment.number || segment === this.open) return;
    await segment.rest();
  }

  private markSoon(): void {
    if (this.markTimer !== undefined || this.closed) return;
    this.markTimer = setTimeout(() => {
      this.markTimer = undefined;
      this.keep(async () => {
        for (const segment of this.segments) await segment.mark(false);
      }).catch(() => undefined);
    }, MARK_MS).unref();
  }

  private keep(change: () => Promise<void>): Promise<void> {
    const kept = this.keeping.then(change);
    this.keeping = kept.catch(() => undefined);
    return kept;
  }

  /** Segments of which nothing is left: first others know their batches, then they go. */
  private async removeFinished(): Promise<void> {
    for (const segment of this.segments.filter((each) => each.left === 0 && each !== this.open)) {
      const keys = await segment.keys();
      try {
        try {
          await this.options.keepKeys(keys);
        } catch (error) {
          // A full disk has no room for the names either; it has when the batches, which have arrived, are gone.
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
          await segment.removeBodies();
          await this.options.keepKeys(keys);
        }
        await segment.removeBodies();
        await segment.removeMarks();
      } catch (error) {
        this.options.onEvent(`The spool could not be cleared: ${String(error)}`);
        if (!this.closed)
          setTimeout(() => void this.keep(() => this.removeFinished()).catch(() => undefined), AGAIN_MS).unref();
        return;
      }
      this.segments = this.segments.filter((each) => each !== segment);
    }
  }

  /** A batch that was about to be split when the process ended is there whole: its halves were never sent. */
  private async dropHalves(): Promise<void> {
    const left = async (segment: Segment): Promise<readonly StoredBody[]> => {
      await segment.load();
      return segment.bodies!.filter(({ index }) => !segment.isFinished(index));
    };
    const wholes = new Set<string>();
    for (const segment of this.segments) {
      for (const { id } of await left(segment)) wholes.add(id);
      await segment.rest();
    }
    for (const segment of this.segments) {
      for (const { id, index } of await left(segment))
        if (id.includes('.') && wholes.has(id.slice(0, -2))) segment.finish(index);
      await segment.rest();
    }
  }
}
