import { crc32 } from 'node:zlib';
import type { Signal } from './signal.js';

/** The first bytes of a frame. No text in UTF-8 holds the first of them, so a frame's own strings never look like one. */
export const FRAME_MAGIC = Buffer.from([0xf5, 0x54, 0x4c, 0x31]);
export const FRAME_HEADER_BYTES = 20;
/** Of one frame's body; what claims to be larger is damaged. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs'];

/** What stands in front of a batch in a file (docs/wasi.md, "The format"). */
export interface FrameHeader {
  readonly signal: Signal;
  readonly idLength: number;
  readonly length: number;
  /** Of the id and the bytes behind it. */
  readonly bodyCrc: number;
  /** Of the whole frame. */
  readonly bytes: number;
}

/** `beginning`: too short to say more, and right so far. `none`: no header. */
export function readFrameHeader(bytes: Buffer): FrameHeader | 'beginning' | 'none' {
  if (!bytes.subarray(0, 4).equals(FRAME_MAGIC.subarray(0, bytes.length))) return 'none';
  if (bytes.length < FRAME_HEADER_BYTES) return 'beginning';
  const signal = SIGNALS[bytes[4]! - 1];
  const idLength = bytes[5]!;
  const length = bytes.readUInt32LE(8);
  if (crc32(bytes.subarray(0, 16)) !== bytes.readUInt32LE(16)) return 'none';
  if (signal === undefined || length > MAX_FRAME_BYTES) return 'none';
  return { signal, idLength, length, bodyCrc: bytes.readUInt32LE(12), bytes: FRAME_HEADER_BYTES + idLength + length };
}

/** Everything of a frame but its bytes: header and id. `crc`: of the id and the bytes. */
export function frameHead(signal: Signal, id: string, length: number, crc: number): Buffer {
  const head = Buffer.alloc(FRAME_HEADER_BYTES + id.length);
  FRAME_MAGIC.copy(head);
  head[4] = SIGNALS.indexOf(signal) + 1;
  head[5] = id.length;
  head.writeUInt32LE(length, 8);
  head.writeUInt32LE(crc, 12);
  head.writeUInt32LE(crc32(head.subarray(0, 16)), 16);
  head.write(id, FRAME_HEADER_BYTES, 'latin1');
  return head;
}
