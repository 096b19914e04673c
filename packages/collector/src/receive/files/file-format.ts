import { FRAME_MAGIC } from '../../process/frame.js';

/** What a file holds, told by its first bytes. `empty` may become anything. */
export type FileFormat =
  | { readonly kind: 'frames' | 'lines' | 'empty' }
  /** To follow the name of the file. */
  | { readonly kind: 'other'; readonly why: string };

/** Enough of a file to tell. */
export const HEAD_BYTES = 4_096;

export function fileFormat(head: Buffer): FileFormat {
  if (head.length === 0) return { kind: 'empty' };
  if (head.subarray(0, 4).equals(FRAME_MAGIC.subarray(0, head.length))) return { kind: 'frames' };
  if (/^\s*\{/.test(head.toString('latin1'))) return { kind: 'lines' };
  // The first frame may be damaged.
  if (head.includes(FRAME_MAGIC)) return { kind: 'frames' };
  if (/^\s*$/.test(head.toString('latin1'))) return { kind: 'empty' };
  if (head[0] === 0x1f && head[1] === 0x8b) return packed('gzip');
  if (head.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))) return packed('zstd');
  return { kind: 'other', why: "is neither a file of Throughline's frames nor of OTLP/JSON lines" };
}

const packed = (by: string): FileFormat => ({ kind: 'other', why: `is packed by ${by}; unpack it first` });
