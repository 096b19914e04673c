import type { Attributes } from '@opentelemetry/api';
import { attributeValue } from '../trace/attribute-value.js';
import { type AttributeList, attributeBound, writeAttributes } from '../wire/attributes.js';
import { EncodedKey, type KeyCache } from '../wire/encoded-key.js';
import { AttributePaths, type ShapeOf, unknown } from './attribute-paths.js';

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
const firstCapacity = 4;
/** What is this large grows by a quarter, and not to the double: half of it empty would be the greater part of what series cost. */
const largeBytes = 65_536;
const largeCount = 1_024;

const more = (length: number, large: number): number => (length < large ? length * 2 : length + (length >> 2));

/**
 * The series of one metric: numbered from 0 in the order in which they came. What a series is called stands in one piece of memory for all, as the
 * wire has it, written once; whoever keeps values keeps them by number, so that a series is no object.
 */
export class SeriesTable {
  /** Series there are. */
  count = 0;
  /** The number of the series for attributes beyond the limit; -1 until there are some. */
  overflow = unknown;
  /** Attributes of all series, encoded; those of series i end at `ends[i]` and begin where the ones before end. */
  bytes: Uint8Array = new Uint8Array(0);
  ends: Uint32Array = new Uint32Array(0);
  readonly #rules: SeriesRules;
  /** Of the field `attributes` in a data point. */
  readonly #tag: number;
  readonly #owner: SeriesOwner;
  /** Predicts no key: the order in which they are written is not that in which they come. */
  readonly #before = new EncodedKey('', false);
  #paths: AttributePaths;
  /** Of `bytes`. */
  view = new DataView(this.bytes.buffer);
  /** Numbers of series by the hash of their bytes, -1 where there is none. */
  #slots: Int32Array = new Int32Array(0);

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

  /** Forgets the series that are not `kept`. The others get new numbers, in their order: `moved` is told before the next one is. */
  compact(kept: (series: number) => boolean, moved: (to: number, from: number) => void): void {
    const { bytes, ends, overflow } = this;
    let count = 0;
    let end = 0;
    let start = 0;
    this.overflow = unknown;
    for (let series = 0; series < this.count; series++) {
      const from = start;
      start = ends[series]!;
      if (!kept(series)) continue;
      bytes.copyWithin(end, from, start);
      end += start - from;
      ends[count] = end;
      if (series === overflow) this.overflow = count;
      if (series !== count) moved(count, series);
      count++;
    }
    this.count = count;
    this.#paths = this.#noPaths();
    this.#place();
  }

  #findNew(attributes: Attributes | undefined): number {
    let known = this.#encode(attributes);
    if (known >= 0) {
      this.#paths.remember(attributes, known);
      return known;
    }
    // One place is kept for all that are too many. They are not remembered: they may be without number.
    const most = this.#rules.limit - 1;
    if (this.count >= most && this.#owner.makeRoom?.()) known = this.#encode(attributes);
    if (this.count < most) {
      const series = this.#add(known);
      this.#paths.remember(attributes, series);
      return series;
    }
    if (this.overflow === unknown) this.overflow = this.#add(this.#encode({ 'otel.metric.overflow': true }, {}));
    return this.overflow;
  }

  /**
   * Writes attributes in the order of their keys behind those of all series. The number of the series that has the same, or, below zero, where they end
   * (-1 - end): they are no series yet.
   */
  #encode(attributes: Attributes | undefined, rules: Partial<SeriesRules> = this.#rules): number {
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
    if (this.count >= this.ends.length) this.#makeRoom();
    const start = this.count ? this.ends[this.count - 1]! : 0;
    if (start + bound > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(more(this.bytes.length, largeBytes), start + bound));
      bytes.set(this.bytes.subarray(0, start));
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer);
    }
    const end = writeAttributes(this.bytes, this.view, start, this.#tag, list, list.length, keys);
    const mask = this.#slots.length - 1;
    for (let slot = this.#hash(start, end) & mask; ; slot = (slot + 1) & mask) {
      const series = this.#slots[slot]!;
      if (series === unknown) return -1 - end;
      if (this.#isSame(series, start, end)) return series;
    }
  }

  /** Makes a series of what `encode` has written and not found. */
  #add(encoded: number): number {
    const series = this.count++;
    this.ends[series] = -1 - encoded;
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
    let slot = this.#hash(series ? this.ends[series - 1]! : 0, this.ends[series]!) & mask;
    while (this.#slots[slot] !== unknown) slot = (slot + 1) & mask;
    this.#slots[slot] = series;
  }

  #makeRoom(): void {
    const capacity = Math.max(more(this.ends.length, largeCount), firstCapacity);
    const ends = new Uint32Array(capacity);
    ends.set(this.ends);
    this.ends = ends;
    // A power of two, at most three quarters of which are ever taken.
    const slots = 2 ** Math.ceil(Math.log2((capacity * 4) / 3));
    if (slots > this.#slots.length) {
      this.#slots = new Int32Array(slots);
      this.#place();
    }
    this.#owner.grow(capacity);
  }

  #isSame(series: number, start: number, end: number): boolean {
    const { bytes, ends } = this;
    const from = series ? ends[series - 1]! : 0;
    if (ends[series]! - from !== end - start) return false;
    for (let i = start; i < end; i++) if (bytes[i] !== bytes[from + i - start]) return false;
    return true;
  }

  /** FNV-1a. */
  #hash(start: number, end: number): number {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ this.bytes[i]!, 0x01000193);
    return hash ^ (hash >>> 15);
  }
}
