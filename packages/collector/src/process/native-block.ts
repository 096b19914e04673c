import type { TableColumn } from '../store/table-columns.js';
import { type EndsColumn, type LowCardinalityColumn, StringColumn, uint64s, viewOf } from './columns.js';
import type { MapColumn } from './map-column.js';

/** A column whose values all take the same number of bytes. */
interface FixedColumn {
  length: number;
  slice(from: number, to: number): Uint8Array;
  clear(): void;
}

export type Part =
  | { readonly kind: 'fixed'; readonly column: FixedColumn }
  | { readonly kind: 'string'; readonly column: StringColumn }
  /** `first`: entries that the reader refers to by number, from 0 on. */
  | { readonly kind: 'low'; readonly column: LowCardinalityColumn; readonly first: readonly string[] }
  | { readonly kind: 'map'; readonly column: MapColumn };

export const fixed = (column: FixedColumn): Part => ({ kind: 'fixed', column });
export const string = (column: StringColumn): Part => ({ kind: 'string', column });
export const low = (column: LowCardinalityColumn, first: readonly string[] = []): Part => ({
  kind: 'low',
  column,
  first,
});
/** Letters for the types of attributes: entry 0 says that all of them are strings. */
export const types = (column: LowCardinalityColumn): Part => low(column, ['']);
export const map = (column: MapColumn): Part => ({ kind: 'map', column });

interface Written {
  readonly header: Uint8Array;
  /** For an array: where each row's elements end. */
  readonly arrayEnds: EndsColumn | undefined;
  readonly part: Part;
}

/** A part's lengths; enough to cut every column back to a moment. Dictionary entries that nobody points to do no harm. */
export type Mark = Float64Array;

/**
 * Rows of one table as columns that grow row by row, and their form in ClickHouse's `Native` format. One block takes many requests;
 * it belongs to one writer at a time and is used again after `clear`. What the columns are, each table's own block says.
 */
export abstract class NativeBlock {
  rows = 0;
  /** Days since 1970 that occur; each becomes a part of its own in the store. */
  readonly days = new Set<number>();

  private written: readonly Written[] = [];
  private growing: readonly { length: number }[] = [];

  /**
   * Called once, by the constructor of the table's block. `parts` by the names of `columns`, in any order; `arrayEnds` says for a column of arrays
   * where each row's elements end. Several columns may share one.
   */
  protected define(
    columns: readonly TableColumn[],
    parts: Readonly<Record<string, Part>>,
    arrayEnds: (name: string) => EndsColumn | undefined,
  ): void {
    this.written = columns.map(({ name, type }) => {
      const part = parts[name];
      if (part === undefined) throw new Error(`no column is built for ${name}`);
      const ends = type.startsWith('Array(') ? arrayEnds(name) : undefined;
      if (type.startsWith('Array(') && ends === undefined) throw new Error(`nothing says where arrays of ${name} end`);
      return { header: columnHeader(name, type), arrayEnds: ends, part };
    });
    this.growing = [
      ...new Set(this.written.flatMap(({ arrayEnds: ends }) => ends ?? [])),
      ...this.written.flatMap(({ part }): { length: number }[] =>
        part.kind === 'low'
          ? [part.column.indexes]
          : part.kind === 'map'
            ? [part.column.ends, part.column.keys.indexes, part.column.values]
            : [part.column],
      ),
    ];
    this.clear();
  }

  mark(): Mark {
    const mark = new Float64Array(this.growing.length + 1);
    this.growing.forEach((column, index) => {
      mark[index] = column.length;
    });
    mark[this.growing.length] = this.rows;
    return mark;
  }

  /** Forgets everything after `mark`. */
  cutBack(mark: Mark): void {
    this.growing.forEach((column, index) => {
      column.length = mark[index] as number;
    });
    this.rows = mark[this.growing.length] as number;
  }

  /** Rows `from` to `to` in `Native` format. The views are valid until the block changes. */
  toNative(from = 0, to = this.rows): Uint8Array[] {
    const isWhole = from === 0 && to === this.rows;
    const strings = (column: StringColumn, first: number, last: number): Uint8Array =>
      isWhole ? column.written() : column.slice(first, last);
    const chunks: Uint8Array[] = [blockHeader(this.written.length, to - from)];
    for (const { header, arrayEnds, part } of this.written) {
      chunks.push(header);
      if (part.kind === 'low' || part.kind === 'map') chunks.push(LOW_CARDINALITY_VERSION);
      let first = from;
      let last = to;
      if (arrayEnds !== undefined) {
        chunks.push(arrayEnds.slice(from, to));
        first = arrayEnds.before(from);
        last = arrayEnds.before(to);
      }
      if (part.kind === 'low') part.column.chunks(first, last, chunks);
      else if (part.kind === 'map') {
        const { ends, keys, values } = part.column;
        chunks.push(ends.slice(first, last));
        const firstEntry = ends.before(first);
        const lastEntry = ends.before(last);
        keys.chunks(firstEntry, lastEntry, chunks);
        chunks.push(strings(values, firstEntry, lastEntry));
      } else if (part.kind === 'string') chunks.push(strings(part.column, first, last));
      else chunks.push(part.column.slice(first, last));
    }
    return chunks.filter((chunk) => chunk.length > 0);
  }

  clear(): void {
    this.rows = 0;
    this.days.clear();
    for (const { arrayEnds, part } of this.written) {
      arrayEnds?.clear();
      part.column.clear();
      if (part.kind === 'low')
        for (const text of part.first) part.column.intern(viewOf(Buffer.from(text)), 0, text.length);
    }
  }
}

const LOW_CARDINALITY_VERSION = uint64s(1);

function blockHeader(columns: number, rows: number): Uint8Array {
  const bytes = new StringColumn();
  bytes.writeLength(columns);
  bytes.writeLength(rows);
  return bytes.written();
}

function columnHeader(name: string, type: string): Uint8Array {
  const bytes = new StringColumn();
  bytes.appendRaw(Buffer.from(name));
  bytes.appendRaw(Buffer.from(type));
  return bytes.written().slice();
}
