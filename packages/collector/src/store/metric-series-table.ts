import { ATTRIBUTES_CODEC, type Migration, TABLE_SETTINGS } from './migration.js';

const ZSTD = 'CODEC(ZSTD(1))';

/** SQL for what tells one series of a metric from another. */
const SERIES_ID = 'cityHash64(ServiceName, Attributes, ResourceAttributes, ScopeName)';

interface Source {
  readonly table: string;
  readonly kind: string;
  /** SQL; 1 is delta, 2 cumulative, 0 neither. */
  readonly temporality: string;
  readonly isMonotonic: string;
}

export const SOURCES: readonly Source[] = [
  { table: 'otel_metrics_gauge', kind: 'gauge', temporality: 'toInt32(0)', isMonotonic: 'false' },
  {
    table: 'otel_metrics_sum',
    kind: 'sum',
    temporality: 'any(points.AggregationTemporality)',
    isMonotonic: 'any(points.IsMonotonic)',
  },
  {
    table: 'otel_metrics_histogram',
    kind: 'histogram',
    temporality: 'any(points.AggregationTemporality)',
    isMonotonic: 'true',
  },
  {
    table: 'otel_metrics_exp_histogram',
    kind: 'exponential-histogram',
    temporality: 'any(points.AggregationTemporality)',
    isMonotonic: 'true',
  },
  // A summary counts from its start.
  { table: 'otel_metrics_summary', kind: 'summary', temporality: 'toInt32(2)', isMonotonic: 'true' },
];

/** The aggregate function knows no other. */
const PLAIN_MAP = 'Map(String, String)';

/** Of all rows of a series the same: any of them will do. */
const one = (type: string): string => `SimpleAggregateFunction(any, ${type})`;

/** As it was at first: all points, and their times. */
const ALL_POINTS = {
  where: '',
  first: 'toDateTime64(min(points.TimeUnix), 9)',
  last: 'toDateTime64(max(points.TimeUnix), 9)',
};

/** One row for each series and day of what a block, or a whole table, holds. */
export const seriesOf = (
  { table, kind, temporality, isMonotonic }: Source,
  { where, first, last }: Readonly<Record<'where' | 'first' | 'last', string>> = ALL_POINTS,
): string =>
  `SELECT toDate(points.TimeUnix) AS Day, points.MetricName::String AS MetricName, '${kind}' AS Kind,
     cityHash64(points.ServiceName, points.Attributes, points.ResourceAttributes, points.ScopeName) AS SeriesId, any(points.ServiceName)::String AS ServiceName,
     any(points.ScopeName) AS ScopeName, any(points.Attributes)::Map(String, String) AS Attributes,
     any(points.ResourceAttributes)::Map(String, String) AS ResourceAttributes, any(points.MetricUnit)::String AS MetricUnit,
     any(points.MetricDescription)::String AS MetricDescription, ${isMonotonic}::Bool AS IsMonotonic, ${temporality}::Int32 AS AggregationTemporality,
     ${first} AS First, ${last} AS Last
   FROM ${table} AS points ${where} GROUP BY Day, MetricName, SeriesId`;

/**
 * Which series there are, a row for each and day once parts are merged: names, labels and what a metric is are answered from here, and points are read by
 * the number of their series, not by their attributes. That number stands in the tables of points too (`SeriesId`), computed when a point is written, or read where it was
 * written before.
 *
 * Filled by views, and once from what is there already. A row more of the same series changes nothing: `First` and `Last` are the least and the greatest of all its rows.
 */
export const METRIC_SERIES: Migration = {
  number: 7,
  name: 'metric series',
  statements: [
    ...SOURCES.map(
      ({ table }) => `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS SeriesId UInt64 MATERIALIZED ${SERIES_ID} ${ZSTD}`,
    ),
    `CREATE TABLE IF NOT EXISTS otel_metrics_series (
      Day Date ${ZSTD},
      MetricName String ${ZSTD},
      Kind LowCardinality(String) ${ZSTD},
      SeriesId UInt64 ${ZSTD},
      ServiceName ${one('String')} ${ZSTD},
      ScopeName ${one('String')} ${ZSTD},
      Attributes ${one(PLAIN_MAP)} ${ATTRIBUTES_CODEC},
      ResourceAttributes ${one(PLAIN_MAP)} ${ATTRIBUTES_CODEC},
      MetricUnit ${one('String')} ${ZSTD},
      MetricDescription ${one('String')} ${ZSTD},
      IsMonotonic ${one('Bool')} ${ZSTD},
      AggregationTemporality ${one('Int32')} ${ZSTD},
      First SimpleAggregateFunction(min, DateTime64(9)) ${ZSTD},
      Last SimpleAggregateFunction(max, DateTime64(9)) ${ZSTD}
    ) ENGINE = AggregatingMergeTree
    PARTITION BY Day
    ORDER BY (MetricName, Kind, SeriesId)
    SETTINGS index_granularity = 1024, ${TABLE_SETTINGS}`,
    ...SOURCES.map(
      (source) =>
        `CREATE MATERIALIZED VIEW IF NOT EXISTS ${source.table}_series_mv TO otel_metrics_series AS ${seriesOf(source)}`,
    ),
    // After the views, so that no point falls between: what both see is there twice, which changes nothing.
    ...SOURCES.map((source) => `INSERT INTO otel_metrics_series ${seriesOf(source)}`),
  ],
};
