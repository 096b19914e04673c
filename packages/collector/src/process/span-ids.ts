import type { StringColumn } from './columns.js';

const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

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
  const { bytes } = column;
  let at = column.length;
  bytes[at++] = size * 2;
  for (let missing = size - (end - start); missing > 0; missing--) {
    bytes[at++] = 48;
    bytes[at++] = 48;
  }
  for (let i = start; i < end; i++) {
    const byte = source[i]!;
    bytes[at++] = HEX[byte >> 4]!;
    bytes[at++] = HEX[byte & 15]!;
  }
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
