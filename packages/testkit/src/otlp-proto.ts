import protobuf from 'protobufjs';

/*
 * OTLP as protobuf definitions of our own, read by protobufjs: a decoder that shares nothing with the encoder under test. Field
 * numbers follow opentelemetry-proto 1.7 (common, resource, trace, logs, metrics and the collector services).
 */
const definitions = `
syntax = "proto3";
package otlp;

message AnyValue {
  oneof value {
    string string_value = 1;
    bool bool_value = 2;
    int64 int_value = 3;
    double double_value = 4;
    ArrayValue array_value = 5;
    KeyValueList kvlist_value = 6;
    bytes bytes_value = 7;
  }
}
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message InstrumentationScope {
  string name = 1;
  string version = 2;
  repeated KeyValue attributes = 3;
  uint32 dropped_attributes_count = 4;
}
message EntityRef {
  string schema_url = 1;
  string type = 2;
  repeated string id_keys = 3;
  repeated string description_keys = 4;
}
message Resource {
  repeated KeyValue attributes = 1;
  uint32 dropped_attributes_count = 2;
  repeated EntityRef entity_refs = 3;
}

message TracesRequest { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }
message Span {
  bytes trace_id = 1;
  bytes span_id = 2;
  string trace_state = 3;
  bytes parent_span_id = 4;
  string name = 5;
  int32 kind = 6;
  fixed64 start_time_unix_nano = 7;
  fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9;
  uint32 dropped_attributes_count = 10;
  repeated Event events = 11;
  uint32 dropped_events_count = 12;
  repeated Link links = 13;
  uint32 dropped_links_count = 14;
  Status status = 15;
  fixed32 flags = 16;
}
message Event {
  fixed64 time_unix_nano = 1;
  string name = 2;
  repeated KeyValue attributes = 3;
  uint32 dropped_attributes_count = 4;
}
message Link {
  bytes trace_id = 1;
  bytes span_id = 2;
  string trace_state = 3;
  repeated KeyValue attributes = 4;
  uint32 dropped_attributes_count = 5;
  fixed32 flags = 6;
}
message Status { string message = 2; int32 code = 3; }

message LogsRequest { repeated ResourceLogs resource_logs = 1; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3; }
message ScopeLogs { InstrumentationScope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3; }
message LogRecord {
  fixed64 time_unix_nano = 1;
  int32 severity_number = 2;
  string severity_text = 3;
  AnyValue body = 5;
  repeated KeyValue attributes = 6;
  uint32 dropped_attributes_count = 7;
  fixed32 flags = 8;
  bytes trace_id = 9;
  bytes span_id = 10;
  fixed64 observed_time_unix_nano = 11;
  string event_name = 12;
}

message MetricsRequest { repeated ResourceMetrics resource_metrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
message Metric {
  string name = 1;
  string description = 2;
  string unit = 3;
  oneof data {
    Gauge gauge = 5;
    Sum sum = 7;
    Histogram histogram = 9;
    ExponentialHistogram exponential_histogram = 10;
    Summary summary = 11;
  }
  repeated KeyValue metadata = 12;
}
message Gauge { repeated NumberDataPoint data_points = 1; }
message Sum { repeated NumberDataPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
message Histogram { repeated HistogramDataPoint data_points = 1; int32 aggregation_temporality = 2; }
message ExponentialHistogram {
  repeated ExponentialHistogramDataPoint data_points = 1;
  int32 aggregation_temporality = 2;
}
message Summary { repeated SummaryDataPoint data_points = 1; }
message NumberDataPoint {
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  oneof value { double as_double = 4; sfixed64 as_int = 6; }
  repeated Exemplar exemplars = 5;
  repeated KeyValue attributes = 7;
  uint32 flags = 8;
}
message HistogramDataPoint {
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  fixed64 count = 4;
  optional double sum = 5;
  repeated fixed64 bucket_counts = 6;
  repeated double explicit_bounds = 7;
  repeated Exemplar exemplars = 8;
  repeated KeyValue attributes = 9;
  uint32 flags = 10;
  optional double min = 11;
  optional double max = 12;
}
message ExponentialHistogramDataPoint {
  message Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }
  repeated KeyValue attributes = 1;
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  fixed64 count = 4;
  optional double sum = 5;
  sint32 scale = 6;
  fixed64 zero_count = 7;
  Buckets positive = 8;
  Buckets negative = 9;
  uint32 flags = 10;
  repeated Exemplar exemplars = 11;
  optional double min = 12;
  optional double max = 13;
  double zero_threshold = 14;
}
message SummaryDataPoint {
  message ValueAtQuantile { double quantile = 1; double value = 2; }
  fixed64 start_time_unix_nano = 2;
  fixed64 time_unix_nano = 3;
  fixed64 count = 4;
  double sum = 5;
  repeated ValueAtQuantile quantile_values = 6;
  repeated KeyValue attributes = 7;
  uint32 flags = 8;
}
message Exemplar {
  fixed64 time_unix_nano = 2;
  oneof value { double as_double = 3; sfixed64 as_int = 6; }
  bytes span_id = 4;
  bytes trace_id = 5;
  repeated KeyValue filtered_attributes = 7;
}

message TracesResponse { TracesPartialSuccess partial_success = 1; }
message TracesPartialSuccess { int64 rejected_spans = 1; string error_message = 2; }

message RpcStatus { int32 code = 1; string message = 2; repeated Any details = 3; }
message Any { string type_url = 1; bytes value = 2; }
message RetryInfo { Duration retry_delay = 1; }
message Duration { int64 seconds = 1; int32 nanos = 2; }
`;

