/** A column as it stands in a `Native` block. In the table its type may be wider (`String` for `LowCardinality(String)`); the insert converts. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
}

export const LOW_CARDINALITY = 'LowCardinality(String)';
export const MAP = 'Map(LowCardinality(String), String)';
