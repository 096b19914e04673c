/*
 * Protobuf in few bytes of code: a message is a list of bytes and of lists of bytes, made from the inside out and flattened where its length
 * is needed. `core/wire`, which writes into memory once, is some ten times quicker and six times as large. Tags up to 127 only.
 */

/** Bytes, and lists of them. */
export type Bytes = readonly (number | Bytes)[];

// Of the Encoding standard: every page has it. Core knows no runtime's types, so it is named here.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };

/** All bytes in one list. */
export const flat = (bytes: Bytes): number[] => bytes.flat(9) as number[];

/** A safe integer; a negative one as ten bytes of two's complement. */
export const varint = (value: number, more = 9): Bytes =>
  value === (value & 127) ? [value] : more ? [(value & 127) | 128, ...varint(Math.floor(value / 128), more - 1)] : [1];

/** A length-delimited field. */
export const field = (tag: number, ...parts: Bytes): Bytes => {
  const body = flat(parts);
  return [tag, varint(body.length), body];
};

/** UTF-8, lone surrogates as U+FFFD; nothing for `undefined`. */
export const text = (tag: number, value: string | undefined): Bytes =>
  value == null ? [] : field(tag, [...new TextEncoder().encode(value)]);

/** Bytes given as hex digits. */
export const hex = (tag: number, digits: string): Bytes =>
  field(
    tag,
    (digits.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)),
  );

/** A varint field; nothing for zero and `undefined`. */
export const count = (tag: number, value: number | undefined): Bytes => (value ? [tag, varint(value)] : []);

/** Fixed 64 bits, as this machine has them: no engine of a page runs on a big-endian one. */
export const fixed = (tag: number, value: BigUint64Array | Float64Array): Bytes => [
  tag,
  ...new Uint8Array(value.buffer),
];

/** `AnyValue`: what is none of the attribute types is one without a value. */
const anyValue = (value: unknown): Bytes =>
  typeof value === 'string'
    ? text(10, value)
    : Array.isArray(value)
      ? field(
          42,
          value.map((item) => field(10, anyValue(item))),
        )
      : typeof value === 'boolean'
        ? [16, +value]
        : Number.isSafeInteger(value)
          ? [24, varint(value as number)]
          : typeof value === 'number'
            ? fixed(33, new Float64Array([value]))
            : [];

/** A repeated `KeyValue` field; what has no value is left out. */
export const attributes = (tag: number, values: Readonly<Record<string, unknown>> | undefined): Bytes =>
  Object.entries(values ?? {}).map(([key, value]) =>
    value == null ? [] : field(tag, text(10, key), field(18, anyValue(value))),
  );
