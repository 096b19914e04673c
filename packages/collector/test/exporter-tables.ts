/*
 * The tables as the OpenTelemetry Collector's ClickHouse exporter makes them, with three days of retention. Columns and keys of logs are those
 * before release 0.151, of which most databases are. Metrics come in both shapes: gauges and both histograms with times in nanoseconds, as before that release; sums and
 * summaries in whole seconds and with short names, as since.
 */

const MAP = 'Map(LowCardinality(String), String) CODEC(ZSTD(1))';

const SPAN_TABLES = [
  `CREATE TABLE otel_traces (
    Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)), TraceId String CODEC(ZSTD(1)), SpanId String CODEC(ZSTD(1)),
    ParentSpanId String CODEC(ZSTD(1)), TraceState String CODEC(ZSTD(1)), SpanName LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind LowCardinality(String) CODEC(ZSTD(1)), ServiceName LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes ${MAP}, ScopeName String CODEC(ZSTD(1)), ScopeVersion String CODEC(ZSTD(1)), SpanAttributes ${MAP},
    Duration UInt64 CODEC(ZSTD(1)), StatusCode LowCardinality(String) CODEC(ZSTD(1)), StatusMessage String CODEC(ZSTD(1)),
    Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    Links Nested (TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1
  ) ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
  TTL toDateTime(Timestamp) + toIntervalDay(3) SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`,
  `CREATE TABLE otel_traces_trace_id_ts (
    TraceId String CODEC(ZSTD(1)), Start DateTime CODEC(Delta, ZSTD(1)), End DateTime CODEC(Delta, ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1
  ) ENGINE = MergeTree PARTITION BY toDate(Start) ORDER BY (TraceId, Start)
  TTL toDateTime(Start) + toIntervalDay(3) SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`,
  `CREATE MATERIALIZED VIEW otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS
    SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End FROM otel_traces WHERE TraceId != '' GROUP BY TraceId`,
];

const INDEXES = (maps: readonly (readonly [name: string, column: string])[]): string =>
  maps
    .flatMap(([name, column]) => [
      `INDEX idx_${name}_key mapKeys(${column}) TYPE bloom_filter(0.01) GRANULARITY 1`,
      `INDEX idx_${name}_value mapValues(${column}) TYPE bloom_filter(0.01) GRANULARITY 1`,
    ])
    .join(', ');

const LOG_TABLE = `CREATE TABLE otel_logs (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TimestampTime DateTime DEFAULT toDateTime(Timestamp),
    TraceId String CODEC(ZSTD(1)), SpanId String CODEC(ZSTD(1)), TraceFlags UInt8,
    SeverityText LowCardinality(String) CODEC(ZSTD(1)), SeverityNumber UInt8, ServiceName LowCardinality(String) CODEC(ZSTD(1)), Body String CODEC(ZSTD(1)),
    ResourceSchemaUrl LowCardinality(String) CODEC(ZSTD(1)), ResourceAttributes ${MAP}, ScopeSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
    ScopeName String CODEC(ZSTD(1)), ScopeVersion LowCardinality(String) CODEC(ZSTD(1)), ScopeAttributes ${MAP}, LogAttributes ${MAP},
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    ${INDEXES([
      ['res_attr', 'ResourceAttributes'],
      ['scope_attr', 'ScopeAttributes'],
      ['log_attr', 'LogAttributes'],
    ])},
    INDEX idx_body Body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
  ) ENGINE = MergeTree PARTITION BY toDate(TimestampTime)
  PRIMARY KEY (ServiceName, TimestampTime) ORDER BY (ServiceName, TimestampTime, Timestamp)
  TTL TimestampTime + toIntervalDay(3) SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`;

