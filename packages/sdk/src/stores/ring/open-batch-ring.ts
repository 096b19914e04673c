import type { BatchRing, OnLost, WaitingBatch } from '../../core/fixed/batch-ring.js';
import { batchId } from '../../core/outbox/seal-ids.js';
import type { Entropy } from '../../core/ports.js';
import type { BlockDevice } from './block-device.js';
import { crc32 } from './crc32.js';
import {
  blockHeaderBytes,
  createRoom,
  type EntryHeader,
  entryHeaderBytes,
  entryMagic,
  floorBytes,
  processAt,
  readBlockHeader,
  readEntryHeader,
  readFloor,
  writeBlockHeader,
  writeEntryHeader,
  writeFloor,
} from './records.js';

export interface BatchRingOptions {
  /** Owned by this ring alone. What was not made by a ring of the same division is overwritten. */
  readonly device: BlockDevice;
  /** Asked once, for the 8 bytes that tell this process's batches from others'. */
  readonly entropy: Entropy;
  /** Batches are no larger: what is kept in memory for reading one. Default 2,048, or what fits a block. */
  readonly maxBytes?: number | undefined;
  readonly onLost?: OnLost | undefined;
}

/** What is written in one call, at least: headers and batches pass through a room of this size. */
const STAGE_BYTES = 256;
const MAX_BYTES = 2048;

/**
 * Batches in the blocks of a device, oldest first; blocks are used in turn, so that all wear alike. Survives a power cut at any byte: what
 * `append` acknowledged is there afterwards, once, until `remove` has returned; what was cut short is skipped. Memory is taken now and does
 * not grow. Counters go on from the highest that was ever appended, so that no id comes twice even where `entropy` repeats itself.
 *
 * Throws `RangeError` for a device that cannot hold a ring; else what the device throws on reading.
 */
