import { COUNT_CODEC, type Migration, TABLE_SETTINGS } from './migration.js';

/**
 * What a list shows of a trace, so that it needs not to be gathered from the hundreds of places in `otel_traces` where its spans lie: one row for each
 * trace of each block that was inserted, never merged with another, so that rows can be counted (query/kept-summaries.ts says why).
 *
 * `TraceKey` is `sipHash64(TraceId)`: a third of the bytes of the id. `Start` and `Length` cover the block's spans of the trace; the head is its earliest
 * span without a parent or, where it has none, its earliest span, `HeadAfter` later than `Start`. `Services`, `Spans` and `Errors` go together.
 * 1.4 bytes a span where a trace of 20 spans comes in one block.
 */
export const TRACE_SUMMARIES: Migration = {
  number: 5,
  name: 'trace summaries',
  statements: [
    `CREATE TABLE IF NOT EXISTS otel_traces_summaries (
      TraceKey UInt64 CODEC(Delta, ZSTD(1)),
      Start DateTime64(9) CODEC(ZSTD(1)),
      Length Int64 ${COUNT_CODEC},
      HeadAfter UInt64 ${COUNT_CODEC},
      HasRoot Bool CODEC(ZSTD(1)),
      HeadService LowCardinality(String) CODEC(ZSTD(1)),
      HeadName LowCardinality(String) CODEC(ZSTD(1)),
      Services Array(LowCardinality(String)) CODEC(ZSTD(1)),
      Spans Array(UInt32) CODEC(ZSTD(1)),
      Errors Array(UInt32) CODEC(ZSTD(1))
    ) ENGINE = MergeTree
    PARTITION BY toDate(Start)
    ORDER BY TraceKey
    SETTINGS index_granularity = 256, ${TABLE_SETTINGS}`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_summaries_mv TO otel_traces_summaries AS
      SELECT sipHash64(TraceId) AS TraceKey, min(First) AS Start, max(Last) - toUnixTimestamp64Nano(min(First)) AS Length,
        max(Roots > 0) AS HasRoot,
        toUInt64(if(HasRoot, toUnixTimestamp64Nano(minIf(RootAt, Roots > 0)) - toUnixTimestamp64Nano(min(First)), 0)) AS HeadAfter,
        if(HasRoot, argMinIf(Service, RootAt, Roots > 0), argMin(Service, First)) AS HeadService,
        if(HasRoot, argMinIf(RootName, RootAt, Roots > 0), argMin(FirstName, First)) AS HeadName,
        groupArray(Service) AS Services, groupArray(SpansOfService) AS Spans, groupArray(ErrorsOfService) AS Errors
      FROM (
        SELECT TraceId, ServiceName AS Service, toUInt32(count()) AS SpansOfService,
          toUInt32(countIf(StatusCode IN ('Error', 'STATUS_CODE_ERROR'))) AS ErrorsOfService,
          min(Timestamp) AS First, max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) AS Last, argMin(SpanName, Timestamp) AS FirstName,
          countIf(ParentSpanId = '') AS Roots, minIf(Timestamp, ParentSpanId = '') AS RootAt, argMinIf(SpanName, Timestamp, ParentSpanId = '') AS RootName
        FROM otel_traces WHERE TraceId != '' GROUP BY TraceId, ServiceName)
      GROUP BY TraceId`,
  ],
};
