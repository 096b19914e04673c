/** What the engine writes as `JSONCompact`: a row is the list of its values. A third less text than objects, whose keys would be said for every row. */
export interface CompactAnswer {
  readonly meta: readonly { readonly name: string; readonly type: string }[];
  readonly data: readonly (readonly unknown[])[];
  readonly statistics?: { readonly rows_read: number; readonly bytes_read: number };
}

/** The rows as objects. */
export function compactRows<Row>({
  meta,
  data,
}: {
  readonly meta: readonly { readonly name: string }[];
  readonly data: CompactAnswer['data'];
}): Row[] {
  const names = meta.map(({ name }) => name);
  return data.map((values) => {
    const row: Record<string, unknown> = {};
    for (let index = 0; index < names.length; index++) row[names[index]!] = values[index];
    return row as Row;
  });
}