export function openBatchRing(options: BatchRingOptions): BatchRing {
  const { device, entropy, onLost = () => {} } = options;
  const { blockBytes, blockCount, pageBytes = 1, durability = 'power-loss' } = device;
  const pages = (bytes: number): number => Math.ceil(bytes / pageBytes) * pageBytes;
  const dataStart = pages(blockHeaderBytes);
  const dataEnd = blockBytes - 2 * pages(floorBytes);
  const maxBytes = Math.min(dataEnd - dataStart - pageBytes - entryHeaderBytes, options.maxBytes ?? MAX_BYTES);
  if (!(blockCount >= 2 && blockBytes >= 1024 && blockBytes % pageBytes === 0 && maxBytes >= 256))
    throw new RangeError(`${blockCount} blocks of ${blockBytes} bytes in pages of ${pageBytes} cannot hold batches`);

  // What is in memory neither decays nor survives half of a write.
  const checksum = durability === 'memory' ? () => 0 : crc32;

  const process = new Uint8Array(8);
  entropy.fill(process);
  const room = createRoom(entryHeaderBytes);
  const stage = new Uint8Array(pages(STAGE_BYTES));
  const one = new Uint8Array(1);
  const content = new Uint8Array(maxBytes);

  /** By block: when it was opened, counted; 0 for one that holds nothing. */
  const opened = new Uint32Array(blockCount);
  let sequence = 0;
  let nextCounter = 0;
  /** Counters below are gone; known to the device. */
  let floor = 0;
  /** Where the next entry goes. No block is open while `head` is negative. */
  let head = -1;
  let headAt = dataEnd;
  /** At or before the oldest that waits. */
  let tail = 0;
  let tailAt = dataStart;
  let batches = 0;
  let items = 0;
  let bytes = 0;
  let given: { id: string; block: number; opening: number; at: number; entry: EntryHeader } | undefined;

  const sizeOf = ({ length }: { length: number }): number => pages(entryHeaderBytes + length) + pageBytes;
  const idIn = (counter: number): string => batchId(room.bytes.subarray(processAt, processAt + 8), counter);

  /** The entry there, into `room`; `undefined` where none was finished. */
  function entryAt(block: number, at: number): EntryHeader | undefined {
    if (at + entryHeaderBytes > dataEnd) return undefined;
    device.read(block * blockBytes + at, room.bytes);
    const entry = readEntryHeader(room);
    return entry && at + sizeOf(entry) <= dataEnd ? entry : undefined;
  }

  /**
   * Where the first entry at or behind `from` begins; `end` where there is none. What stands between is half a header: the power went, and later writes went
   * on behind it.
   */
  function find(block: number, from: number, end: number): number {
    let at = from;
    while (at < end && !entryAt(block, at)) {
      at += pageBytes;
      // On to the next page that begins as entries do.
      for (let looked = at; looked < end && at === looked; ) {
        const piece = stage.subarray(0, Math.min(stage.length, end - looked));
        device.read(block * blockBytes + looked, piece);
        let inside = 0;
        while (inside < piece.length && piece[inside] !== entryMagic) inside += pageBytes;
        looked += piece.length;
        at += Math.min(inside, piece.length);
      }
    }
    return Math.min(at, end);
  }

  /** Any cleared bit of its page says that somebody was removing it, and so that it had arrived. */
  function isLive(block: number, at: number, entry: EntryHeader): boolean {
    device.read(block * blockBytes + at + sizeOf(entry) - pageBytes, one);
    return one[0] === 0xff && entry.counter >= floor;
  }

  function count(entry: { items: number; length: number }, sign: 1 | -1): void {
    batches += sign;
    items += sign * entry.items;
    bytes += sign * entry.length;
  }

  /** Programs `header` and what follows it as whole pages. */
  function program(position: number, header: Uint8Array, body?: Uint8Array): void {
    const first = header.length;
    const end = first + (body?.length ?? 0);
    for (let from = 0; from < end; from += stage.length) {
      stage.fill(0xff);
      if (from < first) stage.set(header.subarray(from, from + stage.length));
      if (body && from + stage.length > first)
        stage.set(body.subarray(Math.max(0, from - first), from + stage.length - first), Math.max(0, first - from));
      device.program(position + from, stage.subarray(0, pages(Math.min(stage.length, end - from))));
    }
  }

  function markRemoved(block: number, at: number, entry: EntryHeader): void {
    stage.fill(0, 0, pageBytes);
    device.program(block * blockBytes + at + sizeOf(entry) - pageBytes, stage.subarray(0, pageBytes));
  }

  /** Behind the last byte in this part of a block that is not blank; `from` where all are. */
  function writtenTo(block: number, from: number, to = dataEnd): number {
    let end = from;
    for (let at = from; at < to; at += stage.length) {
      const piece = stage.subarray(0, Math.min(stage.length, to - at));
      device.read(block * blockBytes + at, piece);
      for (let byte = 0; byte < piece.length; byte++) if (piece[byte] !== 0xff) end = at + byte + 1;
    }
    return end;
  }

  function isIntact(block: number, at: number, entry: EntryHeader): boolean {
    let crc = 0;
    for (let from = 0; from < entry.length; from += stage.length) {
      const piece = stage.subarray(0, Math.min(stage.length, entry.length - from));
      device.read(block * blockBytes + at + entryHeaderBytes + from, piece);
      crc = checksum(piece, 0, piece.length, crc);
    }
    return crc === entry.crc;
  }

  /** Moves `tail` to the oldest that waits, and leaves its header in `room`. */
  function settle(): EntryHeader | undefined {
    while (head >= 0) {
      const end = tail === head ? headAt : dataEnd;
      tailAt = find(tail, tailAt, end);
      const entry = tailAt < end ? entryAt(tail, tailAt) : undefined;
      if (entry) {
        if (isLive(tail, tailAt, entry)) return entry;
        tailAt += sizeOf(entry);
      } else {
        if (tail === head) return undefined;
        do tail = (tail + 1) % blockCount;
        while (!opened[tail]);
        tailAt = dataStart;
      }
    }
    return undefined;
  }

  /** Gives up what still waits in a block that is to be erased; it is the oldest block. */
  function sacrifice(block: number): void {
    let ends = 0;
    for (let entry = settle(); entry && tail === block; entry = settle()) {
      count(entry, -1);
      onLost(idIn(entry.counter), entry.items, 'store-full');
      tailAt += sizeOf(entry);
    }
    for (let at = find(block, dataStart, dataEnd); at < dataEnd; at = find(block, at, dataEnd)) {
      const entry = entryAt(block, at)!;
      ends = Math.max(ends, entry.counter + 1);
      at += sizeOf(entry);
    }
    // An erasure cut short may show entries without their marks again: this says that they are gone.
    if (ends > floor) {
      floor = settle()?.counter ?? nextCounter;
      const size = pages(floorBytes);
      for (const at of [dataEnd, dataEnd + size]) {
        if (writtenTo(head, at, at + size) > at) continue;
        writeFloor(room, floor);
        program(head * blockBytes + at, room.bytes.subarray(0, floorBytes));
        break;
      }
    }
    opened[block] = 0;
  }

  /** Opens the next block in turn; blocks that do not work are passed over. */
  function advance(): boolean {
    for (let passed = 1; passed <= blockCount - (head < 0 ? 0 : 1); passed++) {
      const block = (head + passed) % blockCount;
      try {
        if (opened[block]) sacrifice(block);
        device.erase(block);
        writeBlockHeader(room, { sequence: sequence + 1, nextCounter, floor }, blockBytes, pageBytes);
        program(block * blockBytes, room.bytes.subarray(0, blockHeaderBytes));
      } catch {
        continue;
      }
      if (head < 0) tail = block;
      opened[block] = ++sequence;
      head = block;
      headAt = dataStart;
      return true;
    }
    return false;
  }

  function append(batch: Uint8Array, batchItems: number, createdUnixMs: number): boolean {
    const { length } = batch;
    const crc = checksum(batch, 0, length);
    // A block may have become bad; a second one hardly at the same moment.
    for (let attempt = 0; length <= maxBytes && attempt < 2; attempt++) {
      if (headAt + sizeOf(batch) > dataEnd && !advance()) return false;
      const entry = { items: batchItems, length, counter: nextCounter++, createdUnixMs, crc };
      const at = headAt;
      try {
        writeEntryHeader(room, entry, process);
        program(head * blockBytes + at, room.bytes, batch);
        headAt += sizeOf(batch);
        count(entry, 1);
        return true;
      } catch {
        headAt = dataEnd;
        try {
          if (entryAt(head, at)) markRemoved(head, at, entry);
        } catch {}
      }
    }
    return false;
  }

  function oldest(): WaitingBatch | undefined {
    for (let entry = settle(); entry; entry = settle()) {
      const id = idIn(entry.counter);
      const target = entry.length > maxBytes ? new Uint8Array(entry.length) : content.subarray(0, entry.length);
      device.read(tail * blockBytes + tailAt + entryHeaderBytes, target);
      if (checksum(target, 0, target.length) === entry.crc) {
        given = { id, block: tail, opening: opened[tail]!, at: tailAt, entry };
        return { id, items: entry.items, createdUnixMs: entry.createdUnixMs, bytes: target };
      }
      const [block, at] = [tail, tailAt];
      tailAt += sizeOf(entry);
      count(entry, -1);
      onLost(id, entry.items, 'damaged');
      markRemoved(block, at, entry);
    }
    return undefined;
  }

  function remove({ id }: WaitingBatch): void {
    // Its block may have been given up, and opened anew, while the batch was under way.
    if (given?.id !== id || opened[given.block] !== given.opening) return;
    const { block, at, entry } = given;
    given = undefined;
    count(entry, -1);
    markRemoved(block, at, entry);
  }

  /** Finds out what an earlier process left. */
  function recover(): void {
    for (let block = 0; block < blockCount; block++) {
      device.read(block * blockBytes, room.bytes);
      const header = readBlockHeader(room, blockBytes, pageBytes);
      if (!header) continue;
      opened[block] = header.sequence;
      nextCounter = Math.max(nextCounter, header.nextCounter);
      floor = Math.max(floor, header.floor);
      for (const at of [dataEnd, dataEnd + pages(floorBytes)]) {
        device.read(block * blockBytes + at, room.bytes.subarray(0, floorBytes));
        floor = Math.max(floor, readFloor(room));
      }
      if (header.sequence > sequence) {
        sequence = header.sequence;
        head = block;
      }
    }
    if (head < 0) return;
    nextCounter = Math.max(nextCounter, floor);
    tail = -1;
    for (let passed = 1; passed <= blockCount; passed++) {
      const block = (head + passed) % blockCount;
      if (!opened[block]) continue;
      if (tail < 0) tail = block;
      recoverBlock(block);
    }
  }

  function recoverBlock(block: number): void {
    let ends = dataStart;
    let last: { at: number; entry: EntryHeader } | undefined;
    for (let at = find(block, ends, dataEnd); at < dataEnd; at = find(block, ends, dataEnd)) {
      const entry = entryAt(block, at)!;
      nextCounter = Math.max(nextCounter, entry.counter + 1);
      last = undefined;
      if (isLive(block, at, entry)) {
        count(entry, 1);
        last = { at, entry };
      }
      ends = at + sizeOf(entry);
    }
    if (block !== head) return;
    // Only the very last write can have been cut short: within its batch, or within its header.
    if (last && !isIntact(block, last.at, last.entry)) {
      count(last.entry, -1);
      entryAt(block, last.at);
      onLost(idIn(last.entry.counter), last.entry.items, 'damaged');
      markRemoved(block, last.at, last.entry);
    }
    headAt = pages(writtenTo(block, ends));
    if (headAt > ends) onLost('', 1, 'damaged');
  }

  recover();
  return {
    durability,
    maxBytes,
    get batches() {
      return batches;
    },
    get items() {
      return items;
    },
    get bytes() {
      return bytes;
    },
    append,
    oldest,
    remove,
  };
}
