import type { Attributes } from '@opentelemetry/api';
import { attributeValue } from '../trace/attribute-value.js';
import { type AttributeList, attributeBound, writeAttributes } from '../wire/attributes.js';
import { EncodedKey, type KeyCache } from '../wire/encoded-key.js';
import { AttributePaths, type ShapeOf } from './attribute-paths.js';
import { ByteTable, hashed, hashSeed, mixed, moreRoom, slotsFor, unknown } from './byte-table.js';

export interface SeriesRules {
  readonly keys: KeyCache;
  /** What becomes of attributes before they name a series: secrets are one value, a view leaves keys out. */
  readonly shapeOf?: ShapeOf | undefined;
  /** Attributes of a series at most, the first by their keys, and UTF-16 units of a text. */
  readonly maxAttributes?: number | undefined;
  readonly maxValueLength?: number | undefined;
  /** Series at most, the one for what is too much included (specification "Metrics SDK", cardinality limits). */
  readonly limit: number;
}

/** Who keeps values for the series of a table. */
export interface SeriesOwner {
  /** There will be so many series. */
  grow(capacity: number): void;
  /** A series is new. */
  added(series: number): void;
  /** The table is full: `true` where `compact` has made room. */
  makeRoom?(): boolean;
}

/** Ways to a series that are remembered, for each series there may be: attributes come in a few orders. */
const pathsEach = 4;
const endless = Number.POSITIVE_INFINITY;
const overflowAttributes: Attributes = { 'otel.metric.overflow': true };

/**
 * The series of one metric: numbered from 0 in the order in which they came. Each attribute, key and value as the wire has them, stands there once for
 * all, and a series is the numbers of its attributes; whoever keeps values keeps them by number too, so that a series is no object.
 */
export class SeriesTable {
  /** Series there are. */
  count = 0;
  /** The number of the series for attributes beyond the limit; -1 until there are some. */
  overflow = unknown;
  readonly #rules: SeriesRules;
  /** Of the field `attributes` in a data point. */
  readonly #tag: number;
  readonly #owner: SeriesOwner;
  /** Predicts no key: the order in which they are written is not that in which they come. */
  readonly #before = new EncodedKey('', false);
  #paths: AttributePaths;
  #attributes = new ByteTable();
  /** Numbers of the attributes of all series; those of series i end at `ends[i]` and begin where the ones before end. */
  #ids: Uint32Array = new Uint32Array(0);
  #ends: Uint32Array = new Uint32Array(0);
  /** Numbers of series by the hash of the numbers of their attributes, -1 where there is none. */
  #slots: Int32Array = new Int32Array(0);
  /** What is looked for: encoded, where that ends, and the numbers of its attributes, -1 for one that is not known. */
  #wanted = new Uint8Array(0);
  #wantedEnd = 0;
  readonly #wantedIds: number[] = [];

  constructor(rules: SeriesRules, tag: number, owner: SeriesOwner) {
    this.#rules = rules;
    this.#tag = tag;
    this.#owner = owner;
    this.#paths = this.#noPaths();
  }

  #noPaths(): AttributePaths {
    return new AttributePaths(this.#rules.limit * pathsEach, this.#rules.shapeOf);
  }

  /** The number of the series with these attributes. Nothing is allocated for those that were seen before. */
  find(attributes: Attributes | undefined): number {
    const series = this.#paths.find(attributes);
    return series === unknown ? this.#findNew(attributes) : series;
  }

  /** Bytes of the attributes of a series, each with its tag. */
  size(series: number): number {
    const ids = this.#ids;
    const attributes = this.#attributes;
    const end = this.#ends[series]!;
    let size = 0;
    for (let i = series ? this.#ends[series - 1]! : 0; i < end; i++) {
      const id = ids[i]!;
      size += attributes.ends[id]! - attributes.start(id);
    }
    return size;
  }

  /** Writes them and returns the position behind them. Up to 3 bytes behind that are overwritten. */
  write(series: number, view: DataView, pos: number): number {
    const ids = this.#ids;
    const attributes = this.#attributes;
    const words = attributes.view;
    const end = this.#ends[series]!;
    let at = pos;
    for (let i = series ? this.#ends[series - 1]! : 0; i < end; i++) {
      const id = ids[i]!;
      const from = attributes.start(id);
      const size = attributes.ends[id]! - from;
      for (let byte = 0; byte < size; byte += 4) view.setInt32(at + byte, words.getInt32(from + byte, true), true);
      at += size;
    }
    return at;
  }

  /** The same as bytes of their own. */
  encoded(series: number): Uint8Array {
    const bytes = new Uint8Array(this.size(series) + 3);
    return bytes.subarray(0, this.write(series, new DataView(bytes.buffer), 0));
  }

  /**
   * Forgets the series that are not `kept`, and attributes that no other has. Those that stay get new numbers, in their order: `moved` is told before the
   * next one is.
   */
  compact(kept: (series: number) => boolean, moved: (to: number, from: number) => void): void {
    const ids = this.#ids;
    const ends = this.#ends;
    const old = this.#attributes;
    const { overflow } = this;
    const attributes = new ByteTable();
    const renamed = new Int32Array(old.count).fill(unknown);
    let count = 0;
    let end = 0;
    let start = 0;
    this.overflow = unknown;
    for (let series = 0; series < this.count; series++) {
      const from = start;
      start = ends[series]!;
      if (!kept(series)) continue;
      for (let i = from; i < start; i++) {
        const id = ids[i]!;
        if (renamed[id] === unknown) renamed[id] = attributes.add(old.bytes, old.start(id), old.ends[id]!);
        ids[end++] = renamed[id]!;
      }
      ends[count] = end;
      if (series === overflow) this.overflow = count;
      if (series !== count) moved(count, series);
      count++;
    }
    this.count = count;
    this.#attributes = attributes;
    this.#paths = this.#noPaths();
    this.#place();
  }

