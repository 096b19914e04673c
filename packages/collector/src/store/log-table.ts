import { ATTRIBUTES_CODEC, adopt, MAP, type Migration, TABLE_SETTINGS, TIME_CODEC } from './migration.js';

/** What the exporter's schema cannot say (log-columns.ts), and its newest column, which older tables lack. */
const FURTHER = [
  'EventName String CODEC(ZSTD(1))',
  `ObservedTimestamp DateTime64(9) ${TIME_CODEC}`,
  'BodyType LowCardinality(String) CODEC(ZSTD(1))',
  'LogAttributeTypes LowCardinality(String) CODEC(ZSTD(1))',
  'ResourceAttributeTypes LowCardinality(String) CODEC(ZSTD(1))',
  'ScopeAttributeTypes LowCardinality(String) CODEC(ZSTD(1))',
  'LogFlags UInt32 CODEC(ZSTD(1))',
  'DroppedAttributes UInt32 CODEC(ZSTD(1))',
  'ResourceDroppedAttributes UInt32 CODEC(ZSTD(1))',
  'ScopeDroppedAttributes UInt32 CODEC(ZSTD(1))',
];

/**
 * Rows to a mark. A quarter of the engine's default: a rare word is found in twenty places, and of each all columns of a mark are unpacked. Two percent more on disk once parts are
 * merged. The filter of words (log-words.ts) is a quarter too; that of the exporter's schema spans as many rows as it does there.
 */
const LOGS_GRANULARITY = 2048;

export const LOG_TABLE: Migration = {
  number: 3,
  name: 'logs',
  statements: [
    `CREATE TABLE IF NOT EXISTS otel_logs (
      Timestamp DateTime64(9) ${TIME_CODEC},
      TraceId String CODEC(ZSTD(1)),
      SpanId String CODEC(ZSTD(1)),
      TraceFlags UInt8,
      SeverityText LowCardinality(String) CODEC(ZSTD(1)),
      SeverityNumber UInt8,
      ServiceName LowCardinality(String) CODEC(ZSTD(1)),
      Body String CODEC(ZSTD(1)),
      ResourceSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
      ResourceAttributes ${MAP} ${ATTRIBUTES_CODEC},
      ScopeSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
      ScopeName String CODEC(ZSTD(1)),
      ScopeVersion LowCardinality(String) CODEC(ZSTD(1)),
      ScopeAttributes ${MAP} ${ATTRIBUTES_CODEC},
      LogAttributes ${MAP} ${ATTRIBUTES_CODEC},
      ${FURTHER.join(',\n      ')},
      INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
      INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
      INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
      INDEX idx_log_attr_key mapKeys(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
      INDEX idx_log_attr_value mapValues(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
      INDEX idx_severity SeverityNumber TYPE minmax GRANULARITY 1,
      INDEX idx_body Body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY ${(8 * 8192) / LOGS_GRANULARITY},
      INDEX idx_words lowerUTF8(Body) TYPE tokenbf_v1(${(65_536 * LOGS_GRANULARITY) / 8192}, 4, 0) GRANULARITY 1
    ) ENGINE = MergeTree
    PARTITION BY toDate(Timestamp)
    ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)
    SETTINGS index_granularity = ${LOGS_GRANULARITY}, ${TABLE_SETTINGS}`,
    adopt('otel_logs', FURTHER),
  ],
};
