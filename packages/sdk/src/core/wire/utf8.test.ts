import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readUtf8, utf8Length, writeAscii, writeUtf8 } from './utf8.js';

const anyText = fc.oneof(
  fc.string(),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units)),
);

test('any string is written as TextEncoder writes it, lone surrogates as U+FFFD', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const expected = new TextEncoder().encode(text);
      const bytes = new Uint8Array(text.length * 3 + 4);
      const ascii = writeAscii(bytes, new DataView(bytes.buffer), 0, text);
      const end = ascii < 0 ? writeUtf8(bytes, 0, text) : ascii;
      expect(utf8Length(text)).toBe(expected.length);
      expect(bytes.subarray(0, end)).toEqual(expected);
    }),
    { numRuns: 2_000 },
  );
});

test('any UTF-8 is read back', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const bytes = new TextEncoder().encode(text);
      expect(readUtf8(bytes, 0, bytes.length)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    }),
    { numRuns: 2_000 },
  );
});

test('malformed UTF-8 reads as well-formed text without an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const text = readUtf8(bytes, 0, bytes.length);
      expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text))).toBe(text);
    }),
  );
  expect(readUtf8(new Uint8Array([0x61, 0xff, 0x62, 0xc3]), 0, 4)).toBe('a\ufffdb\ufffd');
  // Overlong, a surrogate, beyond the last plane.
  for (const bytes of [
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
  ]) {
    expect(readUtf8(new Uint8Array(bytes), 0, bytes.length)).toMatch(/^\ufffd+$/);
  }
});
