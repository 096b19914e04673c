import type { TraceColumns } from './columns.js';
import { foldIndex, isFold, type Rows } from './rows.js';
import { selfSegments } from './self-time.js';

export interface Area {
  readonly from: number;
  readonly to: number;
  readonly firstRow: number;
  readonly lastRow: number;
}

export interface AreaSums {
  readonly widthNano: number;
  readonly spans: number;
  readonly errors: number;
  /** Self time inside of the area; sums of parallel work may exceed its width. */
  readonly selfNano: number;
  readonly services: readonly { readonly service: number; readonly spans: number; readonly selfNano: number }[];
  readonly names: readonly {
    readonly name: number;
    readonly service: number;
    readonly spans: number;
    readonly selfNano: number;
  }[];
}

/** What happened within a rectangle of the waterfall: rows (with what is folded or closed under them) × time. */
export function areaSums(columns: TraceColumns, rows: Rows, area: Area): AreaSums {
  const inside = new Set<number>();
  for (let row = area.firstRow; row <= area.lastRow && row < rows.length; row++) {
    const item = rows.item[row]!;
    if (isFold(item)) {
      for (const member of columns.folds[foldIndex(item)]!.members) {
        for (let span = member; span <= member + columns.descendants[member]!; span++) inside.add(span);
      }
      continue;
    }
    inside.add(item);
    const shown = row + 1 < rows.length && rows.depth[row + 1]! > rows.depth[row]!;
    if (!shown) for (let span = item + 1; span <= item + columns.descendants[item]!; span++) inside.add(span);
  }
  const services = new Map<number, { service: number; spans: number; selfNano: number }>();
  const names = new Map<string, { name: number; service: number; spans: number; selfNano: number }>();
  let spans = 0;
  let errors = 0;
  let selfNano = 0;
  for (const span of inside) {
    const start = columns.start[span]!;
    const end = start + columns.duration[span]!;
    if (end < area.from || start > area.to) continue;
    spans++;
    if (columns.flags[span]! & 1) errors++;
    const own = clippedSelf(columns, span, area);
    selfNano += own;
    const service = columns.service[span]!;
    const name = columns.name[span]!;
    const perService = services.get(service) ?? { service, spans: 0, selfNano: 0 };
    perService.spans++;
    perService.selfNano += own;
    services.set(service, perService);
    const key = `${service} ${name}`;
    const perName = names.get(key) ?? { name, service, spans: 0, selfNano: 0 };
    perName.spans++;
    perName.selfNano += own;
    names.set(key, perName);
  }
  const longest = (a: { selfNano: number }, b: { selfNano: number }): number => b.selfNano - a.selfNano;
  return {
    widthNano: area.to - area.from,
    spans,
    errors,
    selfNano,
    services: [...services.values()].sort(longest),
    names: [...names.values()].sort(longest).slice(0, 8),
  };
}

function clippedSelf(columns: TraceColumns, span: number, { from, to }: Area): number {
  const segments = selfSegments(columns, span);
  let sum = 0;
  for (let index = 0; index < segments.length; index += 2) {
    sum += Math.max(0, Math.min(segments[index + 1]!, to) - Math.max(segments[index]!, from));
  }
  return sum;
}
