import type { Aggregation } from './expression.js';
import { problem } from './parse-promql.js';
import { labelName } from './prometheus-names.js';
import type { Labels } from './select-series.js';
import { type Grid, keyOf, onlyLabels, refuseTooMany, type Series, withoutLabels } from './values.js';
import { extremeOf, quantileOf, sumOf, varianceOf } from './window-functions.js';

const SIMPLE: Readonly<Record<string, (values: readonly number[]) => number>> = {
  sum: sumOf,
  avg: (values) => sumOf(values) / values.length,
  min: (values) => extremeOf(values, (one, than) => one < than),
  max: (values) => extremeOf(values, (one, than) => one > than),
  count: (values) => values.length,
  group: () => 1,
  stddev: (values) => Math.sqrt(varianceOf(values)),
  stdvar: varianceOf,
};

/** `parameter` has a value for each moment. */
export function aggregate(
  { operator, grouping, at }: Aggregation,
  series: readonly Series[],
  parameter: readonly number[] | string | undefined,
  grid: Grid,
): readonly Series[] {
  const groups = new Map<string, { readonly labels: Labels; readonly members: Series[] }>();
  const names = grouping.labels.map((name) => (name === '__name__' ? name : labelName(name)));
  for (const member of series) {
    const labels = grouping.without
      ? withoutLabels(member.labels, [...names, '__name__'])
      : onlyLabels(member.labels, names);
    const key = keyOf(labels);
    const group = groups.get(key) ?? { labels, members: [] };
    groups.set(key, group);
    group.members.push(member);
  }
  const columns = (members: readonly Series[], of: (values: readonly number[], index: number) => number) =>
    Array.from({ length: grid.length }, (_, index) => {
      const values: number[] = [];
      for (const { values: column } of members) if (column[index] !== undefined) values.push(column[index]);
      return values.length === 0 ? undefined : of(values, index);
    });
  switch (operator) {
    case 'topk':
    case 'bottomk':
      return [...groups.values()].flatMap(({ members }) =>
        extremes(members, parameter as readonly number[], operator === 'topk', grid),
      );
    case 'quantile':
      return [...groups.values()].map(({ labels, members }) => ({
        labels,
        values: columns(members, (values, index) => quantileOf((parameter as readonly number[])[index]!, values)),
      }));
    case 'count_values':
      return [...groups.values()].flatMap(({ labels, members }) =>
        valueCounts(labels, members, parameter as string, grid),
      );
    default: {
      const of = SIMPLE[operator];
      if (of === undefined) throw problem(`The aggregation ${operator} is not supported.`, at);
      return [...groups.values()].map(({ labels, members }) => ({ labels, values: columns(members, of) }));
    }
  }
}

/** The members themselves, each only where it is among the greatest (or the least) of its group. */
function extremes(members: readonly Series[], count: readonly number[], isTop: boolean, grid: Grid): readonly Series[] {
  const kept = members.map(() => new Array<number | undefined>(grid.length).fill(undefined));
  for (let index = 0; index < grid.length; index++) {
    const present = members.flatMap(({ values }, member) => {
      const value = values[index];
      return value === undefined ? [] : [{ member, value }];
    });
    // What is no number comes last.
    present.sort((a, b) => {
      if (Number.isNaN(a.value) || Number.isNaN(b.value))
        return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value));
      return isTop ? b.value - a.value : a.value - b.value;
    });
    for (const { member, value } of present.slice(0, Math.max(0, Math.trunc(count[index]!))))
      kept[member]![index] = value;
  }
  const ranked = members.map(({ labels }, member) => ({ labels, values: kept[member]! }));
  // At one moment they come in their order.
  if (grid.length === 1)
    ranked.sort((a, b) => (isTop ? (b.values[0] ?? 0) - (a.values[0] ?? 0) : (a.values[0] ?? 0) - (b.values[0] ?? 0)));
  return ranked;
}

function valueCounts(labels: Labels, members: readonly Series[], label: string, grid: Grid): readonly Series[] {
  const counts = new Map<string, (number | undefined)[]>();
  for (let index = 0; index < grid.length; index++) {
    for (const { values } of members) {
      const value = values[index];
      if (value === undefined) continue;
      const column = counts.get(String(value)) ?? new Array<number | undefined>(grid.length).fill(undefined);
      counts.set(String(value), column);
      refuseTooMany(counts.size, grid);
      column[index] = (column[index] ?? 0) + 1;
    }
  }
  return [...counts].map(([text, values]) => ({ labels: { ...labels, [labelName(label)]: text }, values }));
}
