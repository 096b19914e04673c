import type { BatchStore } from '../ports.js';

/**
 * A place where batches wait in a row, for programs whose memory does not grow: first in, first out, one owner, every call done when it
 * returns. Where there is no room the oldest goes. `BatchStore` is what shared places are.
 */
export interface BatchRing {
  readonly durability: BatchStore['durability'];
  /** The largest batch it takes. */
  readonly maxBytes: number;
  /** What waits. */
  readonly batches: number;
  readonly items: number;
  readonly bytes: number;
  /**
   * `true`: the batch is as durable as `durability` says and has an id that no other batch of this place had or will have. `false`: nothing
   * of it is kept, because it is too large or the place does not work.
   */
  append(bytes: Uint8Array, items: number, createdUnixMs: number): boolean;
  /** The one that waits longest. Its `bytes` are good until the next call of `oldest`. One that cannot be read is given up. */
  oldest(): WaitingBatch | undefined;
  /** Forgets a batch that `oldest` gave; nothing happens where it has been given up meanwhile. When this returns it will not come back. */
  remove(batch: WaitingBatch): void;
}

export interface WaitingBatch {
  /** As `Batch` has it. */
  readonly id: string;
  readonly items: number;
  readonly createdUnixMs: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Told of each batch that was given up, by its id: the oldest where there was no room, what was torn or has decayed. */
export type OnLost = (id: string, items: number, reason: 'store-full' | 'damaged') => void;