  #findNew(attributes: Attributes | undefined): number {
    let known = this.#look(attributes, this.#rules);
    if (known >= 0) {
      this.#paths.remember(attributes, known);
      return known;
    }
    // One place is kept for all that are too many. They are not remembered: they may be without number.
    const most = this.#rules.limit - 1;
    if (this.count >= most && this.#owner.makeRoom?.()) known = this.#look(attributes, this.#rules);
    if (this.count < most) {
      const series = this.#add();
      this.#paths.remember(attributes, series);
      return series;
    }
    if (this.overflow === unknown) {
      this.#look(overflowAttributes, {});
      this.overflow = this.#add();
    }
    return this.overflow;
  }

  /** The number of the series that has these attributes, in the order of their keys; `unknown` where none has. */
  #look(attributes: Attributes | undefined, rules: Partial<SeriesRules>): number {
    const { keys } = this.#rules;
    const { shapeOf, maxAttributes = endless, maxValueLength = endless } = rules;
    const list: AttributeList = [];
    let bound = 8;
    for (const key of Object.keys(attributes ?? {}).sort()) {
      const shape = shapeOf?.(key);
      const given = attributes![key];
      const value = attributeValue(shape ? shape(given) : given, maxValueLength);
      if (value === undefined || key === '' || list.length >= maxAttributes * 2) continue;
      const encoded = keys.find(key, this.#before);
      list.push(encoded, value);
      bound += attributeBound(encoded, value);
    }
    if (bound > this.#wanted.length) this.#wanted = new Uint8Array(bound);
    const bytes = this.#wanted;
    this.#wantedEnd = writeAttributes(bytes, new DataView(bytes.buffer), 0, this.#tag, list, list.length, keys);
    const ids = this.#wantedIds;
    ids.length = 0;
    let isKnown = true;
    for (let at = 0; at < this.#wantedEnd; ) {
      const next = fieldEnd(bytes, at);
      const id = this.#attributes.find(bytes, at, next);
      if (id === unknown) isKnown = false;
      ids.push(id);
      at = next;
    }
    if (!isKnown || !this.count) return unknown;
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(ids, 0, ids.length) & mask; ; slot = (slot + 1) & mask) {
      const series = this.#slots[slot]!;
      if (series === unknown || this.#hasWantedIds(series)) return series;
    }
  }

  /** Makes a series of what was looked for and not found. */
  #add(): number {
    if (this.count >= this.#ends.length) this.#makeRoom();
    const series = this.count++;
    const wanted = this.#wantedIds;
    const start = series ? this.#ends[series - 1]! : 0;
    const end = start + wanted.length;
    if (end > this.#ids.length) {
      const ids = new Uint32Array(Math.max(moreRoom(this.#ids.length), end));
      ids.set(this.#ids);
      this.#ids = ids;
    }
    for (let i = 0, at = 0; at < this.#wantedEnd; i++) {
      const next = fieldEnd(this.#wanted, at);
      const id = wanted[i]!;
      this.#ids[start + i] = id === unknown ? this.#attributes.add(this.#wanted, at, next) : id;
      at = next;
    }
    this.#ends[series] = end;
    this.#placeOne(series);
    this.#owner.added(series);
    return series;
  }

  #place(): void {
    this.#slots.fill(unknown);
    for (let series = 0; series < this.count; series++) this.#placeOne(series);
  }

  #placeOne(series: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(this.#ids, series ? this.#ends[series - 1]! : 0, this.#ends[series]!) & mask;
    while (this.#slots[slot] !== unknown) slot = (slot + 1) & mask;
    this.#slots[slot] = series;
  }

  #makeRoom(): void {
    const ends = new Uint32Array(moreRoom(this.#ends.length));
    ends.set(this.#ends);
    this.#ends = ends;
    const slots = slotsFor(ends.length);
    if (slots > this.#slots.length) {
      this.#slots = new Int32Array(slots);
      this.#place();
    }
    this.#owner.grow(ends.length);
  }

  #hasWantedIds(series: number): boolean {
    const wanted = this.#wantedIds;
    const start = series ? this.#ends[series - 1]! : 0;
    if (this.#ends[series]! - start !== wanted.length) return false;
    for (let i = 0; i < wanted.length; i++) if (this.#ids[start + i] !== wanted[i]) return false;
    return true;
  }
}

function hashOf(ids: ArrayLike<number>, start: number, end: number): number {
  let hash = hashSeed;
  for (let i = start; i < end; i++) hash = hashed(hash, ids[i]!);
  return mixed(hash);
}

/** Where the length-delimited field ends whose one-byte tag stands at `pos`. */
function fieldEnd(bytes: Uint8Array, pos: number): number {
  let length = 0;
  let at = pos + 1;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    length |= (byte & 127) << shift;
    if (byte < 128) return at + length;
  }
}
