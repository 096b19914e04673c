import type { Priority } from '../../core/batch.js';
import type { EvictionOrder } from '../../core/ports.js';
import { type BatchHead, joinParts } from '../open-store.js';
import { checkOf, readRecords } from './records.js';
import type { Segment } from './segment.js';
import { sortOut } from './sort-out.js';

/** Where bytes stand in a segment, and their checksum there. */
interface Stretch {
  readonly at: number;
  readonly length: number;
  readonly check: number;
}

/** A batch that waits in a segment. */
export interface Entry {
  readonly head: BatchHead;
  readonly byteLength: number;
  heldUntilMs: number;
  segment: Segment;
  /** One, or the parts of a batch that was never sealed. */
  stretches: readonly Stretch[];
  /** Records of which any that is marked says that the batch is gone; more than one where they may be. */
  marks: readonly number[];
}

export interface Identified {
  readonly id: string;
  readonly entry: Entry;
}

/** The batches that wait, of all segments of this process, and what they come to. No word of it is on the disk. */
export class Entries implements Iterable<Identified> {
  /** In the order of claims. */
  readonly #waiting: Readonly<Record<Priority, Map<string, Entry>>> = { high: new Map(), normal: new Map() };
  batches = 0;
  items = 0;
  bytes = 0;

  get(id: string): Entry | undefined {
    return this.#waiting.high.get(id) ?? this.#waiting.normal.get(id);
  }

  /** Errors first. */
  *[Symbol.iterator](): Generator<Identified> {
    for (const map of [this.#waiting.high, this.#waiting.normal]) for (const [id, entry] of map) yield { id, entry };
  }

  add(id: string, entry: Entry): void {
    this.#waiting[entry.head.priority].set(id, entry);
    entry.segment.pins.add(id);
    this.#count(entry, 1);
  }

  forget(id: string, entry: Entry): void {
    this.#waiting[entry.head.priority].delete(id);
    entry.segment.pins.delete(id);
    this.#count(entry, -1);
  }

  /** Behind those that wait: a batch that fails again and again must not stop the others. */
  putLast(id: string, entry: Entry): void {
    const map = this.#waiting[entry.head.priority];
    map.delete(id);
    map.set(id, entry);
  }

  /** Those in nobody's hands, in the order in which they are given up. */
  free(order: EvictionOrder, nowMs: number): Identified[] {
    const rank = ({ priority }: BatchHead): number => (order === 'sacrifice' && priority === 'high' ? 1 : 0);
    return [...this]
      .filter(({ entry }) => entry.heldUntilMs <= nowMs)
      .sort(({ entry: { head: a } }, { entry: { head: b } }) => rank(a) - rank(b) || a.createdUnixMs - b.createdUnixMs);
  }

  #count({ head, byteLength }: Entry, sign: 1 | -1): void {
    this.batches += sign;
    this.items += sign * head.items;
    this.bytes += sign * byteLength;
  }
}

/** What stands in a segment that somebody else has written; how many records of it are damaged. */
export function readEntries(segment: Segment, contents: Buffer): { entries: Entry[]; damaged: number } {
  const { records, damaged } = readRecords(contents, segment.seed);
  const entries = sortOut(records).map((each): Entry => {
    const { bytes, ...head } = joinParts(
      each.map(({ head: { at = 0, of: _, ...head }, bytesAt, byteLength }) => ({
        at,
        head: head as BatchHead,
        bytes: contents.subarray(bytesAt, bytesAt + byteLength),
      })),
    );
    return {
      head,
      byteLength: bytes.length,
      heldUntilMs: Number.NEGATIVE_INFINITY,
      segment,
      stretches: each.map(({ bytesAt: at, byteLength: length }) => ({
        at,
        length,
        check: checkOf(contents.subarray(at, at + length), segment.seed),
      })),
      marks: each.map(({ start }) => start),
    };
  });
  return { entries, damaged };
}

/** The bytes of a batch, from its segment; `undefined` where they cannot be read any more. */
export function readBytes({ segment, stretches }: Entry): Uint8Array | undefined {
  try {
    const parts = stretches.map(({ at, length, check }) => {
      const bytes = segment.read(at, length);
      if (checkOf(bytes, segment.seed) !== check) throw new Error('its checksum is another');
      return bytes;
    });
    return parts.length === 1 ? parts[0] : new Uint8Array(Buffer.concat(parts));
  } catch {
    return undefined;
  }
}
