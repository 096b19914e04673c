import { isUtf8 } from 'node:buffer';
import { collectYoungGarbage } from '../ops/young-garbage.js';

/*
 * Growing columns of one `Native` block. They take bytes and numbers, never strings or objects, keep their memory from block to block, and
 * can be cut back to an earlier length, which is how a span or a request that turns out to be unusable leaves no trace.
 */

/** Above this many bytes a native copy beats a loop. */
const LOOP_BYTES = 64;
const REPLACER = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
const ENCODER = new TextEncoder();

/** `bytes[start, end)` with every byte sequence that is not UTF-8 replaced by U+FFFD. */
function replaceInvalid(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return ENCODER.encode(REPLACER.decode(bytes.subarray(start, end)));
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
  length = 0;

  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const bytes = new Uint8Array(larger(this.bytes.length, needed));
    bytes.set(this.bytes.subarray(0, this.length));
    outgrown.add(this.bytes.length);
    this.bytes = bytes;
  }

  /** Appends `source[start, end)` as text: what is not UTF-8 becomes U+FFFD. */
  append(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count + 5);
    if (count <= LOOP_BYTES) {
      const target = this.bytes;
      let to = this.length;
      target[to++] = count;
      let from = start;
      let seen = 0;
      while (from < end) {
        const byte = source[from++]!;
        seen |= byte;
        target[to++] = byte;
      }
      if (seen < 128) {
        this.length = to;
        return;
      }
    }
    const view = source.subarray(start, end);
    this.appendRaw(isUtf8(view) ? view : replaceInvalid(source, start, end));
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

  view(): Uint8Array {
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
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(4096);
  }
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

  appendAll(view: Uint32Array): void {
    if (this.length + view.length > this.values.length) this.grow(this.length + view.length);
    this.values.set(view, this.length);
    this.length += view.length;
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
  intern(source: Uint8Array, start: number, end: number): number {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.table.length - 1;
    let slot = hash & mask;
    for (;;) {
      const id = this.table[slot]!;
      if (id < 0) break;
      if (this.hashes[id] === hash && this.is(id, source, start, end)) return id;
      slot = (slot + 1) & mask;
    }
    const view = source.subarray(start, end);
    if (!isUtf8(view)) {
      const repaired = replaceInvalid(source, start, end);
      return this.intern(repaired, 0, repaired.length);
    }
    return this.add(view, hash, slot);
  }

  /** Whether entry `id` is this text. Cheaper than `intern`, for a good guess. */
  is(id: number, source: Uint8Array, start: number, end: number): boolean {
    if (id >= this.size) return false;
    const from = this.starts[id]!;
    const count = end - start;
    if (this.ends[id]! - from !== count) return false;
    const bytes = this.dictionary.bytes;
    for (let i = 0; i < count; i++) if (bytes[from + i] !== source[start + i]) return false;
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

  /** Rows `from` to `to` as in `Native`, without the version that stands before the whole column. Nothing at all for no rows. */
  chunks(from: number, to: number, into: Uint8Array[]): void {
    const rows = to - from;
    if (rows === 0) return;
    const width = this.size <= 0x100 ? 0 : this.size <= 0x10000 ? 1 : 2;
    // Index width; "has additional keys" and "update the dictionary", as every client of the native protocol writes.
    into.push(uint64s(width | 0x600, this.size), this.dictionary.view(), uint64s(rows));
    const indexes = this.indexes.values.subarray(from, to);
    into.push(
      width === 0
        ? Uint8Array.from(indexes)
        : width === 1
          ? new Uint8Array(Uint16Array.from(indexes).buffer)
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
