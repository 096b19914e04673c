import type { Batch } from '../core/batch.js';
import type { BatchStore, EvictionOrder } from '../core/ports.js';

/** A store that also keeps what is not sealed yet. */
export interface OpenStore extends BatchStore {
  /**
   * Keeps a part of a batch that still grows: a complete request with items that no other part has, `at` counts the parts of an id from 0. Nobody is
   * given them while the program that wrote them (`by`, default this one) lives; after that they are a batch like any other, as far as they
   * came. `put` of the same id takes their place, `remove` forgets them. Where it can, the medium has been handed the bytes when this call returns.
   * `at`: `WHOLE` for all of it, which counts instead of the parts.
   * `false` where it has no room.
   */
  append(part: Batch, at: number, by?: string): Promise<boolean>;
}

/** In the place of a part's number: a batch as it was sealed. */
export const WHOLE = -1;

export interface Part {
  readonly at: number;
  readonly head: BatchHead;
  readonly bytes: Uint8Array;
}

/** The batch that parts in their order are: requests one behind the other are one request, and what they repeat is a list. */
export function joinParts(all: readonly Part[]): Batch {
  const parts = all[0]!.at === WHOLE ? all.slice(0, 1) : all;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.bytes.length, 0));
  let end = 0;
  let items = 0;
  for (const part of parts) {
    bytes.set(part.bytes, end);
    end += part.bytes.length;
    items += part.head.items;
  }
  return { ...parts[0]!.head, items, bytes };
}

/** What can be said of a batch without its bytes. */
export type BatchHead = Omit<Batch, 'bytes'>;

export const headOf = ({ bytes: _, ...head }: Batch): BatchHead => head;

/** Whether it is what this version of the package writes; anything else is foreign or torn. */
export function isHead(value: unknown): value is BatchHead {
  const { v, id, signal, priority, destination, createdUnixMs, items } = (value ?? {}) as Partial<Batch>;
  return (
    v === 1 &&
    typeof id === 'string' &&
    /^(traces|metrics|logs)$/.test(signal as string) &&
    /^(high|normal)$/.test(priority as string) &&
    typeof destination === 'string' &&
    Number.isFinite(createdUnixMs) &&
    Number.isFinite(items)
  );
}

/** A batch in a place that pages share. */
export interface SharedEntry {
  readonly head: BatchHead;
  readonly byteLength: number;
  readonly heldUntilMs: number;
}

const LONGEST_LEASE_MS = 3_600_000;

export const isHeld = ({ heldUntilMs }: Pick<SharedEntry, 'heldUntilMs'>, now: number): boolean =>
  // A clock that was set back must not hold a batch for hours.
  heldUntilMs > now && heldUntilMs <= now + LONGEST_LEASE_MS;

/** 0 for high, 1 for normal priority: the order of claims. */
export const rank = ({ priority }: Pick<Batch, 'priority'>): 0 | 1 => (priority === 'high' ? 0 : 1);

/** Sorts what is to be given up to the front. */
export const before =
  (order: EvictionOrder) =>
  (a: SharedEntry, b: SharedEntry): number =>
    (order === 'sacrifice' ? rank(b.head) - rank(a.head) : 0) || a.head.createdUnixMs - b.head.createdUnixMs;

export function sizeOf(entries: readonly SharedEntry[]): { batches: number; items: number; bytes: number } {
  let [bytes, items] = [0, 0];
  for (const { byteLength, head } of entries) {
    bytes += byteLength;
    items += head.items;
  }
  return { batches: entries.length, items, bytes };
}
