import { isUtf8 } from 'node:buffer';
import { collectYoungGarbage } from '../ops/young-garbage.js';

/*
 * Growing columns of one `Native` block. They take bytes and numbers, never strings or objects, keep their memory from block to block, and
 * can be cut back to an earlier length, which is how a span or a request that turns out to be unusable leaves no trace.
 */

/** Above this many bytes a native copy beats a loop; and a length of more takes a second byte. */
const LOOP_BYTES = 127;
/** Of four bytes, the bits that ASCII has not. */
const NOT_ASCII = 0x80808080;
const REPLACER = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
const ENCODER = new TextEncoder();

/** `bytes` with every sequence that is not UTF-8 replaced by U+FFFD. */
function replaceInvalid(bytes: Uint8Array): Uint8Array {
  return ENCODER.encode(REPLACER.decode(bytes));
}

/** Texts are given as a place in a view: read four bytes at a time they cost a third of what they do byte by byte. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesOf(view: DataView, start: number, end: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + start, end - start);
}

function larger(capacity: number, needed: number): number {
  let size = capacity * 2;
  while (size < needed) size *= 2;
  return size;
}

/** What columns were before they grew. Ordinary ones have grown once and for all after a few requests. */
const outgrown = collectYoungGarbage(8 * 1024 * 1024);

/** Strings one after the other, each with its length in front. */
export class StringColumn {
  bytes = new Uint8Array(4096);
  /** Of the same memory. */
  view = viewOf(this.bytes);
  length = 0;

  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const bytes = new Uint8Array(larger(this.bytes.length, needed));
    bytes.set(this.bytes.subarray(0, this.length));
    outgrown.add(this.bytes.length);
    this.bytes = bytes;
    this.view = viewOf(bytes);
  }

  /** Appends `source[start, end)` as text: what is not UTF-8 becomes U+FFFD. */
  append(source: DataView, start: number, end: number): void {
    const count = end - start;
    this.reserve(count + 5);
    if (count <= LOOP_BYTES) {
      const { view } = this;
      const begin = this.length + 1;
      let seen = 0;
      if (count >= 4) {
        const last = count - 4;
        for (let i = 0; i < last; i += 4) {
          const word = source.getInt32(start + i, true);
          seen |= word;
          view.setInt32(begin + i, word, true);
        }
        const word = source.getInt32(start + last, true);
        seen |= word;
        view.setInt32(begin + last, word, true);
      } else {
        for (let i = 0; i < count; i++) {
          const byte = source.getUint8(start + i);
          seen |= byte;
          view.setUint8(begin + i, byte);
        }
      }
      if ((seen & NOT_ASCII) === 0) {
        this.bytes[this.length] = count;
        this.length = begin + count;
        return;
      }
    }
    const bytes = bytesOf(source, start, end);
    this.appendRaw(isUtf8(bytes) ? bytes : replaceInvalid(bytes));
  }

  /** The same strings again: those from byte `from` on, `times` times more. */
  repeat(from: number, times: number): void {
    const count = this.length - from;
    this.reserve(count * times);
    repeatEnd(this.bytes, from, count, times);
    this.length += count * times;
  }

  /** Appends bytes that are known to be UTF-8. */
  appendRaw(view: Uint8Array): void {
    this.reserve(view.length + 5);
    this.writeLength(view.length);
    this.bytes.set(view, this.length);
    this.length += view.length;
  }

  appendEmpty(): void {
    this.reserve(1);
    this.bytes[this.length++] = 0;
  }

  /** Appends bytes that already are strings of this column, taken from a template. */
  appendEncoded(view: Uint8Array): void {
    this.reserve(view.length);
    this.bytes.set(view, this.length);
    this.length += view.length;
  }

  writeLength(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Strings `from` to `to`. Cheapest when asked for one piece after the other. */
  slice(from: number, to: number): Uint8Array {
    return this.bytes.subarray(this.offsetOf(from), this.offsetOf(to));
  }

  private knownIndex = 0;
  private knownOffset = 0;

  /** Where string number `index` begins; there is no table of it, so the lengths are followed from the last one asked for. */
  private offsetOf(index: number): number {
    if (index < this.knownIndex) this.knownIndex = this.knownOffset = 0;
    const { bytes } = this;
    let offset = this.knownOffset;
    for (let i = this.knownIndex; i < index; i++) {
      let count = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[offset++]!;
        count += (byte & 127) * 2 ** shift;
        if (byte < 128) break;
      }
      offset += count;
    }
    this.knownIndex = index;
    this.knownOffset = offset;
    return offset;
  }

  clear(): void {
    this.length = this.knownIndex = this.knownOffset = 0;
    if (this.bytes.length > KEPT_BYTES) {
      this.bytes = new Uint8Array(4096);
      this.view = viewOf(this.bytes);
    }
  }
}

