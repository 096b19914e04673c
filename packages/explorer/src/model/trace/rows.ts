import type { TraceColumns } from './columns.js';

/** What the waterfall shows, top to bottom. A row holds a span (`>= 0`) or a fold (`-1 - index`). */
export interface Rows {
  readonly item: Int32Array;
  readonly depth: Uint16Array;
  readonly length: number;
}

export interface RowOptions {
  /** Spans whose children are hidden. */
  readonly closed: ReadonlySet<number>;
  /** Folds, by index, whose members are shown. */
  readonly open: ReadonlySet<number>;
  /** Where given, only spans marked 1 are shown (matches and the way to them), and folds only around them. */
  readonly keep?: Uint8Array;
}

export const isFold = (item: number): boolean => item < 0;
export const foldIndex = (item: number): number => -1 - item;
export const foldItem = (index: number): number => -1 - index;

type Tree = Pick<TraceColumns, 'count' | 'descendants' | 'folds' | 'foldOf'>;

export function layoutRows(columns: Tree, { closed, open, keep }: RowOptions): Rows {
  const item = new Int32Array(columns.count + columns.folds.length);
  const depth = new Uint16Array(columns.count + columns.folds.length);
  let length = 0;
  const put = (what: number, level: number): void => {
    item[length] = what;
    depth[length] = level;
    length++;
  };
  // One entry for each list of siblings still to be shown: where it goes on, where it ends, how deep it stands.
  // Lists of fold members are explicit; lists of children are ranges of span numbers.
  interface Siblings {
    next: number;
    readonly end: number;
    readonly level: number;
    readonly members?: Uint32Array;
  }
  const stack: Siblings[] = [{ next: 0, end: columns.count, level: 0 }];
  while (stack.length > 0) {
    const list = stack[stack.length - 1]!;
    if (list.next >= list.end) {
      stack.pop();
      continue;
    }
    let span: number;
    if (list.members !== undefined) {
      span = list.members[list.next]!;
      list.next++;
    } else {
      span = list.next;
      list.next += columns.descendants[span]! + 1;
      const group = columns.foldOf[span]!;
      if (group >= 0) {
        const fold = columns.folds[group]!;
        if (fold.members[0] === span && (keep === undefined || fold.members.some((member) => keep[member] === 1))) {
          put(foldItem(group), list.level);
          if (open.has(group) || keep !== undefined) {
            stack.push({ next: 0, end: fold.members.length, level: list.level + 1, members: fold.members });
          }
        }
        continue;
      }
    }
    if (keep !== undefined && keep[span] !== 1) continue;
    put(span, list.level);
    const below = columns.descendants[span]!;
    if (below > 0 && !closed.has(span)) stack.push({ next: span + 1, end: span + below + 1, level: list.level + 1 });
  }
  return { item: item.subarray(0, length), depth: depth.subarray(0, length), length };
}

/** What must be opened so that `span` has a row of its own: its ancestors, and the folds they and it lie in. */
export function revealed(
  columns: Pick<TraceColumns, 'parent' | 'foldOf'>,
  span: number,
  options: RowOptions,
): RowOptions | undefined {
  const closed = new Set(options.closed);
  const open = new Set(options.open);
  let changed = false;
  for (let at = span; at >= 0; at = columns.parent[at]!) {
    if (at !== span && closed.delete(at)) changed = true;
    const group = columns.foldOf[at]!;
    if (group >= 0 && !open.has(group)) {
      open.add(group);
      changed = true;
    }
  }
  return changed ? { ...options, closed, open } : undefined;
}

/** The row that stands for each span: its own, that of its fold, or that of the nearest ancestor that has one. */
export function rowOfSpan(columns: Pick<TraceColumns, 'count' | 'parent' | 'foldOf'>, rows: Rows): Int32Array {
  const row = new Int32Array(columns.count).fill(-1);
  const foldRow = new Map<number, number>();
  for (let index = 0; index < rows.length; index++) {
    const what = rows.item[index]!;
    if (isFold(what)) foldRow.set(foldIndex(what), index);
    else row[what] = index;
  }
  for (let span = 0; span < columns.count; span++) {
    if (row[span]! >= 0) continue;
    const parent = columns.parent[span]!;
    row[span] = foldRow.get(columns.foldOf[span]!) ?? (parent >= 0 ? row[parent]! : -1);
  }
  return row;
}
