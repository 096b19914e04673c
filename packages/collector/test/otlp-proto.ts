import protobuf from 'protobufjs';
import { encodeOtlp } from '../../testkit/src/otlp-proto.js';

/*
 * The parts of OTLP's protobuf messages that traces need, for an encoder that is not ours. Field names and numbers are those of
 * opentelemetry-proto 1.x.
 */
const SCHEMA = `
syntax = "proto3";
message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
message ExportTraceServiceResponse { PartialSuccess partial_success = 1; }
message PartialSuccess { int64 rejected_spans = 1; string error_message = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schema_url = 3; }
message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  uint32 dropped_attributes_count = 10; repeated Event events = 11; uint32 dropped_events_count = 12;
  repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15; fixed32 flags = 16;
}
message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4; }
message Link {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4;
  uint32 dropped_attributes_count = 5; fixed32 flags = 6;
}
message Status { string message = 2; int32 code = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue {
  oneof value {
    string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
  }
}
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message RpcStatus { int32 code = 1; string message = 2; repeated Any details = 3; }
message Any { string type_url = 1; bytes value = 2; }
message RetryInfo { Duration retry_delay = 1; }
message Duration { int64 seconds = 1; int32 nanos = 2; }
`;

const root = protobuf.parse(SCHEMA, { keepCase: false }).root;
const type = (name: string): protobuf.Type => root.lookupType(name);

/** The same shapes as OTLP/JSON in camelCase, but bytes as bytes and 64-bit integers as anything protobufjs takes. */
export function encodeTraces(request: object): Uint8Array {
  const message = type('ExportTraceServiceRequest');
  return message.encode(message.fromObject(wellFormed(request) as object)).finish();
}

/** protobufjs writes lone surrogates as three bytes that are not UTF-8; others write U+FFFD. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value).toString();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, wellFormed(item)]));
}

/** The same for the other signals. */
export const encodeLogs = (request: object): Uint8Array => encodeOtlp('LogsRequest', wellFormed(request) as object);
export const encodeMetrics = (request: object): Uint8Array =>
  encodeOtlp('MetricsRequest', wellFormed(request) as object);

export function decode<T>(
  name: 'ExportTraceServiceRequest' | 'ExportTraceServiceResponse' | 'RpcStatus' | 'RetryInfo',
  bytes: Uint8Array,
): T {
  const message = type(name);
  return message.toObject(message.decode(bytes), { longs: String, bytes: Buffer, defaults: false }) as T;
}
