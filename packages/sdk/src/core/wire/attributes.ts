import { anyValueBound, writeAnyValue } from './any-value.js';
import type { EncodedKey, KeyCache } from './encoded-key.js';
import { utf8Length, writeAscii, writeUtf8 } from './utf8.js';
import { closeLength, varintSize, writeVarint } from './varint.js';

/** Attributes as they wait in a span: an `EncodedKey`, its value, and so on. One array, no pairs. */
export type AttributeList = unknown[];

/** Bytes that `writeAttributes` may at most need. */
export function attributesBound(list: AttributeList): number {
  let bound = 0;
  for (let i = 0; i < list.length; i += 2) {
    const value = list[i + 1];
    bound += (list[i] as EncodedKey).size + 12;
    bound += typeof value === 'string' ? value.length * 3 + 12 : typeof value === 'object' ? anyValueBound(value) : 24;
  }
  return bound;
}

/** Writes a repeated `KeyValue` field (common.proto) with the given one-byte tag and returns the position behind it. */
export function writeAttributes(
  bytes: Uint8Array,
  view: DataView,
  pos: number,
  tag: number,
  list: AttributeList,
): number {
  for (let i = 0; i < list.length; i += 2) {
    bytes[pos] = tag;
    pos = writeKeyValue(bytes, view, pos + 1, list[i] as EncodedKey, list[i + 1]);
  }
  return pos;
}

/** Writes length and content of a `KeyValue` and returns the position behind it. */
function writeKeyValue(bytes: Uint8Array, view: DataView, pos: number, key: EncodedKey, value: unknown): number {
  const { size } = key;
  if (typeof value === 'string') {
    const { length } = value;
    if (size + length < 124) {
      // Every length is one byte, if the value is ASCII as nearly all are.
      bytes[pos] = size + length + 3;
      const at = writeKey(view, pos + 1, key);
      bytes[at] = length + 2;
      bytes[at + 1] = 0x0a;
      bytes[at + 2] = length;
      const end = writeAscii(bytes, view, at + 3, value);
      if (end > 0) return end;
    }
    const utf8 = utf8Length(value);
    const inner = 1 + varintSize(utf8) + utf8;
    let at = writeKey(view, writeVarint(bytes, pos, size + varintSize(inner) + inner), key);
    at = writeVarint(bytes, at, inner);
    bytes[at] = 0x0a;
    at = writeVarint(bytes, at + 1, utf8);
    if (utf8 !== length) return writeUtf8(bytes, at, value);
    return writeAscii(bytes, view, at, value);
  }
  if (typeof value === 'number' && value === (value | 0) && value >= 0 && value < 128 && size < 124) {
    bytes[pos] = size + 3;
    const at = writeKey(view, pos + 1, key);
    bytes[at] = 2;
    bytes[at + 1] = 0x18;
    bytes[at + 2] = value;
    return at + 3;
  }
  const at = writeKey(view, pos + 1, key);
  return closeLength(bytes, pos, closeLength(bytes, at, writeAnyValue(bytes, view, at + 1, value)));
}

function writeKey(view: DataView, pos: number, { words, size }: EncodedKey): number {
  for (let i = 0; i < words.length; i++) view.setInt32(pos + i * 4, words[i]!, true);
  return pos + size;
}

/** Leaves each key once, where it first stood, with the value it was given last. In place. */
export function uniqueAttributes(list: AttributeList, cache: KeyCache): void {
  const run = ++cache.run;
  let length = 0;
  for (let i = 0; i < list.length; i += 2) {
    const key = list[i] as EncodedKey;
    let at = length;
    if (key.remembered) {
      if (key.mark === run) at = key.index;
    } else {
      at = indexOfKey(list, key, length);
      if (at < 0) at = length;
    }
    key.mark = run;
    key.index = at;
    list[at] = key;
    list[at + 1] = list[i + 1];
    if (at === length) length += 2;
  }
  list.length = length;
}

/** Where `key` stands among the first `length` places of `list`; -1 where it does not. */
export function indexOfKey(list: AttributeList, key: EncodedKey, length: number): number {
  for (let i = 0; i < length; i += 2) {
    const other = list[i] as EncodedKey;
    if (other === key || (!(other.remembered && key.remembered) && other.key === key.key)) return i;
  }
  return -1;
}
