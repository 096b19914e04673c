/*
 * Protobuf in few bytes of code: a message is a list of bytes, of pieces of bytes and of such lists, made from the inside out; a length is
 * counted where it is needed, and the pieces are joined once. `core/wire` writes into memory at once: several times quicker and larger.
 */

/** Bytes, pieces of bytes, and lists of both. */
export type Bytes = readonly (number | Uint8Array | Bytes)[];
type Flat = (number | Uint8Array)[];

// Of the Encoding standard: every page has it. Core knows no runtime's types, so it is named here.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
const utf8 = /* @__PURE__ */ new TextEncoder();

function flatten(bytes: Bytes, into: Flat): Flat {
  for (const part of bytes) {
    if (Array.isArray(part)) flatten(part, into);
    else into.push(part as number | Uint8Array);
  }
  return into;
}
const lengthOf = (parts: Flat): number =>
  parts.reduce<number>((sum, part) => sum + ((part as Uint8Array).length ?? 1), 0);

/** All of it in one piece. */
export function join(bytes: Bytes): Uint8Array {
  const parts = flatten(bytes, []);
  const joined = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'number') joined[at++] = part;
    else {
      joined.set(part, at);
      at += part.length;
    }
  }
  return joined;
}

/** A safe integer; a negative one as ten bytes of two's complement. */
const varint = (value: number, more = 9): Bytes =>
  value === (value & 127) ? [value] : more ? [(value & 127) | 128, ...varint(Math.floor(value / 128), more - 1)] : [1];

/** A length-delimited field. */
export const field = (tag: number, ...parts: Bytes): Bytes => {
  const body = flatten(parts, []);
  return [tag, varint(lengthOf(body)), body];
};

/** UTF-8, lone surrogates as U+FFFD; nothing for `undefined`. */
export const text = (tag: number, value: string | undefined): Bytes =>
  value == null ? [] : field(tag, utf8.encode(value));

/** Bytes given as hex digits. */
export const hex = (tag: number, digits: string): Bytes =>
  field(
    tag,
    (digits.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)),
  );

/** A varint field; nothing for zero and `undefined`. */
export const count = (tag: number, value: number | undefined): Bytes => (value ? [tag, varint(value)] : []);

/** Fixed 64 bits, as this machine has them: no engine of a page runs on a big-endian one. */
export const fixed = (tag: number, value: BigUint64Array | Float64Array): Bytes => [tag, new Uint8Array(value.buffer)];

/** `AnyValue`: what is none of the attribute types is one without a value. */
export const anyValue = (value: unknown): Bytes =>
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
