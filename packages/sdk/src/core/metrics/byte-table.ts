/** What `find` answers for what is not there. */
export const unknown = -1;

const firstCapacity = 4;
/** What is this large grows by a quarter, and not to the double: half of it empty would be the greater part of what series cost. */
const largeBytes = 65_536;
const largeCount = 1_024;

const more = (length: number, large: number): number => (length < large ? length * 2 : length + (length >> 2));

/** The next capacity of what has room for so many. */
export const moreRoom = (capacity: number): number => Math.max(more(capacity, largeCount), firstCapacity);

/** Places of a hash table for so many: a power of two, of which at most three quarters are ever taken. */
export const slotsFor = (capacity: number): number => 2 ** Math.ceil(Math.log2((capacity * 4) / 3));

/** FNV-1a has alike low bits for what is short. */
export const mixed = (hash: number): number => hash ^ (hash >>> 15);
export const hashSeed = 0x811c9dc5 | 0;
export const hashed = (hash: number, value: number): number => Math.imul(hash ^ value, 0x01000193);

/** Strings of bytes, each once, by number from 0. They stand in one piece of memory, each from a multiple of four on, so that they can be copied by fours. */
export class ByteTable {
  count = 0;
  bytes: Uint8Array = new Uint8Array(0);
  /** Of `bytes`. */
  view: DataView = new DataView(this.bytes.buffer);
  ends: Uint32Array = new Uint32Array(0);
  #slots: Int32Array = new Int32Array(0);

  start(index: number): number {
    return index ? (this.ends[index - 1]! + 3) & ~3 : 0;
  }

  /** The number of what stands in `source` from `start` to `end`. */
  find(source: Uint8Array, start: number, end: number): number {
    const slots = this.#slots;
    if (!this.count) return unknown;
    const mask = slots.length - 1;
    for (let slot = hashOf(source, start, end) & mask; ; slot = (slot + 1) & mask) {
      const index = slots[slot]!;
      if (index === unknown || this.#isSame(index, source, start, end)) return index;
    }
  }

  /** Takes what is not there yet. */
  add(source: Uint8Array, start: number, end: number): number {
    const index = this.count;
    if (index >= this.ends.length) {
      const ends = new Uint32Array(moreRoom(index));
      ends.set(this.ends);
      this.ends = ends;
      const slots = slotsFor(ends.length);
      if (slots > this.#slots.length) {
        this.#slots = new Int32Array(slots).fill(unknown);
        for (let i = 0; i < index; i++) this.#place(i);
      }
    }
    const from = this.start(index);
    const to = from + end - start;
    if (to + 3 > this.bytes.length) {
      const bytes = new Uint8Array((Math.max(more(this.bytes.length, largeBytes), to + 3) + 3) & ~3);
      bytes.set(this.bytes);
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer);
    }
    for (let i = start; i < end; i++) this.bytes[from + i - start] = source[i]!;
    this.ends[index] = to;
    this.count++;
    this.#place(index);
    return index;
  }

  #place(index: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hashOf(this.bytes, this.start(index), this.ends[index]!) & mask;
    while (slots[slot] !== unknown) slot = (slot + 1) & mask;
    slots[slot] = index;
  }

  #isSame(index: number, source: Uint8Array, start: number, end: number): boolean {
    const from = this.start(index);
    if (this.ends[index]! - from !== end - start) return false;
    for (let i = start; i < end; i++) if (this.bytes[from + i - start] !== source[i]) return false;
    return true;
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = hashSeed;
  for (let i = start; i < end; i++) hash = hashed(hash, bytes[i]!);
  return mixed(hash);
}
