import type { Bindings } from './bindings.js';

/** Half open: `startNano` is inside, `endNano` is not. Unix nanoseconds. */
export interface TimeRange {
  readonly startNano: bigint;
  readonly endNano: bigint;
}

/** What the column's type (`DateTime64(9)`, a signed 64-bit count of nanoseconds) can hold. */
export const LAST_NANO = 2n ** 63n - 1n;

/** What the rounded times of the sorting keys can hold: a `DateTime` counts seconds in 32 bits. */
export const LAST_KEY_NANO = 2n ** 32n * 1_000_000_000n;

/** Where the time of a row stands in each table, and how its sorting key rounds it. */
const AXES = {
  otel_traces: { column: 'Timestamp', rounded: 'toDateTime' },
  otel_logs: { column: 'Timestamp', rounded: 'toStartOfFiveMinutes' },
  otel_metrics: { column: 'TimeUnix', rounded: 'toStartOfHour' },
  otel_traces_summaries: { column: 'Start', rounded: undefined },
} as const;

export type TimedTable = keyof typeof AXES;

/**
 * A condition that prunes partitions (days) and the sorting key.
 *
 * The keys hold the time twice, rounded and exact. From a condition on the exact one the engine concludes nothing about the rounded one before it, and
 * reads all hours of a part; so that is asked for as well (385 granules of a busy service in a merged part became 65), of the index alone: asked of each row it costs as much as
 * adding them up. Not where the rounded time would overflow: there it says nothing.
 */
export function withinRange(range: TimeRange, bindings: Bindings, table: TimedTable = 'otel_traces'): string {
  const { column, rounded } = AXES[table];
  const start = nanoTime(range.startNano, bindings);
  const end = nanoTime(range.endNano, bindings);
  const exact = `${column} >= ${start} AND ${column} < ${end}`;
  if (rounded === undefined || range.startNano < 0n || range.endNano >= LAST_KEY_NANO) return exact;
  return `${exact} AND indexHint(${rounded}(${column}) >= ${rounded}(${start}) AND ${rounded}(${column}) <= ${rounded}(${end}))`;
}

export function nanoTime(nano: bigint, bindings: Bindings): string {
  return `fromUnixTimestamp64Nano(toInt64(${bindings.bind('Int64', String(nano))}))`;
}
