import { crc32 } from 'node:zlib';
import { batchId } from '../../process/batch-id.js';
import { FRAME_HEADER_BYTES, FRAME_MAGIC, type FrameHeader, readFrameHeader } from '../../process/frame.js';
import type { FilePart, ReadAt } from './file-part.js';

/**
 * The batches in a file of frames (docs/wasi.md, "The format"), from `start` to `end`, in their order. What lies between whole frames is damage: reading goes on at
 * the next place where a whole frame begins. A frame at the end of which a part is missing is `unfinished`: its writer was interrupted, or has not
 * finished yet. Nothing that is in a file makes this throw; it holds one frame at a time.
 */
export async function* readFrames(read: ReadAt, start: number, end: number): AsyncGenerator<FilePart> {
  let damagedFrom: number | undefined;
  /** Where a frame begins that would reach beyond the end. */
  let unfinishedFrom: number | undefined;
  let offset = start;
  while (offset < end) {
    const header = readFrameHeader(await read(offset, FRAME_HEADER_BYTES));
    if (typeof header === 'object' && offset + header.bytes <= end) {
      const frame = await read(offset, header.bytes);
      const id = idOf(frame, header);
      if (id !== undefined) {
        if (damagedFrom !== undefined) yield damage(damagedFrom, offset);
        damagedFrom = undefined;
        unfinishedFrom = undefined;
        const bytes = frame.subarray(FRAME_HEADER_BYTES + header.idLength);
        yield { kind: 'batch', offset, end: offset + header.bytes, signal: header.signal, id, bytes };
        offset += header.bytes;
        continue;
      }
    } else if (header !== 'none') {
      // Whole header or beginning of one: it may be the end of what was written, or damage with more behind it.
      unfinishedFrom ??= offset;
    }
    damagedFrom ??= offset;
    offset = await findMagic(read, offset + 1, end);
  }
  if (damagedFrom === undefined) return;
  // Behind a frame that reaches beyond the end nothing whole was found: that is how a write looks in the middle.
  if (unfinishedFrom !== undefined) {
    if (damagedFrom < unfinishedFrom) yield damage(damagedFrom, unfinishedFrom);
    yield { kind: 'unfinished', offset: unfinishedFrom, end };
  } else yield damage(damagedFrom, end);
}

const damage = (offset: number, end: number): FilePart => ({ kind: 'damaged', offset, end, why: 'no whole frame' });

function idOf(frame: Buffer, { idLength, bodyCrc, bytes }: FrameHeader): string | undefined {
  if (frame.length < bytes || crc32(frame.subarray(FRAME_HEADER_BYTES)) !== bodyCrc) return undefined;
  return batchId(frame.toString('latin1', FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + idLength));
}

const WINDOW = 64 * 1024;

/** Where the next frame may begin, the first bytes of one at the very end included; `end` where none does. */
async function findMagic(read: ReadAt, from: number, end: number): Promise<number> {
  for (let at = from; at < end; ) {
    const window = await read(at, Math.min(WINDOW, end - at));
    const found = window.indexOf(FRAME_MAGIC);
    if (found >= 0) return at + found;
    if (window.length === 0 || at + window.length >= end) {
      const rest = [3, 2, 1].find((length) =>
        window.subarray(-length).equals(FRAME_MAGIC.subarray(0, Math.min(length, window.length))),
      );
      return window.length > 0 && rest !== undefined ? end - Math.min(rest, window.length) : end;
    }
    // Three bytes again: a magic may lie across the windows.
    at += Math.max(1, window.length - 3);
  }
  return end;
}
