import type { AttributeReader } from './attribute-reader.js';
import type { LowCardinalityColumn } from './columns.js';
import type { MapColumn } from './map-column.js';

const NOTHING = new Uint8Array(0);

/** Attributes that many rows share: read once, between `begin` and `end`, and copied for each. They mean nothing in another column. */
export class AttributeTemplate {
  private keys = new Uint32Array(0);
  private values: Uint8Array = NOTHING;
  private types = 0;
  private keysBefore = 0;
  private valuesBefore = 0;

  begin(at: AttributeReader, target: MapColumn): void {
    at.startMap();
    this.keysBefore = target.keys.indexes.length;
    this.valuesBefore = target.values.length;
  }

  end(at: AttributeReader, target: MapColumn, types: LowCardinalityColumn): void {
    const { keys, values } = target;
    this.types = at.endMap(types, 0);
    // Taken out of the column again: what a row gets is a copy.
    this.keys = keys.indexes.values.slice(this.keysBefore, keys.indexes.length);
    this.values = values.bytes.slice(this.valuesBefore, values.length);
    keys.indexes.length = this.keysBefore;
    values.length = this.valuesBefore;
  }

  /** What one copy takes. */
  get bytes(): number {
    return this.values.length + 4 * this.keys.length;
  }

  /** For so many rows. */
  append(target: MapColumn, types: LowCardinalityColumn, rows: number): void {
    const { keys, values } = target;
    if (this.keys.length > 0) {
      const from = values.length;
      values.appendEncoded(this.values);
      values.repeat(from, rows - 1);
      keys.indexes.appendAll(this.keys, rows);
    }
    target.end(rows, this.keys.length);
    types.appendTimes(this.types, rows);
  }
}
