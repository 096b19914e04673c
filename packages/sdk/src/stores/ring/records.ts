import { crc32 } from './crc32.js';

/*
 * What stands in a block, all numbers little-endian:
 *
 *   block header · entry · entry · … · free · two places for a floor
 *
 * The header says which block is the newest. An entry is a header, the batch, and a page of its own that is cleared when the batch is removed: no
 * page is ever programmed twice. A floor is written before another block is erased: what has a lower counter is gone, whatever
 * a half-erased block may still show. Each of the three has a checksum; what has none that is right was not finished.
 */

const twoTo32 = 0x1_0000_0000;

/** A layout with its fields at fixed places; `bytes` is the room where one is read and written. */
export interface Room {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
}

export function createRoom(length: number): Room {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

const putCounter = ({ view }: Room, at: number, counter: number): void => {
  view.setUint32(at, counter % twoTo32, true);
  view.setUint32(at + 4, Math.floor(counter / twoTo32), true);
};
const getCounter = ({ view }: Room, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * twoTo32;

/** The checksum stands behind the fields. */
const close = ({ bytes, view }: Room, length: number): void => view.setInt32(length, crc32(bytes, 0, length), true);
const isWhole = ({ bytes, view }: Room, length: number): boolean =>
  view.getInt32(length, true) === crc32(bytes, 0, length);

/** "TLr1". */
const blockMagic = 0x3172_4c54;
/** "TLf1". */
const floorMagic = 0x3166_4c54;
/** What an entry begins with. */
export const entryMagic = 0x54;

export const blockHeaderBytes = 36;
export const entryHeaderBytes = 36;
export const floorBytes = 20;

export interface BlockHeader {
  /** Counts openings of blocks: the highest is the newest. */
  readonly sequence: number;
  /** No batch with this counter, or a higher one, was appended before. */
  readonly nextCounter: number;
  readonly floor: number;
}

export function writeBlockHeader(room: Room, header: BlockHeader, blockBytes: number, pageBytes: number): void {
  const { view } = room;
  view.setUint32(0, blockMagic, true);
  view.setUint32(4, header.sequence, true);
  putCounter(room, 8, header.nextCounter);
  putCounter(room, 16, header.floor);
  view.setUint32(24, blockBytes, true);
  view.setUint32(28, pageBytes, true);
  close(room, 32);
}

/** `undefined`: no header, one that was not finished, or one of another division into blocks and pages. */
export function readBlockHeader(room: Room, blockBytes: number, pageBytes: number): BlockHeader | undefined {
  const { view } = room;
  if (view.getUint32(0, true) !== blockMagic || !isWhole(room, 32)) return undefined;
  if (view.getUint32(24, true) !== blockBytes || view.getUint32(28, true) !== pageBytes) return undefined;
  return { sequence: view.getUint32(4, true), nextCounter: getCounter(room, 8), floor: getCounter(room, 16) };
}

export function writeFloor(room: Room, floor: number): void {
  room.view.setUint32(0, floorMagic, true);
  putCounter(room, 4, floor);
  room.view.setUint32(12, 0, true);
  close(room, 16);
}

export const readFloor = (room: Room): number =>
  room.view.getUint32(0, true) === floorMagic && isWhole(room, 16) ? getCounter(room, 4) : 0;

export interface EntryHeader {
  readonly items: number;
  readonly length: number;
  readonly counter: number;
  readonly createdUnixMs: number;
  /** Checksum of the batch. */
  readonly crc: number;
}

/** The process that made the batch, 8 bytes at this place of an entry's header. */
export const processAt = 8;

export function writeEntryHeader(room: Room, entry: EntryHeader, process: Uint8Array): void {
  const { bytes, view } = room;
  view.setUint8(0, entryMagic);
  view.setUint8(1, 0);
  view.setUint16(2, Math.min(entry.items, 0xffff), true);
  view.setUint32(4, entry.length | 0, true);
  bytes.set(process, processAt);
  // 48 bits each: a batch a millisecond for nine thousand years, and milliseconds for as long.
  view.setUint32(16, entry.counter % twoTo32, true);
  view.setUint16(20, Math.floor(entry.counter / twoTo32), true);
  view.setUint16(22, Math.floor(entry.createdUnixMs / twoTo32), true);
  view.setUint32(24, entry.createdUnixMs % twoTo32, true);
  view.setInt32(28, entry.crc, true);
  close(room, 32);
}

/** `undefined`: nothing was written here, or it was not finished. */
export function readEntryHeader(room: Room): EntryHeader | undefined {
  const { view } = room;
  if (view.getUint8(0) !== entryMagic || !isWhole(room, 32)) return undefined;
  return {
    items: view.getUint16(2, true),
    length: view.getUint32(4, true),
    counter: view.getUint32(16, true) + view.getUint16(20, true) * twoTo32,
    createdUnixMs: view.getUint32(24, true) + view.getUint16(22, true) * twoTo32,
    crc: view.getInt32(28, true),
  };
}
