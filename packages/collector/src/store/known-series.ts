import { SOURCES, seriesOf } from './metric-series-table.js';
import type { Migration } from './migration.js';

/** SQL for a time as a number that the view can cut; the exporter has tables whose times are in seconds. */
const nano = (time: string): string => `toUnixTimestamp64Nano(toDateTime64(${time}, 9))`;

/** Times of a row are rounded outward to this many bits of nanoseconds: 18 minutes. */
const BITS = 40;

/**
 * A series makes a row of `otel_metrics_series` when it has its first point of a span of time, and not with every insert: who writes points marks those whose series has one already
 * (process/metrics/known-series.ts). Rows that are not marked, those of others among them, make one each time, which changes nothing.
 *
 * `First` and `Last` hold the spans of the points, so that every point lies between them.
 */
export const KNOWN_SERIES: Migration = {
  number: 10,
  name: 'series that are known',
  statements: [
    ...SOURCES.map(
      ({ table }) =>
        `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS SeriesKnown UInt8 CODEC(ZSTD(1)) SETTINGS alter_sync = 0`,
    ),
    ...SOURCES.map(
      (source) =>
        `ALTER TABLE ${source.table}_series_mv MODIFY QUERY ${seriesOf(source, {
          where: 'WHERE NOT points.SeriesKnown',
          first: `fromUnixTimestamp64Nano(bitShiftLeft(bitShiftRight(${nano('min(points.TimeUnix)')}, ${BITS}), ${BITS}))`,
          last: `fromUnixTimestamp64Nano(bitShiftLeft(bitShiftRight(${nano('max(points.TimeUnix)')}, ${BITS}), ${BITS}) + ${2 ** BITS - 1})`,
        })}`,
    ),
  ],
};
