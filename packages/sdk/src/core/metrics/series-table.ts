import type { Attributes } from '@opentelemetry/api';
import { attributeValue } from '../trace/attribute-value.js';
import { redacted } from '../trace/redact.js';
import { type AttributeList, attributeBound, writeAttributes } from '../wire/attributes.js';
import { EncodedKey, type KeyCache } from '../wire/encoded-key.js';
import { AttributePaths, unknown } from './attribute-paths.js';

export interface SeriesRules {
  readonly keys: KeyCache;
  /** Which attribute keys hold secrets: such values are one and the same. */
  readonly isSecret: ((key: string) => boolean) | undefined;
  /** Series at most, the one for what is too much included (specification "Metrics SDK", cardinality limits). */
  readonly limit: number;
}

/** Ways to a series that are remembered, for each series there may be: attributes come in a few orders. */
const pathsEach = 4;
const firstCapacity = 4;

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
  readonly #grow: (capacity: number) => void;
  readonly #added: (series: number) => void;
  /** Predicts no key: the order in which they are written is not that in which they come. */
  readonly #before = new EncodedKey('', false);
  #paths: AttributePaths;
  #view = new DataView(this.bytes.buffer);
  /** Numbers of series by the hash of their bytes, -1 where there is none; twice as many places as there may be series. */
  #slots: Int32Array = new Int32Array(0);

  /** `grow` makes room for so many series; `added` is told of each that is new. */
  constructor(
    rules: SeriesRules,
    tag: number,
    { grow, added }: { grow: (capacity: number) => void; added: (series: number) => void },
  ) {
    this.#rules = rules;
    this.#tag = tag;
    this.#grow = grow;
    this.#added = added;
    this.#paths = new AttributePaths(rules.limit * pathsEach);
  }

  /** The number of the series with these attributes. Nothing is allocated for those that were seen before. */
  find(attributes: Attributes | undefined): number {
    const series = this.#paths.find(attributes);
    return series === unknown ? this.#findNew(attributes) : series;
  }

  /** Forgets all series. Room and memory stay. */
  clear(): void {
    this.count = 0;
    this.overflow = unknown;
    this.#slots.fill(unknown);
    this.#paths = new AttributePaths(this.#rules.limit * pathsEach);
  }

  #findNew(attributes: Attributes | undefined): number {
    const known = this.#encode(attributes);
    if (known >= 0) {
      this.#paths.remember(attributes, known);
      return known;
    }
    // One place is kept for all that are too many. They are not remembered: they may be without number.
    if (this.count < this.#rules.limit - 1) {
      const series = this.#add(known);
      this.#paths.remember(attributes, series);
      return series;
    }
    if (this.overflow === unknown) this.overflow = this.#add(this.#encode({ 'otel.metric.overflow': true }));
    return this.overflow;
  }

  /**
   * Writes attributes in the order of their keys behind those of all series. The number of the series that has the same, or, below zero, where they end
   * (-1 - end): they are no series yet.
   */
  #encode(attributes: Attributes | undefined): number {
    const { keys, isSecret } = this.#rules;
    const list: AttributeList = [];
    let bound = 8;
    for (const key of Object.keys(attributes ?? {}).sort()) {
      const value = isSecret?.(key) ? redacted : attributeValue(attributes![key], Number.POSITIVE_INFINITY);
      if (value === undefined || key === '') continue;
      const encoded = keys.find(key, this.#before);
      list.push(encoded, value);
      bound += attributeBound(encoded, value);
    }
    if (this.count >= this.ends.length) this.#makeRoom();
    const start = this.count ? this.ends[this.count - 1]! : 0;
    if (start + bound > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(this.bytes.length * 2, start + bound));
      bytes.set(this.bytes.subarray(0, start));
      this.bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
    const end = writeAttributes(this.bytes, this.#view, start, this.#tag, list, list.length, keys);
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
    const start = series ? this.ends[series - 1]! : 0;
    this.ends[series] = -1 - encoded;
    this.#place(series, start, -1 - encoded);
    this.#added(series);
    return series;
  }

  #place(series: number, start: number, end: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hash(start, end) & mask;
    while (this.#slots[slot] !== unknown) slot = (slot + 1) & mask;
    this.#slots[slot] = series;
  }

  #makeRoom(): void {
    const capacity = Math.max(this.ends.length * 2, firstCapacity);
    const ends = new Uint32Array(capacity);
    ends.set(this.ends);
    this.ends = ends;
    this.#slots = new Int32Array(capacity * 2).fill(unknown);
    for (let i = 0, start = 0; i < this.count; i++) {
      this.#place(i, start, ends[i]!);
      start = ends[i]!;
    }
    this.#grow(capacity);
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
