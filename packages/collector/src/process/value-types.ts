import { ATTRIBUTE_TYPE } from '../store/attribute-types.js';
import type { LowCardinalityColumn } from './columns.js';
import { low, type Part } from './native-block.js';

const LETTERS: readonly string[] = Object.values(ATTRIBUTE_TYPE);
const ENTRIES = new Uint8Array(128);
LETTERS.forEach((letter, index) => {
  ENTRIES[letter.charCodeAt(0)] = index + 1;
});

/** A column with the type of one value in each row: a letter of store/attribute-types.ts, or empty for what is usual in its table. */
export const valueTypes = (column: LowCardinalityColumn): Part => low(column, ['', ...LETTERS]);

/** The column's entry for a letter's code; `usual` is the one that is not said. */
export function typeEntry(code: number, usual: number): number {
  return code === usual ? 0 : ENTRIES[code]!;
}
