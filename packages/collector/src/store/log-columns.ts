import { LOW_CARDINALITY, MAP, type TableColumn } from './table-columns.js';

/** The columns of `otel_logs`: those of the OpenTelemetry Collector's ClickHouse exporter, and below the line what that schema cannot say. */
export const LOG_COLUMNS: readonly TableColumn[] = [
  { name: 'Timestamp', type: 'DateTime64(9)' },
  { name: 'TraceId', type: 'String' },
  { name: 'SpanId', type: 'String' },
  { name: 'TraceFlags', type: 'UInt8' },
  { name: 'SeverityText', type: LOW_CARDINALITY },
  { name: 'SeverityNumber', type: 'UInt8' },
  { name: 'ServiceName', type: LOW_CARDINALITY },
  { name: 'Body', type: 'String' },
  { name: 'ResourceSchemaUrl', type: LOW_CARDINALITY },
  { name: 'ResourceAttributes', type: MAP },
  { name: 'ScopeSchemaUrl', type: LOW_CARDINALITY },
  { name: 'ScopeName', type: 'String' },
  { name: 'ScopeVersion', type: 'String' },
  { name: 'ScopeAttributes', type: MAP },
  { name: 'LogAttributes', type: MAP },
  { name: 'EventName', type: LOW_CARDINALITY },
  // What the exporter's schema loses. `BodyType` is one letter of attribute-types.ts; empty says: a string.
  { name: 'ObservedTimestamp', type: 'DateTime64(9)' },
  { name: 'BodyType', type: LOW_CARDINALITY },
  { name: 'LogAttributeTypes', type: LOW_CARDINALITY },
  { name: 'ResourceAttributeTypes', type: LOW_CARDINALITY },
  { name: 'ScopeAttributeTypes', type: LOW_CARDINALITY },
  { name: 'LogFlags', type: 'UInt32' },
  { name: 'DroppedAttributes', type: 'UInt32' },
  { name: 'ResourceDroppedAttributes', type: 'UInt32' },
  { name: 'ScopeDroppedAttributes', type: 'UInt32' },
];
