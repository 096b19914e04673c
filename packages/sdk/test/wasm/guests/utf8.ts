/*
 * A guest as other languages have it: strings in UTF-8, and nothing of Throughline's package.
 */

@external("throughline_v1_utf8", "span_start")
declare function span_start(name: usize, nameLength: i32, kind: i32, parent: i32): i32;

@external("throughline_v1_utf8", "set_string")
declare function set_string(target: i32, key: usize, keyLength: i32, value: usize, valueLength: i32): void;

@external("throughline_v1_utf8", "span_end")
declare function span_end(span: i32): void;

@external("throughline_v1_utf8", "context_traceparent")
declare function context_traceparent(into: usize, capacity: i32): i32;

/** The length of the traceparent; its 55 bytes stand at `into` then. */
export function work(into: usize): i32 {
  const name = String.UTF8.encode("größer 🌍");
  const key = String.UTF8.encode("k");
  const span = span_start(changetype<usize>(name), name.byteLength, 0, 0);
  set_string(span, changetype<usize>(key), key.byteLength, changetype<usize>(name), name.byteLength);
  const length = context_traceparent(into, 55);
  span_end(span);
  return length;
}

/** Grows the memory between two calls, so that a host which kept a view of it would read nothing. */
export function grow(): void {
  memory.grow(16);
  const name = String.UTF8.encode("after growth");
  span_end(span_start(changetype<usize>(name), name.byteLength, 0, 0));
}