/** Copies `array[from, from + count)` behind itself so often, twice as much each time. */
function repeatEnd(array: Uint8Array | Uint32Array, from: number, count: number, times: number): void {
  const end = from + count * (times + 1);
  for (let done = count; from + done < end; done *= 2)
    array.copyWithin(from + done, from, Math.min(from + done, end - done));
}

/** A column that one unusual request made larger than this gives its memory back. */
const KEPT_BYTES = 8 * 1024 * 1024;

export class Uint32Column {
  values = new Uint32Array(1024);
  length = 0;

  append(value: number): void {
    if (this.length === this.values.length) this.grow(this.length + 1);
    this.values[this.length++] = value;
  }

  /** The same value `times` times. */
  appendTimes(value: number, times: number): void {
    const end = this.length + times;
    if (end > this.values.length) this.grow(end);
    this.values.fill(value, this.length, end);
    this.length = end;
  }

  /** The same values, in their order, `times` times. */
  appendAll(view: Uint32Array, times: number): void {
    const end = this.length + view.length * times;
    if (end > this.values.length) this.grow(end);
    this.values.set(view, this.length);
    repeatEnd(this.values, this.length, view.length, times - 1);
    this.length = end;
  }

  private grow(needed: number): void {
    const values = new Uint32Array(larger(this.values.length, needed));
    values.set(this.values.subarray(0, this.length));
    outgrown.add(this.values.byteLength);
    this.values = values;
  }

  /** The bytes of values `from` to `to`. */
  slice(from: number, to: number): Uint8Array {
    return new Uint8Array(this.values.buffer, from * 4, (to - from) * 4);
  }

  clear(): void {
    this.length = 0;
    if (this.values.byteLength > KEPT_BYTES) this.values = new Uint32Array(1024);
  }
}

/** Small numbers and truth values. */
export class Uint8Column {
  values = new Uint8Array(1024);
  length = 0;

  append(value: number): void {
    if (this.length === this.values.length) {
      const values = new Uint8Array(this.values.length * 2);
      values.set(this.values);
      this.values = values;
    }
    this.values[this.length++] = value;
  }

  appendTimes(value: number, times: number): void {
    for (let left = times; left > 0; left--) this.append(value);
  }

  slice(from: number, to: number): Uint8Array {
    return this.values.subarray(from, to);
  }

  clear(): void {
    this.length = 0;
    if (this.values.byteLength > KEPT_BYTES) this.values = new Uint8Array(1024);
  }
}

/** 64-bit values as pairs of 32-bit halves, the low one first. `length` counts halves. */
export class Uint64Column extends Uint32Column {
  append64(low: number, high: number): void {
    this.append(low);
    this.append(high);
  }

  /** The eight bytes at this place; 0 for a place below 0. */
  appendBits(view: DataView, at: number): void {
    if (at < 0) this.append64(0, 0);
    else this.append64(view.getUint32(at, true), view.getUint32(at + 4, true));
  }

  /**
   * Unix nanoseconds at this place, 0 for a place below 0. `DateTime64(9)` holds a signed number; what is beyond becomes the last moment it can
   * say.
   */
  appendTime(view: DataView, at: number): void {
    const low = at < 0 ? 0 : view.getUint32(at, true);
    const high = at < 0 ? 0 : view.getUint32(at + 4, true);
    const fits = high < 0x80000000;
    this.append64(fits ? low : 0xffffffff, fits ? high : 0x7fffffff);
  }

  override slice(from: number, to: number): Uint8Array {
    return super.slice(from * 2, to * 2);
  }
}

const DOUBLE = new Float64Array(1);
const HALVES = new Uint32Array(DOUBLE.buffer);

/** Doubles, kept as their bits. */
export class Float64Column extends Uint64Column {
  appendDouble(value: number): void {
    DOUBLE[0] = value;
    this.append64(HALVES[0]!, HALVES[1]!);
  }
}

/** Where each row's elements end, as `Array` and `Map` have it: running counts. */
export class EndsColumn extends Uint64Column {
  /** How many elements the rows before `row` have. */
  before(row: number): number {
    return row === 0 ? 0 : this.values[row * 2 - 2]!;
  }

  /** Counted from the first of the rows. */
  override slice(from: number, to: number): Uint8Array {
    const base = this.before(from);
    if (base === 0) return super.slice(from, to);
    const ends = new Uint32Array((to - from) * 2);
    for (let row = from; row < to; row++) ends[(row - from) * 2] = this.values[row * 2]! - base;
    return new Uint8Array(ends.buffer);
  }
}

