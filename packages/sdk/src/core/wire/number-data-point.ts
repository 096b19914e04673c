import { writeFixed64 } from './data-point.js';

/** `NumberDataPoint.attributes` (metrics.proto, field 7). */
export const numberAttributes = 0x3a;

/** Bytes of the value of a `NumberDataPoint`. */
export const numberValueSize = 9;

/** Writes `as_int` (field 6) or `as_double` (field 4). */
export function writeNumberValue(
  bytes: Uint8Array,
  view: DataView,
  pos: number,
  value: number,
  isInteger: boolean,
): number {
  if (isInteger) {
    bytes[pos] = 0x31;
    return writeFixed64(view, pos + 1, value);
  }
  bytes[pos] = 0x21;
  view.setFloat64(pos + 1, value, true);
  return pos + 9;
}