export type OtlpMessage =
  | 'TracesRequest'
  | 'LogsRequest'
  | 'MetricsRequest'
  | 'TracesResponse'
  | 'Resource'
  | 'RpcStatus'
  | 'Any'
  | 'RetryInfo';

let root: protobuf.Root | undefined;

const messageType = (message: OtlpMessage): protobuf.Type => {
  root ??= protobuf.parse(definitions).root;
  return root.lookupType(`otlp.${message}`);
};

/**
 * `bytes` as a plain object: lowerCamelCase names, absent fields absent, 64-bit integers as decimal strings, bytes as `Buffer`,
 * repeated fields always there. Throws for what is not well formed. `T` is what the test expects it to be.
 */
export function decodeOtlp<T = Record<string, unknown>>(message: OtlpMessage, bytes: Uint8Array): T {
  const type = messageType(message);
  return withBuffers(type.toObject(type.decode(bytes), { longs: String, arrays: true })) as T;
}

/** Bytes as `Buffer`, which tests compare and print as hex. */
function withBuffers(part: unknown): unknown {
  if (part instanceof Uint8Array) return Buffer.from(part);
  if (Array.isArray(part)) return part.map(withBuffers);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, withBuffers(inner)]));
}

/** The most asked for: an `ExportTraceServiceRequest`. */
export const decodeTraces = (bytes: Uint8Array): DecodedTraces => decodeOtlp<DecodedTraces>('TracesRequest', bytes);

export const decodeLogs = (bytes: Uint8Array): DecodedLogs => decodeOtlp<DecodedLogs>('LogsRequest', bytes);

export const decodeMetrics = (bytes: Uint8Array): DecodedMetrics => decodeOtlp<DecodedMetrics>('MetricsRequest', bytes);

export interface DecodedTraces {
  readonly resourceSpans: readonly {
    readonly resource?: { readonly attributes: readonly DecodedKeyValue[] };
    readonly scopeSpans: readonly DecodedScopeSpans[];
    readonly schemaUrl?: string;
  }[];
}

export interface DecodedScope {
  readonly name?: string;
  readonly version?: string;
  readonly attributes: readonly DecodedKeyValue[];
}

export interface DecodedScopeSpans {
  readonly scope?: DecodedScope;
  readonly spans: readonly DecodedSpan[];
  readonly schemaUrl?: string;
}

export interface DecodedSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly traceState?: string;
  readonly parentSpanId?: Buffer;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes: readonly DecodedKeyValue[];
  readonly droppedAttributesCount?: number;
  readonly events: readonly {
    readonly timeUnixNano?: string;
    readonly name?: string;
    readonly attributes: readonly DecodedKeyValue[];
    readonly droppedAttributesCount?: number;
  }[];
  readonly droppedEventsCount?: number;
  readonly links: readonly {
    readonly traceId: Buffer;
    readonly spanId: Buffer;
    readonly traceState?: string;
    readonly attributes: readonly DecodedKeyValue[];
    readonly droppedAttributesCount?: number;
    readonly flags?: number;
  }[];
  readonly droppedLinksCount?: number;
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly flags?: number;
}

