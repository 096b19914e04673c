import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Batch } from '../core/batch.js';
import { Entries, type Entry, readBytes, readEntries } from './files/entries.js';
import { createOwner, isDead, nobody, SIGN_EVERY_MS } from './files/owners.js';
import { bytesWithin, checkOf, encodeRecord, type RecordKind, recordKinds } from './files/records.js';
import { parseSegmentName, Segment, type SegmentName, syncFolder } from './files/segment.js';
import { type BatchHead, headOf, type OpenStore } from './open-store.js';

export interface FilesStoreOptions {
  /** Created where it is missing. Programs that name the same folder share what waits in it. Other files there are left alone. */
  readonly folder: string;
  /**
   * Bytes of batches in the folder, of all programs that share it: one that lives alone may fill it, and each may have its equal part. Default
   * 64 MiB; errors may exceed it by a tenth. The files take up to twice that.
   */
  readonly maxBytes?: number | undefined;
  /** A batch that nobody has asked for until then (its destination is no longer in use) is given up. Default 7 days. */
  readonly maxAgeMs?: number | undefined;
  /**
   * When the disk itself is asked to keep what was written. `each`: before a batch counts as stored, so that it survives a loss of power, for
   * some milliseconds of waiting, which several share. `interval`: each `syncEveryMs`, so that a loss of power takes no more than that. `never`, the
   * default: when the operating system does it, within half a minute or so. The end of the process takes nothing in any of them.
   */
  readonly sync?: 'each' | 'interval' | 'never' | undefined;
  /** Default 1,000. */
  readonly syncEveryMs?: number | undefined;
  /** Milliseconds of a clock that does not go back, for leases. Default `performance.now`. */
  readonly nowMs?: (() => number) | undefined;
}

export interface FilesStore extends OpenStore {
  putSync(batch: Batch): boolean;
  /** Others may take what it has from now on; without it, when this process has ended. */
  close(): Promise<void>;
}

/** A batch that still grows. */
interface OpenBatch {
  readonly segment: Segment;
  readonly first: number;
  bytes: number;
}

const LOOK_EVERY_MS = 2_000;
const LOOK_FOR_OLD_EVERY_MS = 60_000;
/** An empty segment that is shorter is written on. */
const WORTH_CLEARING_BYTES = 64 * 1024;

/**
 * Batches in files, for programs that have a disk. When `put` has settled the batch has survived the end of this process, however it ends; with `sync: 'each'`
 * a loss of power as well. `putSync` and `append` have that before they return.
 *
 * Each program appends to segments of its own, whose names say whose they are. What a dead one left, another takes over by renaming it, which
 * only one can; a batch is never in two hands. What is settled is marked in place, and a segment without anything else is removed.
 * What cannot be read is skipped and counted. Where the disk is full or the folder cannot be written, `put` rejects and the batch stays in memory.
 */
