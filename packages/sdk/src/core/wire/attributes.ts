import { anyValueBound, writeAnyValue } from './any-value.js';
import type { EncodedKey, KeyCache } from './encoded-key.js';
import { utf8Length, writeAscii, writeUtf8 } from './utf8.js';
import { closeLength, varintSize, writeVarint } from './varint.js';

/** Attributes as they wait in a span: an `EncodedKey`, its value, and so on. One array, no pairs; it may be longer than what counts. */
export type AttributeList = unknown[];

/** Key and text together shorter than this make, if the text is ASCII as nearly all are, a `KeyValue` whose lengths are one byte each. */
const maxShort = 124;

/** What an attribute needs at most beside its key and the content of its value. */
export const attributeOverhead = 24;

/** Bytes that `writeAttributes` may at most need for one attribute. */
export const attributeBound = (key: EncodedKey, value: unknown): number =>
  key.size + attributeOverhead + (typeof value === 'string' ? value.length * 3 : anyValueBound(value));

/**
 * Writes the first `length` places of `list` as a repeated `KeyValue` field (common.proto) with the given one-byte tag and returns the
 * position behind it. A key that stands there twice is written once: the list is then put in order first.
 */
export function writeAttributes(
  bytes: Uint8Array,
  view: DataView,
  pos: number,
  tag: number,
  list: AttributeList,
  length: number,
  keys: KeyCache,
): number {
  if (keys.overflowed) length = uniqueAttributes(list, length, keys);
  const run = nextRun(keys);
  let at = pos;
  for (let i = 0; i < length; i += 2) {
    const key = list[i] as EncodedKey;
    if (key.mark === run) {
      length = uniqueAttributes(list, length, keys);
      return writeAttributes(bytes, view, pos, tag, list, length, keys);
    }
    key.mark = run;
    bytes[at] = tag;
    const value = list[i + 1];
    if (typeof value === 'string' && key.size + value.length < maxShort) {
      // The usual case stands here and not in a function: the call would cost a fifth of it.
      const known = key.writeKnown(view, at + 1, value);
      if (known > 0) {
        at = known;
        continue;
      }
      const { length: chars } = value;
      const valueAt = key.write(view, at + 2);
      bytes[at + 1] = key.size + chars + 3;
      bytes[valueAt] = chars + 2;
      bytes[valueAt + 1] = 0x0a;
      bytes[valueAt + 2] = chars;
      const end = writeAscii(bytes, view, valueAt + 3, value);
      if (end > 0) {
        if (known < 0) key.learn(bytes, at + 1, end);
        at = end;
        continue;
      }
    }
    if (
      key.size < maxShort - 8 &&
      (typeof value === 'boolean' || (typeof value === 'number' && value === value >>> 0))
    ) {
      const valueAt = key.write(view, at + 2);
      bytes[valueAt + 1] = value === true || value === false ? 0x10 : 0x18;
      let rest = Number(value);
      let end = valueAt + 2;
      while (rest > 127) {
        bytes[end++] = (rest & 127) | 128;
        rest >>>= 7;
      }
      bytes[end++] = rest;
      bytes[valueAt] = end - valueAt - 1;
      bytes[at + 1] = end - at - 2;
      at = end;
      continue;
    }
    if (key.size < maxShort - 8 && typeof value === 'number' && !Number.isSafeInteger(value)) {
      const valueAt = key.write(view, at + 2);
      bytes[at + 1] = key.size + 10;
      bytes[valueAt] = 9;
      bytes[valueAt + 1] = 0x21;
      view.setFloat64(valueAt + 2, value, true);
      at = valueAt + 10;
      continue;
    }
    at = writeKeyValue(bytes, view, at + 1, key, value);
  }
  return at;
}

const nextRun = (keys: KeyCache): number => {
  keys.run = (keys.run + 1) & 0x3fff_ffff;
  return keys.run;
};

/** Writes length and content of a `KeyValue` and returns the position behind it. */
function writeKeyValue(bytes: Uint8Array, view: DataView, pos: number, key: EncodedKey, value: unknown): number {
  const { size } = key;
  if (typeof value === 'string') {
    const { length } = value;
    const utf8 = utf8Length(value);
    const inner = 1 + varintSize(utf8) + utf8;
    let at = key.write(view, writeVarint(bytes, pos, size + varintSize(inner) + inner));
    at = writeVarint(bytes, at, inner);
    bytes[at] = 0x0a;
    at = writeVarint(bytes, at + 1, utf8);
    if (utf8 !== length) return writeUtf8(bytes, at, value);
    return writeAscii(bytes, view, at, value);
  }
  const at = key.write(view, pos + 1);
  return closeLength(bytes, pos, closeLength(bytes, at, writeAnyValue(bytes, view, at + 1, value)));
}

/** Leaves each key once, where it first stood, with the value it was given last. In place; returns the new length. */
export function uniqueAttributes(list: AttributeList, length: number, cache: KeyCache): number {
  const run = nextRun(cache);
  let kept = 0;
  for (let i = 0; i < length; i += 2) {
    const key = list[i] as EncodedKey;
    let at = -1;
    if (!key.remembered) at = indexOfKey(list, key, kept);
    // The second look is for a mark that is as old as the numbers of runs are many.
    else if (key.mark === run && key.index < kept && list[key.index] === key) at = key.index;
    if (at < 0) {
      at = kept;
      kept += 2;
      key.mark = run;
      key.index = at;
    }
    if (at === i) continue;
    list[at] = key;
    list[at + 1] = list[i + 1];
  }
  return kept;
}

/** Where `key` stands among the first `length` places of `list`; -1 where it does not. */
export function indexOfKey(list: AttributeList, key: EncodedKey, length: number): number {
  for (let i = 0; i < length; i += 2) {
    const other = list[i] as EncodedKey;
    if (other === key || (!(other.remembered && key.remembered) && other.key === key.key)) return i;
  }
  return -1;
}
