import { ATTRIBUTES_CODEC, adopt, COUNT_CODEC, MAP, type Migration, TABLE_SETTINGS, TIME_CODEC } from './migration.js';

const ZSTD = 'CODEC(ZSTD(1))';

/** Names and types of the exporter's; the same in all five tables. */
const SHARED = [
  `ResourceAttributes ${MAP} ${ATTRIBUTES_CODEC}`,
  `ResourceSchemaUrl String ${ZSTD}`,
  `ScopeName String ${ZSTD}`,
  `ScopeVersion String ${ZSTD}`,
  `ScopeAttributes ${MAP} ${ATTRIBUTES_CODEC}`,
  `ScopeDroppedAttrCount UInt32 ${ZSTD}`,
  `ScopeSchemaUrl String ${ZSTD}`,
  `ServiceName LowCardinality(String) ${ZSTD}`,
  `MetricName String ${ZSTD}`,
  `MetricDescription String ${ZSTD}`,
  `MetricUnit String ${ZSTD}`,
  `Attributes ${MAP} ${ATTRIBUTES_CODEC}`,
  `StartTimeUnix DateTime64(9) ${TIME_CODEC}`,
  `TimeUnix DateTime64(9) ${TIME_CODEC}`,
  `Flags UInt32 ${ZSTD}`,
];
/** What that schema cannot say (metric-columns.ts). */
const SHARED_FURTHER = [
  `AttributeTypes LowCardinality(String) ${ZSTD}`,
  `ResourceAttributeTypes LowCardinality(String) ${ZSTD}`,
  `ScopeAttributeTypes LowCardinality(String) ${ZSTD}`,
  `ResourceDroppedAttributes UInt32 ${ZSTD}`,
  `MetricMetadata ${MAP} ${ATTRIBUTES_CODEC}`,
  `MetricMetadataTypes LowCardinality(String) ${ZSTD}`,
  `OriginalTimeUnix UInt64 ${ZSTD}`,
];

const EXEMPLARS = [
  `Exemplars Nested (FilteredAttributes ${MAP}, TimeUnix DateTime64(9), Value Float64, SpanId String, TraceId String) ${ZSTD}`,
];
const EXEMPLARS_FURTHER = [
  `ExemplarAttributeTypes Array(LowCardinality(String)) ${ZSTD}`,
  `ExemplarValueTypes Array(LowCardinality(String)) ${ZSTD}`,
  `ExemplarIntValues Array(Int64) ${ZSTD}`,
];

const NUMBER = [`Value Float64 ${ZSTD}`];
const NUMBER_FURTHER = [`ValueType LowCardinality(String) ${ZSTD}`, `IntValue Int64 ${ZSTD}`];

const TEMPORALITY = `AggregationTemporality Int32 ${ZSTD}`;
const DISTRIBUTION = [
  `Count UInt64 ${COUNT_CODEC}`,
  `Sum Float64 ${ZSTD}`,
  `Min Float64 ${ZSTD}`,
  `Max Float64 ${ZSTD}`,
  TEMPORALITY,
];
const DISTRIBUTION_FURTHER = [`NoSum Bool ${ZSTD}`, `NoMin Bool ${ZSTD}`, `NoMax Bool ${ZSTD}`];

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly further: readonly string[];
}

const TABLES: readonly Table[] = [
  {
    name: 'otel_metrics_gauge',
    columns: [...NUMBER, ...EXEMPLARS],
    further: [...NUMBER_FURTHER, ...EXEMPLARS_FURTHER],
  },
  {
    name: 'otel_metrics_sum',
    columns: [...NUMBER, TEMPORALITY, `IsMonotonic Bool ${ZSTD}`, ...EXEMPLARS],
    further: [...NUMBER_FURTHER, ...EXEMPLARS_FURTHER],
  },
  {
    name: 'otel_metrics_histogram',
    columns: [
      ...DISTRIBUTION,
      `BucketCounts Array(UInt64) ${ZSTD}`,
      `ExplicitBounds Array(Float64) ${ZSTD}`,
      ...EXEMPLARS,
    ],
    further: [...DISTRIBUTION_FURTHER, ...EXEMPLARS_FURTHER],
  },
  {
    name: 'otel_metrics_exp_histogram',
    columns: [
      ...DISTRIBUTION,
      `Scale Int32 ${ZSTD}`,
      `ZeroCount UInt64 ${ZSTD}`,
      `PositiveOffset Int32 ${ZSTD}`,
      `PositiveBucketCounts Array(UInt64) ${ZSTD}`,
      `NegativeOffset Int32 ${ZSTD}`,
      `NegativeBucketCounts Array(UInt64) ${ZSTD}`,
      ...EXEMPLARS,
    ],
    further: [...DISTRIBUTION_FURTHER, `ZeroThreshold Float64 ${ZSTD}`, ...EXEMPLARS_FURTHER],
  },
  {
    name: 'otel_metrics_summary',
    columns: [
      `Count UInt64 ${COUNT_CODEC}`,
      `Sum Float64 ${ZSTD}`,
      `ValueAtQuantiles Nested (Quantile Float64, Value Float64) ${ZSTD}`,
    ],
    further: [],
  },
];

/** The hour before the series: a question about an hour of one metric reads that hour, and within it each series lies together. */
function statements({ name, columns, further }: Table): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${name} (
      ${[...SHARED, ...columns, ...SHARED_FURTHER, ...further].join(',\n      ')},
      INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
      INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
      INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
      INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
    ) ENGINE = MergeTree
    PARTITION BY toDate(TimeUnix)
    ORDER BY (ServiceName, MetricName, toStartOfHour(TimeUnix), cityHash64(Attributes), TimeUnix)
    SETTINGS index_granularity = 8192, ${TABLE_SETTINGS}`,
    adopt(name, [...SHARED_FURTHER, ...further]),
  ];
}

export const METRIC_TABLES: Migration = { number: 4, name: 'metrics', statements: TABLES.flatMap(statements) };
