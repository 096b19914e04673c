import { endOf, type Fold, forEachChild, SpanFlag, type TraceColumns } from './columns.js';

/** So many siblings with the same name, service and outcome become one row. */
export const FOLD_FROM = 20;

type Folding = Pick<
  TraceColumns,
  'count' | 'parent' | 'descendants' | 'name' | 'service' | 'flags' | 'start' | 'duration' | 'spanIds'
>;

export interface Folds {
  readonly folds: readonly Fold[];
  readonly foldOf: Int32Array;
}

/** Finds siblings that differ in nothing but their times. Failed ones fold apart, so that three of a thousand are seen. */
export function findFolds(columns: Folding): Folds {
  const folds: Fold[] = [];
  const foldOf = new Int32Array(columns.count).fill(-1);
  for (let span = 0; span < columns.count; span++) {
    if (columns.descendants[span]! < FOLD_FROM) continue;
    const groups = new Map<string, number[]>();
    forEachChild(columns, span, (child) => {
      const failed = columns.flags[child]! & (SpanFlag.error | SpanFlag.errorBelow) ? 1 : 0;
      const key = `${columns.name[child]} ${columns.service[child]} ${failed}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [child]);
      else group.push(child);
    });
    for (const members of groups.values()) {
      if (members.length < FOLD_FROM) continue;
      for (const member of members) foldOf[member] = folds.length;
      folds.push(describe(columns, span, members));
    }
  }
  return { folds, foldOf };
}

function describe(columns: Folding, parent: number, members: readonly number[]): Fold {
  const durations = Float64Array.from(members, (member) => columns.duration[member]!).sort();
  const at = (share: number): number =>
    durations[Math.min(durations.length - 1, Math.floor(share * durations.length))]!;
  let end = 0;
  let total = 0;
  let errors = 0;
  for (const member of members) {
    end = Math.max(end, endOf(columns as TraceColumns, member));
    total += columns.duration[member]!;
    if (columns.flags[member]! & SpanFlag.error) errors++;
  }
  return {
    id: columns.spanIds[members[0]!]!,
    parent,
    members: Uint32Array.from(members),
    errors,
    start: columns.start[members[0]!]!,
    end,
    totalNano: total,
    minNano: durations[0]!,
    p50Nano: at(0.5),
    p95Nano: at(0.95),
    maxNano: durations[durations.length - 1]!,
  };
}
