/*
 * The functions that Throughline's host offers to a guest, version 1, for strings in UTF-16: a pointer and a length in 16-bit units, which is how
 * AssemblyScript keeps them. What each does and what a handle is stands in docs/wasm.md.
 */

@external("throughline_v1_utf16", "span_start")
export declare function span_start(name: usize, nameLength: i32, kind: i32, parent: i32): i32;

@external("throughline_v1_utf16", "span_current")
export declare function span_current(): i32;

@external("throughline_v1_utf16", "span_is_recording")
export declare function span_is_recording(span: i32): i32;

@external("throughline_v1_utf16", "set_string")
export declare function set_string(target: i32, key: usize, keyLength: i32, value: usize, valueLength: i32): void;

@external("throughline_v1_utf16", "set_bool")
export declare function set_bool(target: i32, key: usize, keyLength: i32, value: i32): void;

@external("throughline_v1_utf16", "set_int")
export declare function set_int(target: i32, key: usize, keyLength: i32, value: i64): void;

@external("throughline_v1_utf16", "set_double")
export declare function set_double(target: i32, key: usize, keyLength: i32, value: f64): void;

@external("throughline_v1_utf16", "set_list")
export declare function set_list(target: i32, key: usize, keyLength: i32, kind: i32, items: usize, count: i32): void;

@external("throughline_v1_utf16", "attributes_create")
export declare function attributes_create(): i32;

@external("throughline_v1_utf16", "span_add_event")
export declare function span_add_event(span: i32, name: usize, nameLength: i32, attributes: i32): void;

@external("throughline_v1_utf16", "span_set_status")
export declare function span_set_status(span: i32, code: i32, message: usize, messageLength: i32): void;

@external("throughline_v1_utf16", "span_record_exception")
export declare function span_record_exception(
  span: i32,
  type: usize,
  typeLength: i32,
  message: usize,
  messageLength: i32,
  stack: usize,
  stackLength: i32,
): void;

@external("throughline_v1_utf16", "span_end")
export declare function span_end(span: i32): void;

@external("throughline_v1_utf16", "context_traceparent")
export declare function context_traceparent(into: usize, capacity: i32): i32;
