import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchFrame } from '../../../../sdk/src/transports/batch-frame.js';
import { FRAME_MAGIC, MAX_FRAME_BYTES } from '../../process/frame.js';
import type { FilePart, ReadAt } from './file-part.js';
import { readFrames } from './read-frames.js';

/** Reads as a file is read, and as a file it has an end. */
const from =
  (bytes: Uint8Array): ReadAt =>
  async (offset, length) =>
    Buffer.from(bytes.subarray(offset, offset + length));

async function partsOf(bytes: Uint8Array, start = 0, end = bytes.length): Promise<FilePart[]> {
  const parts: FilePart[] = [];
  for await (const part of readFrames(from(bytes), start, end)) parts.push(part);
  return parts;
}

const idOf = (number: number): string => number.toString(16).padStart(32, '0');
const frame = (number: number, bytes = new Uint8Array([number, 2, 3])): Uint8Array =>
  batchFrame({ id: idOf(number), signal: 'traces', bytes });
const idsOf = (parts: readonly FilePart[]): number[] =>
  parts.flatMap((part) => (part.kind === 'batch' ? [Number(`0x${part.id}`)] : []));
const kinds = (parts: readonly FilePart[]): string[] =>
  parts.map(({ kind, offset, end }) => `${kind} ${offset}-${end}`);

describe('a file of frames', () => {
  test('looks as docs/wasi.md says, to the byte', async () => {
    // Written down by hand: a header of 20 bytes, the id, the request. The sums are Python's zlib.crc32.
    const golden = Buffer.from(
      'f5544c31 01 20 0000 03000000 5f7e9421 3cdacca7'.replaceAll(' ', '') +
        Buffer.from('00112233445566770000000000000001').toString('hex') +
        '0a0100',
      'hex',
    );
    const written = Buffer.from(
      batchFrame({ id: '00112233445566770000000000000001', signal: 'traces', bytes: Buffer.from('0a0100', 'hex') }),
    );
    expect(written.toString('hex')).toBe(golden.toString('hex'));
    expect(await partsOf(golden)).toEqual([
      {
        kind: 'batch',
        offset: 0,
        end: 55,
        signal: 'traces',
        id: '00112233445566770000000000000001',
        bytes: Buffer.from('0a0100', 'hex'),
      },
    ]);
  });

  test('gives its batches with their places, from anywhere between two of them', async () => {
    const file = Buffer.concat([frame(1), frame(2), frame(3)]);
    expect(kinds(await partsOf(file))).toEqual(['batch 0-55', 'batch 55-110', 'batch 110-165']);
    expect(idsOf(await partsOf(file, 55, 110))).toEqual([2]);
    expect(await partsOf(new Uint8Array())).toEqual([]);
  });

  test('that was cut anywhere gives what is whole, and says that the rest is unfinished [W4]', async () => {
    const file = Buffer.concat([frame(1), frame(2), frame(3)]);
    for (let cut = 0; cut < file.length; cut++) {
      const parts = await partsOf(file.subarray(0, cut));
      const whole = Math.floor(cut / 55);
      expect(idsOf(parts), `cut at ${cut}`).toEqual([1, 2, 3].slice(0, whole));
      const rest = cut % 55 === 0 ? [] : [`unfinished ${whole * 55}-${cut}`];
      expect(kinds(parts).slice(whole), `cut at ${cut}`).toEqual(rest);
    }
  });

  test('with any one byte changed loses the frame it stands in and no other [W4]', async () => {
    const file = Buffer.concat([frame(1), frame(2), frame(3)]);
    for (let at = 0; at < file.length; at++) {
      const changed = Buffer.from(file);
      changed[at] = changed[at]! ^ (1 << (at & 7));
      const hit = Math.floor(at / 55) + 1;
      const parts = await partsOf(changed);
      expect(idsOf(parts), `byte ${at}`).toEqual([1, 2, 3].filter((number) => number !== hit));
      const others = kinds(parts).filter((text) => !text.startsWith('batch'));
      expect(others, `byte ${at}`).toEqual([`damaged ${(hit - 1) * 55}-${hit * 55}`]);
    }
  });

  test('in which a write broke off and another followed gives the other', async () => {
    const file = Buffer.concat([frame(1), frame(2).subarray(0, 30), frame(2), frame(3).subarray(0, 3)]);
    expect(kinds(await partsOf(file))).toEqual(['batch 0-55', 'damaged 55-85', 'batch 85-140', 'unfinished 140-143']);
  });

  test('whose frames claim to be enormous does not make it read that much', async () => {
    const huge = Buffer.from(frame(1));
    let asked = 0;
    const read: ReadAt = async (offset, length) => {
      asked = Math.max(asked, length);
      return Buffer.from(huge.subarray(offset, offset + length));
    };
    huge.writeUInt32LE(0xffff_ffff, 8);
    for await (const part of readFrames(read, 0, huge.length)) expect(part.kind).toBe('damaged');
    expect(asked).toBeLessThan(100_000);
    expect(MAX_FRAME_BYTES).toBe(64 * 1024 * 1024);
  });

  test('gives every whole frame, whatever lies between them [W4]', async () => {
    // Garbage that likes to look like a frame; without whole ones.
    const garbage = fc
      .array(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.constant(new Uint8Array(FRAME_MAGIC)),
          fc.nat(54).map((length) => frame(99).subarray(0, length)),
        ),
        { maxLength: 4 },
      )
      .map((pieces) => Buffer.concat(pieces));
    const content = fc.uint8Array({ maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(garbage, content), { maxLength: 12 }), garbage, async (entries, tail) => {
        const pieces = entries.flatMap(([before, bytes], number) => [before, frame(number, bytes)]);
        const file = Buffer.concat([...pieces, tail]);
        const parts = await partsOf(file);
        expect(idsOf(parts)).toEqual(entries.map((_, number) => number));
        // Parts lie behind each other without a gap: nothing is skipped in silence.
        let at = 0;
        for (const { offset, end } of parts) {
          expect(offset).toBe(at);
          at = end;
        }
        expect(at).toBe(file.length);
        expect(parts.slice(0, -1).map(({ kind }) => kind)).not.toContain('unfinished');
      }),
      { numRuns: 300 },
    );
  });

  test('of any bytes at all is read to its end without an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
        const parts = await partsOf(bytes);
        expect(idsOf(parts)).toEqual([]);
        expect(parts.at(-1)?.end ?? 0).toBe(bytes.length);
      }),
    );
  });

  test('is read in windows: what lies across two of them is found', async () => {
    for (const gap of [65_530, 65_533, 65_534, 65_535, 65_536, 65_537, 131_071]) {
      const file = Buffer.concat([Buffer.alloc(gap, 0x20), frame(7)]);
      expect(kinds(await partsOf(file)), `${gap}`).toEqual([`damaged 0-${gap}`, `batch ${gap}-${gap + 55}`]);
    }
  });
});
