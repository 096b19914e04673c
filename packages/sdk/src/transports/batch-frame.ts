import { crc32 } from 'node:zlib';
import type { Batch, Signal } from '../core/batch.js';

const MAGIC = [0xf5, 0x54, 0x4c, 0x31] as const;
const HEADER_BYTES = 20;
const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs'];

/**
 * A batch as it stands in a file, one frame behind the other (docs/wasi.md, "The format"): a header that says where the frame ends, the batch's id and its bytes.
 * Little-endian:
 *
 *     0  F5 "TL1"                        no text in UTF-8 holds that first byte
 *     4  signal: 1 traces, 2 metrics, 3 logs
 *     5  length of the id
 *     6  0, 0
 *     8  length of the bytes, 32 bits
 *     12 CRC-32 of id and bytes
 *     16 CRC-32 of what stands before
 *     20 id in ASCII, then the bytes
 */
export function batchFrame({ id, signal, bytes }: Pick<Batch, 'id' | 'signal' | 'bytes'>): Uint8Array {
  const start = HEADER_BYTES + id.length;
  const frame = new Uint8Array(start + bytes.length);
  const header = new DataView(frame.buffer);
  frame.set(MAGIC);
  frame[4] = SIGNALS.indexOf(signal) + 1;
  frame[5] = id.length;
  header.setUint32(8, bytes.length, true);
  for (let at = 0; at < id.length; at++) frame[HEADER_BYTES + at] = id.charCodeAt(at);
  frame.set(bytes, start);
  header.setUint32(12, crc32(frame.subarray(HEADER_BYTES)), true);
  header.setUint32(16, crc32(frame.subarray(0, 16)), true);
  return frame;
}