/** Strings that repeat: each once in a dictionary, and an index per row. */
export class LowCardinalityColumn {
  readonly indexes = new Uint32Column();
  /** The dictionary as a string column; `starts[id]` is where the text of entry `id` begins, without its length. */
  private readonly dictionary = new StringColumn();
  private starts = new Uint32Array(256);
  private ends = new Uint32Array(256);
  private hashes = new Int32Array(256);
  private table = new Int32Array(1024).fill(-1);
  size = 0;

  /** The entry for a text, made where it is new. Text that is not UTF-8 is repaired first. */
  intern(source: DataView, start: number, end: number): number {
    const hash = hashOf(source, start, end);
    const mask = this.table.length - 1;
    let slot = hash & mask;
    for (;;) {
      const id = this.table[slot]!;
      if (id < 0) break;
      if (this.hashes[id] === hash && this.is(id, source, start, end)) return id;
      slot = (slot + 1) & mask;
    }
    const bytes = bytesOf(source, start, end);
    if (!isUtf8(bytes)) {
      const repaired = replaceInvalid(bytes);
      return this.intern(viewOf(repaired), 0, repaired.length);
    }
    return this.add(bytes, hash, slot);
  }

  /** Whether entry `id` is this text. Cheaper than `intern`, for a good guess. */
  is(id: number, source: DataView, start: number, end: number): boolean {
    if (id >= this.size) return false;
    const from = this.starts[id]!;
    const count = end - start;
    if (this.ends[id]! - from !== count) return false;
    const { view } = this.dictionary;
    if (count < 4) {
      for (let i = 0; i < count; i++) if (view.getUint8(from + i) !== source.getUint8(start + i)) return false;
      return true;
    }
    // The end first: what names have in common is mostly their beginning.
    const last = count - 4;
    if (view.getInt32(from + last, true) !== source.getInt32(start + last, true)) return false;
    for (let i = 0; i < last; i += 4)
      if (view.getInt32(from + i, true) !== source.getInt32(start + i, true)) return false;
    return true;
  }

  private add(view: Uint8Array, hash: number, slot: number): number {
    const id = this.size++;
    if (id === this.starts.length) {
      this.starts = grown(this.starts);
      this.ends = grown(this.ends);
      const hashes = new Int32Array(this.hashes.length * 2);
      hashes.set(this.hashes);
      this.hashes = hashes;
    }
    this.dictionary.appendRaw(view);
    this.ends[id] = this.dictionary.length;
    this.starts[id] = this.dictionary.length - view.length;
    this.hashes[id] = hash;
    this.table[slot] = id;
    if (this.size * 2 > this.table.length) this.rehash(this.table.length * 4);
    return id;
  }

  private rehash(capacity: number): void {
    const table = new Int32Array(capacity).fill(-1);
    const mask = capacity - 1;
    for (let id = 0; id < this.size; id++) {
      let slot = this.hashes[id]! & mask;
      while (table[slot]! >= 0) slot = (slot + 1) & mask;
      table[slot] = id;
    }
    this.table = table;
  }

  append(id: number): void {
    this.indexes.append(id);
  }

  appendTimes(id: number, times: number): void {
    this.indexes.appendTimes(id, times);
  }

  /** Rows `from` to `to` as in `Native`, without the version that stands before the whole column. Nothing at all for no rows. */
  chunks(from: number, to: number, into: Uint8Array[]): void {
    const rows = to - from;
    if (rows === 0) return;
    const width = this.size <= 0x100 ? 0 : this.size <= 0x10000 ? 1 : 2;
    // Index width; "has additional keys" and "update the dictionary", as every client of the native protocol writes.
    into.push(uint64s(width | 0x600, this.size), this.dictionary.written(), uint64s(rows));
    const indexes = this.indexes.values.subarray(from, to);
    into.push(
      width === 0
        ? new Uint8Array(indexes)
        : width === 1
          ? new Uint8Array(new Uint16Array(indexes).buffer)
          : this.indexes.slice(from, to),
    );
  }

  clear(): void {
    this.indexes.clear();
    this.dictionary.clear();
    this.size = 0;
    if (this.table.length > 0x10000) this.table = new Int32Array(1024);
    this.table.fill(-1);
  }
}

function hashOf(source: DataView, start: number, end: number): number {
  let hash = end - start;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    hash = Math.imul(hash ^ source.getInt32(i, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ source.getUint8(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const result = new Uint32Array(array.length * 2);
  result.set(array);
  return result;
}

/** Unsigned 64-bit little-endian numbers below 2^53. */
export function uint64s(...values: number[]): Uint8Array {
  const result = new Uint32Array(values.length * 2);
  values.forEach((value, index) => {
    result[index * 2] = value;
    result[index * 2 + 1] = value / 0x1_0000_0000;
  });
  return new Uint8Array(result.buffer);
}
