import { utf8Length, writeAscii, writeUtf8 } from './utf8.js';
import { closeLength, writeVarint, writeVarint64 } from './varint.js';

const twoTo32 = 0x1_0000_0000;
/** Values nested deeper than this, and values inside themselves, are written as null. */
const maxDepth = 32;

/** Bytes that `writeAnyValue` may at most need for `value`, its tag and length in the message around it included. */
export function anyValueBound(value: unknown, depth = 0): number {
  if (typeof value === 'string') return value.length * 3 + 16;
  if (typeof value !== 'object' || value === null) return 24;
  if (value instanceof Uint8Array) return value.length + 16;
  let bound = 16;
  if (depth < maxDepth) {
    if (Array.isArray(value)) for (const item of value) bound += anyValueBound(item, depth + 1);
    else {
      for (const [key, item] of Object.entries(value)) bound += key.length * 3 + 16 + anyValueBound(item, depth + 1);
    }
  }
  return bound;
}

/** Writes a string field's length and UTF-8 bytes (its tag is already there) and returns the position behind it. */
export function writeText(bytes: Uint8Array, view: DataView, pos: number, text: string): number {
  const end = writeAscii(bytes, view, writeVarint(bytes, pos, text.length), text);
  return end < 0 ? writeUtf8(bytes, writeVarint(bytes, pos, utf8Length(text)), text) : end;
}

/**
 * Writes the fields of an OTLP `AnyValue` (common.proto) and returns the position behind them. Safe integers are `int_value`,
 * other numbers `double_value`, a bigint that fits 64 bits `int_value` (else its digits as a string), arrays, bytes and plain
 * objects what they are; `null` and what has no form on the wire leave the value empty.
 */
export function writeAnyValue(bytes: Uint8Array, view: DataView, pos: number, value: unknown, depth = 0): number {
  switch (typeof value) {
    case 'string':
      bytes[pos] = 0x0a;
      return writeText(bytes, view, pos + 1, value);
    case 'boolean':
      bytes[pos] = 0x10;
      bytes[pos + 1] = value ? 1 : 0;
      return pos + 2;
    case 'number':
      if (Number.isSafeInteger(value)) {
        bytes[pos] = 0x18;
        return writeVarint64(bytes, pos + 1, Math.floor(value / twoTo32) | 0, value | 0);
      }
      bytes[pos] = 0x21;
      view.setFloat64(pos + 1, value, true);
      return pos + 9;
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) return writeAnyValue(bytes, view, pos, String(value));
      bytes[pos] = 0x18;
      return writeVarint64(bytes, pos + 1, Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value)));
    case 'object':
      if (value === null || depth >= maxDepth) return pos;
      if (value instanceof Uint8Array) {
        bytes[pos] = 0x3a;
        const start = writeVarint(bytes, pos + 1, value.length);
        bytes.set(value, start);
        return start + value.length;
      }
      return Array.isArray(value)
        ? writeArray(bytes, view, pos, value, depth)
        : writeMap(bytes, view, pos, value, depth);
    default:
      return pos;
  }
}

function writeArray(bytes: Uint8Array, view: DataView, pos: number, items: readonly unknown[], depth: number): number {
  bytes[pos] = 0x2a;
  let end = pos + 2;
  for (const item of items) {
    bytes[end] = 0x0a;
    end = closeLength(bytes, end + 1, writeAnyValue(bytes, view, end + 2, item, depth + 1));
  }
  return closeLength(bytes, pos + 1, end);
}

function writeMap(bytes: Uint8Array, view: DataView, pos: number, map: object, depth: number): number {
  bytes[pos] = 0x32;
  let end = pos + 2;
  for (const [key, item] of Object.entries(map)) {
    bytes[end] = 0x0a;
    bytes[end + 2] = 0x0a;
    const valueAt = writeText(bytes, view, end + 3, key);
    bytes[valueAt] = 0x12;
    const valueEnd = closeLength(bytes, valueAt + 1, writeAnyValue(bytes, view, valueAt + 2, item, depth + 1));
    end = closeLength(bytes, end + 1, valueEnd);
  }
  return closeLength(bytes, pos + 1, end);
}
