import { LETTER } from '../attribute-reader.js';
import type { Float64Column, LowCardinalityColumn, Uint64Column } from '../columns.js';
import { typeEntry } from '../value-types.js';

interface NumberColumns {
  readonly value: Float64Column;
  readonly valueType: LowCardinalityColumn;
  readonly intValue: Uint64Column;
}

const HIGH = 0x1_0000_0000;

/** Appends the eight bytes at `at`, which are what `letter` says: a double, an integer (also as the double nearest to it), or nothing. */
export function appendNumber(columns: NumberColumns, view: DataView, at: number, letter: number): void {
  columns.valueType.append(typeEntry(letter, LETTER.double));
  if (letter === LETTER.int) {
    columns.value.appendDouble(view.getInt32(at + 4, true) * HIGH + view.getUint32(at, true));
    columns.intValue.appendBits(view, at);
  } else {
    columns.value.appendBits(view, at);
    columns.intValue.append64(0, 0);
  }
}
