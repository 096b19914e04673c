import type { StringColumn } from './columns.js';

const DIGITS = Buffer.from('0123456789abcdef');
/** Of each byte, as two bytes of text in the order of memory. */
const HEX = Uint16Array.from({ length: 256 }, (_, byte) => DIGITS[byte >> 4]! | (DIGITS[byte & 15]! << 8));

/** What is wrong with an id; 64-bit trace ids are taken. */
export function idProblem(
  source: Uint8Array,
  start: number,
  end: number,
  size: number,
): 'length' | 'zeros' | undefined {
  const count = end - start;
  if (count !== size && !(size === 16 && count === 8)) return 'length';
  return isZero(source, start, end) ? 'zeros' : undefined;
}

export function isZero(source: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (source[i] !== 0) return false;
  return true;
}

/** An id in hex; a 64-bit trace id gets zeros in front. */
export function appendId(column: StringColumn, source: Uint8Array, start: number, end: number, size: number): void {
  column.reserve(size * 2 + 1);
  const { view } = column;
  let at = column.length;
  view.setUint8(at++, size * 2);
  for (let missing = size - (end - start); missing > 0; missing--, at += 2) view.setUint16(at, HEX[0]!, true);
  for (let i = start; i < end; i++, at += 2) view.setUint16(at, HEX[source[i]!]!, true);
  column.length = at;
}

/** Appends the id of what something belongs to, empty where it names none. `false`: what it names can be no id, and was left out. */
export function appendOptionalId(
  column: StringColumn,
  source: Uint8Array,
  start: number,
  end: number,
  size: number,
): boolean {
  const problem = end === start ? 'zeros' : idProblem(source, start, end, size);
  if (problem === undefined) appendId(column, source, start, end, size);
  else column.appendEmpty();
  return problem !== 'length';
}
