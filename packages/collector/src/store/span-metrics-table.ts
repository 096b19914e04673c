import { COUNT_CODEC, type Migration, TABLE_SETTINGS } from './migration.js';

const ZSTD = 'CODEC(ZSTD(1))';

/** Buckets of durations to a doubling: those of OpenTelemetry's exponential histogram of this scale, over nanoseconds. */
export const SPAN_METRICS_SCALE = 3;
/** The bucket of spans that took no time at all. */
export const NO_TIME_BUCKET = -2;

/**
 * How many spans of each operation began in each minute, how many of them failed and how long they took. `DurationMap` is an exponential histogram of scale 3: bucket `i` holds
 * durations above 2^(i/8) and up to 2^((i+1)/8) nanoseconds, so that a quantile of it is off by 4.5 % at most.
 *
 * `IsEntry`: where work enters a service, as in query/stored-names.ts. Rows of one minute are added up as parts are merged, never lost: the sum over `Spans` is the number of
 * spans in `otel_traces`. Filled by a view from its making on.
 */
export const SPAN_METRICS: Migration = {
  number: 8,
  name: 'span metrics',
  statements: [
    `CREATE TABLE IF NOT EXISTS otel_span_metrics (
      Time DateTime CODEC(Delta, ZSTD(1)),
      ServiceName LowCardinality(String) ${ZSTD},
      ServiceVersion LowCardinality(String) ${ZSTD},
      SpanName LowCardinality(String) ${ZSTD},
      SpanKind LowCardinality(String) ${ZSTD},
      IsEntry Bool ${ZSTD},
      Spans UInt64 ${COUNT_CODEC},
      Errors UInt64 ${COUNT_CODEC},
      DurationSum UInt64 ${COUNT_CODEC},
      DurationMap Nested (Bucket Int16, Count UInt64) ${ZSTD}
    ) ENGINE = SummingMergeTree
    PARTITION BY toDate(Time)
    ORDER BY (ServiceName, SpanName, SpanKind, IsEntry, ServiceVersion, Time)
    SETTINGS index_granularity = 1024, ${TABLE_SETTINGS}`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS otel_span_metrics_mv TO otel_span_metrics AS
      SELECT Time, ServiceName, ServiceVersion, SpanName, SpanKind, IsEntry, sum(Number) AS Spans, sum(Failed) AS Errors, sum(Length) AS DurationSum,
        groupArray(Bucket) AS \`DurationMap.Bucket\`, groupArray(Number) AS \`DurationMap.Count\`
      FROM (
        SELECT toStartOfMinute(toDateTime(Timestamp)) AS Time, ServiceName, toLowCardinality(ResourceAttributes['service.version']) AS ServiceVersion,
          SpanName, SpanKind,
          SpanKind IN ('Server', 'Consumer', 'SPAN_KIND_SERVER', 'SPAN_KIND_CONSUMER') OR ParentSpanId = '' AS IsEntry,
          if(Duration = 0, ${NO_TIME_BUCKET}, toInt16(ceil(log2(Duration) * ${2 ** SPAN_METRICS_SCALE})) - 1)::Int16 AS Bucket,
          count() AS Number, countIf(StatusCode IN ('Error', 'STATUS_CODE_ERROR')) AS Failed, sum(Duration) AS Length
        FROM otel_traces GROUP BY Time, ServiceName, ServiceVersion, SpanName, SpanKind, IsEntry, Bucket)
      GROUP BY Time, ServiceName, ServiceVersion, SpanName, SpanKind, IsEntry`,
  ],
};
