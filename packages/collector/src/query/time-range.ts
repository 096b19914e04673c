import type { Bindings } from './bindings.js';

/** Half open: `startNano` is inside, `endNano` is not. Unix nanoseconds. */
export interface TimeRange {
  readonly startNano: bigint;
  readonly endNano: bigint;
}

/** What the column's type (`DateTime64(9)`, a signed 64-bit count of nanoseconds) can hold. */
export const LAST_NANO = 2n ** 63n - 1n;

/** A condition that prunes partitions (days) and, where the primary key is made of `column`, the key. */
export function withinRange(
  range: TimeRange,
  bindings: Bindings,
  column: 'Timestamp' | 'TimeUnix' | 'Start' = 'Timestamp',
): string {
  return `${column} >= ${nanoTime(range.startNano, bindings)} AND ${column} < ${nanoTime(range.endNano, bindings)}`;
}

export function nanoTime(nano: bigint, bindings: Bindings): string {
  return `fromUnixTimestamp64Nano(toInt64(${bindings.bind('Int64', String(nano))}))`;
}
