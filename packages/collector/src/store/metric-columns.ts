import { LOW_CARDINALITY, MAP, type TableColumn } from './table-columns.js';

/*
 * The columns of the five `otel_metrics_…` tables: those of the OpenTelemetry Collector's ClickHouse exporter, and after them, in each list, what
 * that schema cannot say.
 */

const SHARED: readonly TableColumn[] = [
  { name: 'ResourceAttributes', type: MAP },
  { name: 'ResourceSchemaUrl', type: LOW_CARDINALITY },
  { name: 'ScopeName', type: 'String' },
  { name: 'ScopeVersion', type: 'String' },
  { name: 'ScopeAttributes', type: MAP },
  { name: 'ScopeDroppedAttrCount', type: 'UInt32' },
  { name: 'ScopeSchemaUrl', type: LOW_CARDINALITY },
  { name: 'ServiceName', type: LOW_CARDINALITY },
  { name: 'MetricName', type: LOW_CARDINALITY },
  { name: 'MetricDescription', type: LOW_CARDINALITY },
  { name: 'MetricUnit', type: LOW_CARDINALITY },
  { name: 'Attributes', type: MAP },
  { name: 'StartTimeUnix', type: 'DateTime64(9)' },
  { name: 'TimeUnix', type: 'DateTime64(9)' },
  { name: 'Flags', type: 'UInt32' },
  // `…Types` as in otel_traces. `OriginalTimeUnix`: what a point was sent with whose time cannot be; it stands at its arrival.
  { name: 'AttributeTypes', type: LOW_CARDINALITY },
  { name: 'ResourceAttributeTypes', type: LOW_CARDINALITY },
  { name: 'ScopeAttributeTypes', type: LOW_CARDINALITY },
  { name: 'ResourceDroppedAttributes', type: 'UInt32' },
  { name: 'MetricMetadata', type: MAP },
  { name: 'MetricMetadataTypes', type: LOW_CARDINALITY },
  { name: 'OriginalTimeUnix', type: 'UInt64' },
  // 1: `otel_metrics_series` has the series of the point already, for this time (known-series.ts); 0 where nobody says so.
  { name: 'SeriesKnown', type: 'UInt8' },
];

const EXEMPLARS: readonly TableColumn[] = [
  { name: 'Exemplars.FilteredAttributes', type: `Array(${MAP})` },
  { name: 'Exemplars.TimeUnix', type: 'Array(DateTime64(9))' },
  { name: 'Exemplars.Value', type: 'Array(Float64)' },
  { name: 'Exemplars.SpanId', type: 'Array(String)' },
  { name: 'Exemplars.TraceId', type: 'Array(String)' },
  // As for the values of points, below.
  { name: 'ExemplarAttributeTypes', type: `Array(${LOW_CARDINALITY})` },
  { name: 'ExemplarValueTypes', type: `Array(${LOW_CARDINALITY})` },
  { name: 'ExemplarIntValues', type: 'Array(Int64)' },
];

const NUMBER: readonly TableColumn[] = [
  { name: 'Value', type: 'Float64' },
  // Empty: a double. `i`: an integer, exact in `IntValue`. `n`: the point says nothing.
  { name: 'ValueType', type: LOW_CARDINALITY },
  { name: 'IntValue', type: 'Int64' },
];

const TEMPORALITY: TableColumn = { name: 'AggregationTemporality', type: 'Int32' };

const DISTRIBUTION: readonly TableColumn[] = [
  { name: 'Count', type: 'UInt64' },
  { name: 'Sum', type: 'Float64' },
  { name: 'Min', type: 'Float64' },
  { name: 'Max', type: 'Float64' },
  TEMPORALITY,
  // 0 above may be a value or none.
  { name: 'NoSum', type: 'Bool' },
  { name: 'NoMin', type: 'Bool' },
  { name: 'NoMax', type: 'Bool' },
];

export const GAUGE_COLUMNS: readonly TableColumn[] = [...SHARED, ...NUMBER, ...EXEMPLARS];

export const SUM_COLUMNS: readonly TableColumn[] = [
  ...SHARED,
  ...NUMBER,
  TEMPORALITY,
  { name: 'IsMonotonic', type: 'Bool' },
  ...EXEMPLARS,
];

export const HISTOGRAM_COLUMNS: readonly TableColumn[] = [
  ...SHARED,
  ...DISTRIBUTION,
  { name: 'BucketCounts', type: 'Array(UInt64)' },
  { name: 'ExplicitBounds', type: 'Array(Float64)' },
  ...EXEMPLARS,
];

export const EXPONENTIAL_HISTOGRAM_COLUMNS: readonly TableColumn[] = [
  ...SHARED,
  ...DISTRIBUTION,
  { name: 'Scale', type: 'Int32' },
  { name: 'ZeroCount', type: 'UInt64' },
  { name: 'PositiveOffset', type: 'Int32' },
  { name: 'PositiveBucketCounts', type: 'Array(UInt64)' },
  { name: 'NegativeOffset', type: 'Int32' },
  { name: 'NegativeBucketCounts', type: 'Array(UInt64)' },
  { name: 'ZeroThreshold', type: 'Float64' },
  ...EXEMPLARS,
];

export const SUMMARY_COLUMNS: readonly TableColumn[] = [
  ...SHARED,
  { name: 'Count', type: 'UInt64' },
  { name: 'Sum', type: 'Float64' },
  { name: 'ValueAtQuantiles.Quantile', type: 'Array(Float64)' },
  { name: 'ValueAtQuantiles.Value', type: 'Array(Float64)' },
];
