import type { Batch } from '../batch.js';
import type { DropReason, TelemetryStatus } from '../options.js';

/**
 * Where an account keeps its sealed batches until they are settled. A batch is *waiting* (after `add` and `back`) or *under way* (after
 * `next`). Nothing here decides when or where anything is sent.
 */
export interface BatchQueue {
  /** What this program's memory holds, waiting and under way; the account bounds it. */
  readonly items: number;
  readonly bytes: number;
  /** Those of `items` that `maxQueueItems` is about: see `countsAsItem`. */
  readonly countedItems: number;
  /** Takes a sealed batch. `leaving`: it must be available to `next` before this call returns. */
  add(batch: Batch, leaving?: boolean): void;
  /**
   * The best batch that waits, now under way: high priority before normal, then in order. May come later: see `QueueHost.wake`. `leaving`: of what this
   * program's memory holds, high priority before normal, then the newest: not everything may be carried on.
   */
  next(leaving?: boolean): Batch | undefined;
  /** Under way → waiting, behind the others of its priority. */
  back(batch: Batch): void;
  /** Under way → forgotten; `parts` wait in its place. */
  done(batch: Batch, parts?: readonly Batch[]): void;
  /** Gives up the waiting batch that is missed least, of those that are `eligible` (absent: of all), in the order of `firstToGo`. */
  sacrifice(eligible?: (batch: Batch) => boolean): Batch | undefined;
  /** What stands in a store; absent where all of it is in memory. */
  stored?(): TelemetryStatus['stored'];
  /** No further calls. Batches that survive the program are left for the next one; returns how many items do not. */
  close(): number;
}

/** Data points are bounded by their bytes alone: a program with 3,000 series has so many at once, each time they are collected. */
export const countsAsItem = ({ signal }: Pick<Batch, 'signal'>): boolean => signal !== 'metrics';

/** What a queue with a store behind it tells its account. */
export interface QueueHost {
  /** Something may wait now that did not before. Not called while the queue is being made. */
  wake(): void;
  /** A waiting batch was given up. */
  lost(batch: Pick<Batch, 'id' | 'items'>, reason: DropReason, why: string): void;
}
