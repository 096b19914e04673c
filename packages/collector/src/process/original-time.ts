import { type AttributeReader, LETTER } from './attribute-reader.js';
import { viewOf } from './columns.js';
import type { MapColumn } from './map-column.js';
import { appendAscii } from './number-text.js';

const ORIGINAL_TIME = viewOf(Buffer.from('throughline.original_time'));

/** Adds an attribute to the map that is being read: the two times that a row was sent with, where they cannot be. Unsigned halves. */
export function appendOriginalTime(
  at: AttributeReader,
  target: MapColumn,
  first: readonly [low: number, high: number],
  second: readonly [low: number, high: number],
): void {
  const { keys, values } = target;
  const digits = ([low, high]: readonly [number, number]): string => ((BigInt(high) << 32n) | BigInt(low)).toString();
  keys.append(keys.intern(ORIGINAL_TIME, 0, ORIGINAL_TIME.byteLength));
  appendAscii(values, `${digits(first)}/${digits(second)}`);
  at.letter(LETTER.string);
}