export interface DecodedLogs {
  readonly resourceLogs: readonly {
    readonly resource?: { readonly attributes: readonly DecodedKeyValue[] };
    readonly scopeLogs: readonly {
      readonly scope?: DecodedScope;
      readonly logRecords: readonly DecodedLogRecord[];
      readonly schemaUrl?: string;
    }[];
    readonly schemaUrl?: string;
  }[];
}

export interface DecodedLogRecord {
  readonly timeUnixNano?: string;
  readonly observedTimeUnixNano?: string;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly body?: DecodedValue;
  readonly attributes: readonly DecodedKeyValue[];
  readonly droppedAttributesCount?: number;
  readonly flags?: number;
  readonly traceId?: Buffer;
  readonly spanId?: Buffer;
  readonly eventName?: string;
}

export interface DecodedMetrics {
  readonly resourceMetrics: readonly {
    readonly resource?: { readonly attributes: readonly DecodedKeyValue[] };
    readonly scopeMetrics: readonly {
      readonly scope?: DecodedScope;
      readonly metrics: readonly DecodedMetric[];
      readonly schemaUrl?: string;
    }[];
    readonly schemaUrl?: string;
  }[];
}

export interface DecodedMetric {
  readonly name?: string;
  readonly description?: string;
  readonly unit?: string;
  readonly gauge?: { readonly dataPoints: readonly DecodedNumberPoint[] };
  readonly sum?: {
    readonly dataPoints: readonly DecodedNumberPoint[];
    readonly aggregationTemporality?: number;
    readonly isMonotonic?: boolean;
  };
  readonly histogram?: {
    readonly dataPoints: readonly DecodedHistogramPoint[];
    readonly aggregationTemporality?: number;
  };
  readonly exponentialHistogram?: {
    readonly dataPoints: readonly DecodedExponentialPoint[];
    readonly aggregationTemporality?: number;
  };
  readonly summary?: { readonly dataPoints: readonly DecodedPoint[] };
}

interface DecodedPoint {
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano?: string;
  readonly attributes: readonly DecodedKeyValue[];
  readonly exemplars?: readonly DecodedExemplar[];
  readonly flags?: number;
}

export interface DecodedExemplar {
  readonly timeUnixNano?: string;
  readonly asDouble?: number;
  readonly asInt?: string;
  readonly spanId?: Buffer;
  readonly traceId?: Buffer;
  readonly filteredAttributes: readonly DecodedKeyValue[];
}

export interface DecodedNumberPoint extends DecodedPoint {
  readonly asDouble?: number;
  readonly asInt?: string;
}

export interface DecodedHistogramPoint extends DecodedPoint {
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts: readonly string[];
  readonly explicitBounds: readonly number[];
  readonly min?: number;
  readonly max?: number;
}

export interface DecodedExponentialPoint extends DecodedPoint {
  readonly count?: string;
  readonly sum?: number;
  readonly scale?: number;
  readonly zeroCount?: string;
  readonly zeroThreshold?: number;
  readonly positive?: DecodedBuckets;
  readonly negative?: DecodedBuckets;
  readonly min?: number;
  readonly max?: number;
}

export interface DecodedBuckets {
  readonly offset?: number;
  readonly bucketCounts: readonly string[];
}

export interface DecodedKeyValue {
  readonly key: string;
  readonly value?: DecodedValue;
}

export interface DecodedValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values: readonly DecodedValue[] };
  readonly kvlistValue?: { readonly values: readonly DecodedKeyValue[] };
  readonly bytesValue?: Buffer;
}

/** A decoded value as JavaScript: integers as bigint, so that they differ from doubles; maps as objects; an empty value is null. */
export function plainValue(value: DecodedValue | undefined): unknown {
  if (value?.intValue !== undefined) return BigInt(value.intValue);
  if (value?.arrayValue) return value.arrayValue.values.map(plainValue);
  if (value?.kvlistValue) return plainAttributes(value.kvlistValue.values);
  return value?.stringValue ?? value?.boolValue ?? value?.doubleValue ?? value?.bytesValue ?? null;
}

export const plainAttributes = (attributes: readonly DecodedKeyValue[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));

/** A plain object in the form of `decodeOtlp` as bytes. */
export function encodeOtlp(message: OtlpMessage, value: object): Uint8Array {
  const type = messageType(message);
  return type.encode(type.fromObject(value)).finish();
}
