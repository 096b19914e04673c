import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_STRING_UNITS, readGuestMemory } from './guest-memory.js';

const PAGE = 65_536;
const memoryWith = (bytes: Uint8Array, at = 0) => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  new Uint8Array(memory.buffer).set(bytes, at);
  return readGuestMemory(memory);
};
/** Lone surrogates are no text in UTF-8; whatever leaves the program is. */
const text = fc.string({ unit: 'binary', maxLength: 200 });
const anyInt32 = fc.oneof(
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  fc.integer({ min: PAGE - 300, max: PAGE + 300 }),
  fc.constantFrom(0, -1, PAGE, 0x7fff_ffff, -0x8000_0000),
);

describe('strings of a guest', () => {
  test('are read as they were written, in both encodings, wherever they lie [W1]', () => {
    fc.assert(
      fc.property(text, fc.nat(1_000), (written, at) => {
        const narrow = Buffer.from(written, 'utf8');
        expect(memoryWith(narrow, at).text(at, narrow.length, 'utf8')).toBe(written);
        const wide = Buffer.from(written, 'utf16le');
        expect(memoryWith(wide, at).text(at, written.length, 'utf16')).toBe(written);
      }),
    );
  });

  test('whatever bytes they are, they are a string of at most the length they claim', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(memoryWith(bytes).text(0, bytes.length, 'utf8')!.length).toBeLessThanOrEqual(bytes.length);
        expect(memoryWith(bytes).text(0, bytes.length >> 1, 'utf16')!.length).toBe(bytes.length >> 1);
      }),
    );
  });

  test('beyond the memory are none, whatever pointer and length say', () => {
    const memory = memoryWith(new Uint8Array());
    fc.assert(
      fc.property(anyInt32, anyInt32, (pointer, length) => {
        for (const [encoding, size] of [
          ['utf8', 1],
          ['utf16', 2],
        ] as const) {
          const inside = (pointer >>> 0) + (length >>> 0) * size <= PAGE;
          expect(memory.text(pointer, length, encoding) !== undefined).toBe(inside);
        }
      }),
    );
  });

  test('of a guest that calls its whole memory a string are cut', () => {
    const memory = readGuestMemory(new WebAssembly.Memory({ initial: 4 }));
    expect(memory.text(0, 4 * PAGE, 'utf8')!.length).toBe(MAX_STRING_UNITS);
    expect(memory.text(0, 2 * PAGE, 'utf16')!.length).toBe(MAX_STRING_UNITS);
  });

  test('in a memory that threads share are read', () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const long = 'shared '.repeat(20);
    new Uint8Array(memory.buffer).set(Buffer.from(long, 'utf16le'));
    expect(readGuestMemory(memory).text(0, long.length, 'utf16')).toBe(long);
    new Uint8Array(memory.buffer).set(Buffer.from(long));
    expect(readGuestMemory(memory).text(0, long.length, 'utf8')).toBe(long);
  });

  test('are read from memory that has grown since', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const reader = readGuestMemory(memory);
    expect(reader.text(PAGE, 1, 'utf8')).toBeUndefined();
    memory.grow(1);
    expect(reader.text(PAGE, 1, 'utf8')).toBe('\0');
  });
});

test('lists that do not lie in the memory are none, and long ones are cut', () => {
  const reader = readGuestMemory(new WebAssembly.Memory({ initial: 1 }));
  expect(reader.doubles(0, PAGE / 8)).toHaveLength(1_024);
  expect(reader.doubles(8, PAGE / 8)).toBeUndefined();
  expect(reader.ints(PAGE - 8, 1)).toEqual([0n]);
  expect(reader.ints(PAGE - 7, 1)).toBeUndefined();
  expect(reader.bools(PAGE, 0)).toEqual([]);
  expect(reader.bools(-1, 2)).toBeUndefined();
  fc.assert(
    fc.property(anyInt32, anyInt32, (pointer, count) => {
      for (const read of [reader.bools, reader.ints, reader.doubles]) expect(() => read(pointer, count)).not.toThrow();
      expect(() => reader.texts(pointer, count, 'utf16')).not.toThrow();
    }),
  );
});