function metricTable(name: string, time: 'DateTime64(9)' | 'DateTime', columns: string): string {
  const isNew = time === 'DateTime';
  const order = isNew
    ? 'toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix'
    : 'Attributes, toUnixTimestamp64Nano(TimeUnix)';
  return `CREATE TABLE ${name} (
    ResourceAttributes ${MAP}, ResourceSchemaUrl String CODEC(ZSTD(1)), ScopeName String CODEC(ZSTD(1)), ScopeVersion String CODEC(ZSTD(1)),
    ScopeAttributes ${MAP}, ScopeDroppedAttrCount UInt32 CODEC(ZSTD(1)), ScopeSchemaUrl String CODEC(ZSTD(1)),
    ServiceName LowCardinality(String) CODEC(ZSTD(1)), MetricName ${isNew ? 'LowCardinality(String)' : 'String'} CODEC(ZSTD(1)),
    MetricDescription String CODEC(ZSTD(1)), MetricUnit String CODEC(ZSTD(1)), Attributes ${MAP},
    StartTimeUnix ${time} CODEC(Delta, ZSTD(1)), TimeUnix ${time} CODEC(Delta, ZSTD(1)), Flags UInt32 CODEC(ZSTD(1)), ${columns},
    ${INDEXES([
      ['res_attr', 'ResourceAttributes'],
      ['scope_attr', 'ScopeAttributes'],
      ['attr', 'Attributes'],
    ])}
  ) ENGINE = MergeTree TTL toDateTime(TimeUnix) + toIntervalDay(3) PARTITION BY toDate(TimeUnix)
  ORDER BY (ServiceName, MetricName, ${order}) SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`;
}

const exemplars = (time: string): string =>
  `Exemplars Nested (FilteredAttributes Map(LowCardinality(String), String), TimeUnix ${time}, Value Float64, SpanId String, TraceId String) CODEC(ZSTD(1))`;
const DISTRIBUTION = `Count UInt64 CODEC(Delta, ZSTD(1)), Sum Float64 CODEC(ZSTD(1)), Min Float64 CODEC(ZSTD(1)), Max Float64 CODEC(ZSTD(1)),
    AggregationTemporality Int32 CODEC(ZSTD(1)), ${exemplars('DateTime64(9)')}`;

const METRIC_TABLES = [
  metricTable('otel_metrics_gauge', 'DateTime64(9)', `Value Float64 CODEC(ZSTD(1)), ${exemplars('DateTime64(9)')}`),
  metricTable(
    'otel_metrics_sum',
    'DateTime',
    `Value Float64 CODEC(ZSTD(1)), ${exemplars('DateTime')}, AggregationTemporality Int32 CODEC(ZSTD(1)), IsMonotonic Boolean CODEC(Delta, ZSTD(1))`,
  ),
  metricTable(
    'otel_metrics_histogram',
    'DateTime64(9)',
    `${DISTRIBUTION}, BucketCounts Array(UInt64) CODEC(ZSTD(1)), ExplicitBounds Array(Float64) CODEC(ZSTD(1))`,
  ),
  metricTable(
    'otel_metrics_exp_histogram',
    'DateTime64(9)',
    `${DISTRIBUTION}, Scale Int32 CODEC(ZSTD(1)), ZeroCount UInt64 CODEC(ZSTD(1)), PositiveOffset Int32 CODEC(ZSTD(1)),
    PositiveBucketCounts Array(UInt64) CODEC(ZSTD(1)), NegativeOffset Int32 CODEC(ZSTD(1)), NegativeBucketCounts Array(UInt64) CODEC(ZSTD(1))`,
  ),
  metricTable(
    'otel_metrics_summary',
    'DateTime',
    'Count UInt64 CODEC(Delta, ZSTD(1)), Sum Float64 CODEC(ZSTD(1)), ValueAtQuantiles Nested (Quantile Float64, Value Float64) CODEC(ZSTD(1))',
  ),
];

export const EXPORTER_TABLES: readonly string[] = [...SPAN_TABLES, LOG_TABLE, ...METRIC_TABLES];
