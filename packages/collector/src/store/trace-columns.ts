import { LOW_CARDINALITY, MAP, type TableColumn } from './table-columns.js';

/**
 * The columns of `otel_traces`, in the order in which the reader of OTLP writes them into a `Native` block. Names and types are
 * those of the OpenTelemetry Collector's ClickHouse exporter; below the line stand the columns this collector adds
 * for what that schema cannot say. A column is never renamed or retyped; a new one needs a migration.
 */
export const TRACE_COLUMNS: readonly TableColumn[] = [
  { name: 'Timestamp', type: 'DateTime64(9)' },
  { name: 'TraceId', type: 'String' },
  { name: 'SpanId', type: 'String' },
  { name: 'ParentSpanId', type: 'String' },
  { name: 'TraceState', type: 'String' },
  { name: 'SpanName', type: LOW_CARDINALITY },
  { name: 'SpanKind', type: LOW_CARDINALITY },
  { name: 'ServiceName', type: LOW_CARDINALITY },
  { name: 'ResourceAttributes', type: MAP },
  { name: 'ScopeName', type: 'String' },
  { name: 'ScopeVersion', type: 'String' },
  { name: 'SpanAttributes', type: MAP },
  { name: 'Duration', type: 'UInt64' },
  { name: 'StatusCode', type: LOW_CARDINALITY },
  { name: 'StatusMessage', type: 'String' },
  { name: 'Events.Timestamp', type: 'Array(DateTime64(9))' },
  { name: 'Events.Name', type: 'Array(LowCardinality(String))' },
  { name: 'Events.Attributes', type: `Array(${MAP})` },
  { name: 'Links.TraceId', type: 'Array(String)' },
  { name: 'Links.SpanId', type: 'Array(String)' },
  { name: 'Links.TraceState', type: 'Array(String)' },
  { name: 'Links.Attributes', type: `Array(${MAP})` },
  // What the exporter's schema loses. A `…Types` value has one letter per attribute, in the order of the map
  // (see attribute-types.ts); empty says: all of them strings.
  { name: 'SpanAttributeTypes', type: LOW_CARDINALITY },
  { name: 'ResourceAttributeTypes', type: LOW_CARDINALITY },
  { name: 'EventAttributeTypes', type: 'Array(LowCardinality(String))' },
  { name: 'LinkAttributeTypes', type: 'Array(LowCardinality(String))' },
  { name: 'ResourceSchemaUrl', type: LOW_CARDINALITY },
  { name: 'ScopeSchemaUrl', type: LOW_CARDINALITY },
  { name: 'ScopeAttributes', type: MAP },
  { name: 'ScopeAttributeTypes', type: LOW_CARDINALITY },
  { name: 'SpanFlags', type: 'UInt32' },
  { name: 'LinkFlags', type: 'Array(UInt32)' },
  { name: 'DroppedAttributes', type: 'UInt32' },
  { name: 'DroppedEvents', type: 'UInt32' },
  { name: 'DroppedLinks', type: 'UInt32' },
  { name: 'ResourceDroppedAttributes', type: 'UInt32' },
  { name: 'ScopeDroppedAttributes', type: 'UInt32' },
  { name: 'EventDroppedAttributes', type: 'Array(UInt32)' },
  { name: 'LinkDroppedAttributes', type: 'Array(UInt32)' },
];
