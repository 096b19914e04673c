import { crc32 } from 'node:zlib';
import type { BatchHead } from '../open-store.js';

/*
 * What stands in a segment, one record behind the other, all numbers little-endian:
 *
 *     0  F5 "TLs"
 *     4  mark: FF FF FF FF, or zeros once the batch is gone; the one thing that is ever changed, and no checksum's
 *     8  kind, 16 bits
 *     10 length of the head, 16 bits
 *     12 length of the bytes, 32 bits
 *     16 CRC-32 of the bytes
 *     20 CRC-32 of 0 to 3, 8 to 19 and the head
 *     24 head as JSON, then the bytes
 *
 * Checksums begin with a seed of the segment's own, so that nothing that a batch carries can pass for a record of it. Marking in
 * place needs no room, which a full disk has not, and a byte that goes wrong in the mark does not change what it says.
 */

export const recordKinds = {
  /** A batch. */
  batch: 1,
  /** A part of a batch that still grows. */
  part: 2,
  /** One of those that stand in the place of a batch, from the commit behind them on. */
  piece: 3,
  commit: 4,
} as const;

export type RecordKind = (typeof recordKinds)[keyof typeof recordKinds];

export interface RecordHead extends Partial<BatchHead> {
  readonly id: string;
  /** Which part. */
  readonly at?: number;
  /** In whose place. */
  readonly of?: string;
}

export interface SegmentRecord {
  readonly kind: RecordKind;
  readonly head: RecordHead;
  readonly gone: boolean;
  readonly start: number;
  readonly bytesAt: number;
  readonly byteLength: number;
}

const MAGIC = Buffer.from([0xf5, 0x54, 0x4c, 0x73]);
const MARK_AT = 4;
const KIND_AT = 8;
const HEADER_BYTES = 24;

export const seedOf = (segment: string): number => crc32(Buffer.from(segment));

export function encodeRecord(kind: RecordKind, head: RecordHead, bytes: Uint8Array, seed: number): Uint8Array {
  const json = Buffer.from(JSON.stringify(head));
  if (json.length > 0xffff) throw new RangeError(`a head of ${json.length} bytes`);
  const record = Buffer.allocUnsafe(HEADER_BYTES + json.length + bytes.length);
  MAGIC.copy(record);
  record.fill(0xff, MARK_AT, KIND_AT);
  record.writeUInt16LE(kind, KIND_AT);
  record.writeUInt16LE(json.length, 10);
  record.writeUInt32LE(bytes.length, 12);
  record.writeUInt32LE(checkOf(bytes, seed), 16);
  json.copy(record, HEADER_BYTES);
  record.set(bytes, HEADER_BYTES + json.length);
  record.writeUInt32LE(headCheck(record, 0, json.length, seed), 20);
  return record;
}

/** Where a record's mark stands, and what is written there. */
export const markAt = (start: number): number => start + MARK_AT;
export const goneMark = new Uint8Array(KIND_AT - MARK_AT);

/** Where its bytes begin. */
export const bytesWithin = (record: Uint8Array): number =>
  HEADER_BYTES + new DataView(record.buffer, record.byteOffset).getUint16(10, true);

export const checkOf = (bytes: Uint8Array, seed: number): number => crc32(bytes, seed);

/** Every record that can be read, in order, and how many stretches between them cannot. */
export function readRecords(
  segment: Buffer,
  seed: number,
): { readonly records: readonly SegmentRecord[]; readonly damaged: number } {
  const records: SegmentRecord[] = [];
  let damaged = 0;
  let readable = true;
  for (let start = 0; start < segment.length; ) {
    const record = readRecord(segment, start, seed);
    if (record) {
      readable = true;
      records.push(record);
      start = record.bytesAt + record.byteLength;
      continue;
    }
    if (readable) damaged++;
    readable = false;
    const next = segment.indexOf(MAGIC, start + 1);
    if (next < 0) break;
    start = next;
  }
  return { records, damaged };
}

function readRecord(segment: Buffer, start: number, seed: number): SegmentRecord | undefined {
  if (start + HEADER_BYTES > segment.length || segment.compare(MAGIC, 0, MAGIC.length, start, start + MAGIC.length))
    return undefined;
  const headLength = segment.readUInt16LE(start + 10);
  const byteLength = segment.readUInt32LE(start + 12);
  const bytesAt = start + HEADER_BYTES + headLength;
  if (bytesAt + byteLength > segment.length) return undefined;
  if (headCheck(segment, start, headLength, seed) !== segment.readUInt32LE(start + 20)) return undefined;
  const gone = isGone(segment.readUInt32LE(start + MARK_AT));
  // Of what is gone the bytes may be anything: that it is gone must be known.
  if (!gone && checkOf(segment.subarray(bytesAt, bytesAt + byteLength), seed) !== segment.readUInt32LE(start + 16))
    return undefined;
  try {
    const head = JSON.parse(segment.toString('utf8', start + HEADER_BYTES, bytesAt)) as RecordHead;
    return { kind: segment.readUInt16LE(start + KIND_AT) as RecordKind, head, gone, start, bytesAt, byteLength };
  } catch {
    return undefined;
  }
}

function headCheck(from: Uint8Array, start: number, headLength: number, seed: number): number {
  const upToMark = crc32(from.subarray(start, start + MARK_AT), seed);
  const upToCheck = crc32(from.subarray(start + KIND_AT, start + 20), upToMark);
  return crc32(from.subarray(start + HEADER_BYTES, start + HEADER_BYTES + headLength), upToCheck);
}

/** Most bits say more than some that went wrong. */
function isGone(mark: number): boolean {
  let bits = 0;
  for (let rest = mark; rest; rest >>>= 1) bits += rest & 1;
  return bits < 16;
}
