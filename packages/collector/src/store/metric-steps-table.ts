import { type Migration, TABLE_SETTINGS, TIME_CODEC } from './migration.js';

const ZSTD = 'CODEC(ZSTD(1))';

/** Points are put together by so many seconds, from the epoch on. */
export const STEP_SECONDS = 300;

/** In the temporality of a step: its points are to be asked one by one. */
export const ASK_POINTS = 3;

/** SQL for a time as a number; the exporter has tables whose times are in seconds. */
const nano = (time: string): string => `toUnixTimestamp64Nano(toDateTime64(${time}, 9))`;

/** A point's value behind its time, so that the greatest of such numbers is the newest value. */
const newest = (time: string, value: string): string =>
  `bitOr(bitShiftLeft(toUInt128(${nano(time)}), 64), reinterpretAsUInt64(${value}))`;

const TIME = `toDateTime(intDiv(${nano('points.TimeUnix')}, ${STEP_SECONDS}000000000) * ${STEP_SECONDS})`;
// What is not a number is neither less nor more than another, and who asks wants to know of a temporality that there is not.
const TEMPORALITY = `if(isNaN(points.Value) OR points.AggregationTemporality < 0 OR points.AggregationTemporality > 2, ${ASK_POINTS}, points.AggregationTemporality)`;
/** Those that say something, at times that `Time` can hold. */
const STORED = `points.ValueType != 'n' AND ${nano('points.TimeUnix')} >= 0 AND ${nano('points.TimeUnix')} < ${2 ** 32}000000000`;

/** Of a block. By a number for the name: text among the keys of a group costs half as much again. */
const OF_BLOCK = `SELECT any(points.MetricName) AS MetricName, ${TIME} AS Time, points.SeriesId AS SeriesId, toDateTime64(points.StartTimeUnix, 9) AS StartTimeUnix,
    max(${TEMPORALITY})::UInt8 AS Temporality, toDateTime64(min(points.TimeUnix), 9) AS First,
    ${newest('max(points.TimeUnix)', 'argMax(points.Value, points.TimeUnix)')} AS Newest, min(points.Value) AS Low, max(points.Value) AS High
  FROM otel_metrics_sum AS points WHERE ${STORED} GROUP BY cityHash64(points.MetricName), Time, SeriesId, StartTimeUnix`;

/** A row for each point, which the table puts together by itself: of a day there may be more groups than there is memory. */
const ofPartition = (id: string): string =>
  `INSERT INTO otel_metrics_sum_steps SELECT points.MetricName AS MetricName, ${TIME} AS Time, points.SeriesId AS SeriesId, toDateTime64(points.StartTimeUnix, 9) AS StartTimeUnix,
    ${TEMPORALITY}::UInt8 AS Temporality, toDateTime64(points.TimeUnix, 9) AS First, ${newest('points.TimeUnix', 'points.Value')} AS Newest, points.Value AS Low, points.Value AS High
  FROM otel_metrics_sum AS points WHERE _partition_id = '${id}' AND ${STORED}
  SETTINGS optimize_on_insert = 1, max_partitions_per_insert_block = 0`;

/**
 * What the increase of a running total needs of five minutes of a series: when its first and its newest point were, what the newest, the lowest and the highest says; for each start that points name. At
 * 15 s a twentieth of the rows.
 *
 * `Newest` is Unix nanoseconds in its upper 64 bits, and the bits of the value in its lower. Everything but the key is a least or a greatest, so a row too many (an insert that is repeated, a point that came
 * twice, this migration once more) changes nothing, whatever came first.
 *
 * Filled by a view, and once from what is there already, a day at a time.
 */
export const METRIC_STEPS: Migration = {
  number: 11,
  name: 'steps of sums',
  statements: [
    `CREATE TABLE IF NOT EXISTS otel_metrics_sum_steps (
      MetricName LowCardinality(String) ${ZSTD},
      Time DateTime CODEC(Delta, ZSTD(1)),
      SeriesId UInt64 ${ZSTD},
      StartTimeUnix DateTime64(9) ${TIME_CODEC},
      Temporality SimpleAggregateFunction(max, UInt8) ${ZSTD},
      First SimpleAggregateFunction(min, DateTime64(9)) ${TIME_CODEC},
      Newest SimpleAggregateFunction(max, UInt128) ${ZSTD},
      Low SimpleAggregateFunction(min, Float64) ${ZSTD},
      High SimpleAggregateFunction(max, Float64) ${ZSTD}
    ) ENGINE = AggregatingMergeTree
    PARTITION BY toDate(Time)
    ORDER BY (MetricName, toStartOfHour(Time), SeriesId, Time, StartTimeUnix)
    SETTINGS index_granularity = 2048, ${TABLE_SETTINGS}`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS otel_metrics_sum_steps_mv TO otel_metrics_sum_steps AS ${OF_BLOCK}`,
  ],
  // After the view, so that no point falls between.
  ofEachPartition: { table: 'otel_metrics_sum', statement: ofPartition },
};
