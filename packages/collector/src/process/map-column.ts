import { EndsColumn, LowCardinalityColumn, StringColumn } from './columns.js';

/** A map column: how many entries each row has (as running ends), the keys, the values. */
export class MapColumn {
  readonly ends = new EndsColumn();
  readonly keys = new LowCardinalityColumn();
  readonly values = new StringColumn();
  /** For each key, the number of the map it was last seen in. */
  private seen = new Float64Array(256);

  /** Whether map number `map` has this key already; from now on it has. */
  hasKey(key: number, map: number): boolean {
    if (key >= this.seen.length) {
      const seen = new Float64Array(Math.max(this.seen.length * 2, key + 1));
      seen.set(this.seen);
      this.seen = seen;
    }
    if (this.seen[key] === map) return true;
    this.seen[key] = map;
    return false;
  }

  /** Ends a row (or, in nested columns, an element): the last one of `rows` that have so many entries each. */
  end(rows = 1, entries = 0): void {
    const { length } = this.keys.indexes;
    for (let left = rows - 1; left >= 0; left--) this.ends.append64(length - left * entries, 0);
  }

  clear(): void {
    this.ends.clear();
    this.keys.clear();
    this.values.clear();
  }
}