export function filesStore(options: FilesStoreOptions): FilesStore {
  const { maxBytes = 64 * 1024 * 1024, maxAgeMs = 604_800_000, sync = 'never', syncEveryMs = 1_000 } = options;
  const nowMs = options.nowMs ?? (() => performance.now());
  // A program may go to another folder later.
  const folder = resolve(options.folder);
  const segmentBytes = Math.min(Math.max(maxBytes / 32, 64 * 1024), 1024 * 1024);
  const me = createOwner();
  const waiting = new Entries();
  const open = new Map<string, OpenBatch>();
  const segments = new Set<Segment>();
  let damaged = 0;
  let expired = 0;
  /** As they were when they were looked at last. */
  let others = { owners: 0, bytes: 0 };
  let openBytes = 0;
  let active: Segment | undefined;
  let looked: Promise<void> | undefined;
  let lookedMs = Number.NEGATIVE_INFINITY;
  let agedMs = Number.NEGATIVE_INFINITY;
  let closed = false;
  const timers: NodeJS.Timeout[] = [];

  const bound = (): number => Math.max(maxBytes - others.bytes, Math.floor(maxBytes / (1 + others.owners)));

  function every(ms: number, run: () => void): void {
    const timer = setInterval(run, ms);
    timer.unref();
    timers.push(timer);
  }

  function begin(): void {
    if (timers.length) return;
    every(SIGN_EVERY_MS, () => {
      const now = new Date();
      for (const segment of segments) quietly(() => segment.giveSign(now));
    });
    if (sync === 'interval')
      every(syncEveryMs, () => {
        for (const segment of segments) if (segment.dirty) quietly(() => void segment.sync().catch(() => {}));
      });
  }

  /** Where the next record of a batch goes that has none yet. */
  function segmentToWrite(): Segment {
    if (closed) throw new Error('the store is closed');
    if (active && !active.isMine) forgetSegment(active);
    if (active && active.end >= segmentBytes) {
      const full = active;
      active = undefined;
      full.rest();
      tidy(full);
    }
    if (!active) {
      mkdirSync(folder, { recursive: true });
      const segment = new Segment(folder, me, randomBytes(8).toString('hex'));
      segment.create();
      if (sync === 'each') syncFolder(folder);
      segments.add(segment);
      active = segment;
      begin();
    }
    return active;
  }

  /** Behind its parts, so that it goes when they go. */
  function segmentFor(id: string): Segment {
    const segment = open.get(id)?.segment;
    if (segment?.isMine && !closed) return segment;
    if (segment) forgetSegment(segment);
    return segmentToWrite();
  }

  /** Somebody else has it, or nobody. */
  function forgetSegment(segment: Segment): void {
    for (const { entry, id } of waiting) if (entry.segment === segment) waiting.forget(id, entry);
    for (const [id, { segment: its, bytes }] of open)
      if (its === segment) {
        open.delete(id);
        openBytes -= bytes;
      }
    segments.delete(segment);
    segment.rest();
    if (active === segment) active = undefined;
  }

  function removeEntry(id: string, entry: Entry): void {
    waiting.forget(id, entry);
    entry.segment.mark(entry.marks);
    tidy(entry.segment);
  }

  /** The parts of a batch that was given up before it was sealed. */
  function removeOpen(id: string): void {
    const left = open.get(id);
    if (!left) return;
    open.delete(id);
    openBytes -= left.bytes;
    left.segment.mark([left.first]);
    left.segment.pins.delete(id);
    tidy(left.segment);
  }

  /** A segment that holds nothing any more goes; the one that is written to begins anew. */
  function tidy(segment: Segment): void {
    if (segment.pins.size) return;
    if (segment !== active) {
      segments.delete(segment);
      quietly(() => segment.remove());
    } else if (segment.end >= WORTH_CLEARING_BYTES) quietly(() => segment.clear());
  }

  /** Appends it whole, in one record, and gives back how it stands there. */
  function write(
    segment: Segment,
    batch: Batch,
    kind: RecordKind = recordKinds.batch,
    of?: string,
  ): Pick<Entry, 'segment' | 'stretches' | 'marks'> {
    const record = encodeRecord(kind, { ...headOf(batch), ...(of !== undefined && { of }) }, batch.bytes, segment.seed);
    const start = segment.append(record);
    return standing(segment, start, record, batch.bytes);
  }

  const standing = (segment: Segment, start: number, record: Uint8Array, bytes: Uint8Array) => ({
    segment,
    stretches: [{ at: start + bytesWithin(record), length: bytes.length, check: checkOf(bytes, segment.seed) }],
    marks: [start],
  });

  /** `undefined` where there is no room; throws where it cannot be written. */
  function store(batch: Batch, mostBytes: number): Segment | undefined {
    const { id, bytes } = batch;
    const known = waiting.get(id);
    const grown = open.get(id);
    if (waiting.bytes - (known?.byteLength ?? 0) + openBytes - (grown?.bytes ?? 0) + bytes.length > mostBytes) {
      removeOpen(id);
      return undefined;
    }
    const place = write(segmentFor(id), batch);
    if (known) {
      waiting.forget(id, known);
      known.segment.mark(known.marks);
    }
    const parts = open.get(id);
    if (parts) {
      open.delete(id);
      openBytes -= parts.bytes;
    }
    waiting.add(id, {
      head: headOf(batch),
      byteLength: bytes.length,
      heldUntilMs: Number.NEGATIVE_INFINITY,
      ...place,
      marks: parts ? [...place.marks, parts.first] : place.marks,
    });
    if (known) tidy(known.segment);
    tidyUp();
    return place.segment;
  }

  /** What is left of segments in which most has gone moves into the one that is written to, so that the folder stays bounded. */
  function tidyUp(): void {
    let taken = 0;
    for (const { end } of segments) taken += end;
    if (taken <= 2 * (waiting.bytes + openBytes) + 4 * segmentBytes) return;
    let emptiest: Segment | undefined;
    for (const segment of segments)
      if (segment !== active && !isGrowing(segment) && segment.pins.size / segment.end < share(emptiest))
        emptiest = segment;
    if (emptiest) quietly(() => moveOut(emptiest));
  }

  const share = (segment: Segment | undefined): number =>
    segment ? segment.pins.size / segment.end : Number.POSITIVE_INFINITY;
  const isGrowing = (segment: Segment): boolean => [...open.values()].some((each) => each.segment === segment);

  function moveOut(from: Segment): void {
    const moved: { readonly id: string; readonly entry: Entry; readonly place: ReturnType<typeof write> }[] = [];
    try {
      for (const id of [...from.pins]) {
        const entry = waiting.get(id)!;
        const bytes = readBytes(entry);
        if (bytes) moved.push({ id, entry, place: write(segmentToWrite(), { ...entry.head, bytes }) });
        else damage(id, entry);
      }
      if (sync === 'each') for (const segment of new Set(moved.map(({ place }) => place.segment))) segment.syncSync();
    } catch (error) {
      for (const { place } of moved) place.segment.mark(place.marks);
      throw error;
    }
    for (const { id, entry, place } of moved) {
      from.pins.delete(id);
      place.segment.pins.add(id);
      Object.assign(entry, place);
    }
    tidy(from);
  }

  function damage(id: string, entry: Entry): void {
    damaged++;
    removeEntry(id, entry);
  }

  /** Takes over what the dead have left, and sees how much room the living leave. */
  function look(): Promise<void> {
    if (nowMs() - lookedMs < LOOK_EVERY_MS && looked) return looked;
    lookedMs = nowMs();
    const looking = (looked ?? Promise.resolve()).then(async () => {
      const living = new Set<string>();
      let bytes = 0;
      for (const file of await readdir(folder).catch(() => [])) {
        const name = parseSegmentName(file);
        if (!name || name.owner === me || closed) continue;
        const seen = await stat(join(folder, file)).catch(() => undefined);
        if (!seen?.isFile()) continue;
        if (isDead(name.owner, seen.mtimeMs, Date.now())) await takeOver(name).catch(() => {});
        else {
          living.add(name.owner);
          bytes += seen.size;
        }
      }
      others = { owners: living.size, bytes };
      if (nowMs() - agedMs >= LOOK_FOR_OLD_EVERY_MS) {
        agedMs = nowMs();
        giveUpOld();
      }
    });
    looked = looking;
    return looking;
  }

  async function takeOver({ owner, segment: id }: SegmentName): Promise<void> {
    const segment = new Segment(folder, owner, id);
    // Throws where another was quicker.
    segment.giveTo(me);
    const contents = await readFile(segment.path).catch(() => undefined);
    if (!contents || closed) {
      if (contents) segment.giveTo(nobody);
      else damaged++;
      return;
    }
    segments.add(segment);
    begin();
    segment.end = contents.length;
    const found = readEntries(segment, contents);
    damaged += found.damaged;
    for (const entry of found.entries) {
      const { id } = entry.head;
      // It had begun to move elsewhere when its owner died.
      if (waiting.get(id) || open.has(id)) segment.mark(entry.marks);
      else waiting.add(id, entry);
    }
    // Programs that start and end often leave many that are nearly empty.
    if (segment.pins.size && segment.end < segmentBytes / 4) quietly(() => moveOut(segment));
    tidy(segment);
  }

  function giveUpOld(): void {
    const oldestMs = Date.now() - maxAgeMs;
    for (const { id, entry } of [...waiting])
      if (entry.head.createdUnixMs < oldestMs && entry.heldUntilMs <= nowMs()) {
        expired += entry.head.items;
        removeEntry(id, entry);
      }
  }

  return {
    durability: sync === 'each' ? 'power-loss' : 'process-crash',
    async put(batch) {
      const segment = store(batch, bound());
      if (sync === 'each') await segment?.sync();
      return segment !== undefined;
    },
    atOnce: sync !== 'each',
    putSync(batch) {
      // In the last turn there is no time to make room, and what ended the process is the one thing to know.
      const segment = store(batch, bound() * (batch.priority === 'high' ? 1.1 : 1));
      if (sync === 'each') segment?.syncSync();
      return segment !== undefined;
    },
    async append(part, at) {
      const { id, bytes } = part;
      if (waiting.bytes + openBytes + bytes.length > bound()) return false;
      const segment = segmentFor(id);
      const grown = open.get(id);
      const first = segment.append(encodeRecord(recordKinds.part, { ...headOf(part), at }, bytes, segment.seed));
      if (grown) grown.bytes += bytes.length;
      else {
        open.set(id, { segment, first, bytes: bytes.length });
        segment.pins.add(id);
      }
      openBytes += bytes.length;
      if (sync === 'each') await segment.sync();
      return true;
    },
    async claim(_owner, { leaseMs, limit, destinations }) {
      await look();
      const now = nowMs();
      const batches: Batch[] = [];
      for (const { id, entry } of waiting) {
        if (batches.length >= limit) break;
        if (entry.heldUntilMs > now || (destinations && !destinations.includes(entry.head.destination))) continue;
        const bytes = readBytes(entry);
        if (!bytes) {
          damage(id, entry);
          continue;
        }
        entry.heldUntilMs = now + leaseMs;
        batches.push({ ...entry.head, bytes });
      }
      return batches;
    },
    async release(ids) {
      for (const id of ids) {
        const entry = waiting.get(id);
        if (!entry) continue;
        entry.heldUntilMs = Number.NEGATIVE_INFINITY;
        waiting.putLast(id, entry);
      }
    },
    async remove(ids) {
      for (const id of ids) {
        const entry = waiting.get(id);
        if (entry) removeEntry(id, entry);
        removeOpen(id);
      }
    },
    async replace(parentId, parts) {
      const parent = waiting.get(parentId);
      if (!parent) return false;
      const bytes = parts.reduce((sum, part) => sum + part.bytes.length, 0);
      if (waiting.bytes - parent.byteLength + openBytes + bytes > bound()) return false;
      // In the segment of what they replace, and in one write, so that whoever has one has all.
      const { segment } = parent;
      const records = parts.map((part) =>
        encodeRecord(recordKinds.piece, { ...headOf(part), of: parentId }, part.bytes, segment.seed),
      );
      const commit = encodeRecord(recordKinds.commit, { id: parentId }, new Uint8Array(0), segment.seed);
      let start = segment.append(Buffer.concat([...records, commit]));
      parts.forEach((part, at) => {
        const record = records[at]!;
        waiting.add(part.id, {
          head: headOf(part),
          byteLength: part.bytes.length,
          heldUntilMs: Number.NEGATIVE_INFINITY,
          ...standing(segment, start, record, part.bytes),
        });
        start += record.length;
      });
      removeEntry(parentId, parent);
      if (sync === 'each') await segment.sync();
      return true;
    },
    async evict(order, wanted) {
      const most = bound();
      const dropped: BatchHead[] = [];
      for (const { id, entry } of waiting.free(order, nowMs())) {
        if (most - waiting.bytes - openBytes >= wanted) break;
        removeEntry(id, entry);
        dropped.push(entry.head);
      }
      return dropped;
    },
    async size() {
      await (looked ?? look());
      const { batches, items, bytes } = waiting;
      return { batches, items, bytes, damaged, expired, maxBytes };
    },
    async close() {
      if (closed) return;
      closed = true;
      for (const timer of timers) clearInterval(timer);
      active = undefined;
      for (const segment of [...segments]) {
        quietly(() => segment.rest());
        quietly(() => {
          if (segment.pins.size) segment.giveTo(nobody);
          else segment.remove();
        });
      }
      segments.clear();
    },
  };
}

/** For what is only tidying: a disk that does not let it is none of the caller's business. */
function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // The next one may.
  }
}
