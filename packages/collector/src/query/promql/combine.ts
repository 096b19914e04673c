import type { Binary, Matching } from './expression.js';
import { problem } from './parse-promql.js';
import { labelName } from './prometheus-names.js';
import type { Labels } from './select-series.js';
import {
  type Column,
  type Grid,
  keyOf,
  nameless,
  onlyLabels,
  refuseTooMany,
  type Series,
  type Value,
  withoutLabels,
} from './values.js';

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': (a, b) => (a === 1 || b === 0 ? 1 : a ** b),
  atan2: (a, b) => Math.atan2(a, b),
};
const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** What an operator makes of two values; `undefined` where a comparison leaves the left one out. */
type Operation = (a: number, b: number) => number | undefined;

function operationOf({ operator, isBool }: Binary, kept: 'left' | 'right'): Operation {
  const arithmetic = ARITHMETIC[operator];
  if (arithmetic !== undefined) return arithmetic;
  const compare = COMPARE[operator]!;
  if (isBool) return (a, b) => (compare(a, b) ? 1 : 0);
  return (a, b) => (compare(a, b) ? (kept === 'left' ? a : b) : undefined);
}

export function combine(node: Binary, left: Value, right: Value, grid: Grid): Value {
  const keepsName = COMPARE[node.operator] !== undefined && !node.isBool;
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    const of = operationOf(node, 'left');
    return { kind: 'scalar', values: left.values.map((a, index) => of(a, right.values[index]!) ?? Number.NaN) };
  }
  if (left.kind === 'vector' && right.kind === 'scalar') {
    const of = operationOf(node, 'left');
    return mapped(left.series, keepsName, (value, index) => of(value, right.values[index]!));
  }
  if (left.kind === 'scalar' && right.kind === 'vector') {
    const of = operationOf(node, 'right');
    return mapped(right.series, keepsName, (value, index) => of(left.values[index]!, value));
  }
  if (left.kind !== 'vector' || right.kind !== 'vector')
    throw problem(`${node.operator} takes numbers and instant vectors.`, node.at);
  return node.operator === 'and' || node.operator === 'or' || node.operator === 'unless'
    ? combineSets(node, left.series, right.series, grid)
    : combineVectors(node, left.series, right.series, grid, keepsName);
}

function mapped(
  series: readonly Series[],
  keepsName: boolean,
  of: (value: number, index: number) => number | undefined,
): Value {
  return {
    kind: 'vector',
    series: series.map(({ labels, values }) => ({
      labels: keepsName ? labels : nameless(labels),
      values: values.map((value, index) => (value === undefined ? undefined : of(value, index))),
    })),
  };
}

function matchedLabels({ on, ignoring }: Matching, labels: Labels): Labels {
  if (on !== undefined) return onlyLabels(labels, on.map(labelName));
  return withoutLabels(labels, ['__name__', ...(ignoring ?? []).map(labelName)]);
}
const matchedKey = (matching: Matching, labels: Labels): string => keyOf(matchedLabels(matching, labels));

function combineSets(
  { operator, matching }: Binary,
  left: readonly Series[],
  right: readonly Series[],
  grid: Grid,
): Value {
  const presence = (series: readonly Series[]): ReadonlyMap<string, readonly boolean[]> => {
    const present = new Map<string, boolean[]>();
    for (const { labels, values } of series) {
      const key = matchedKey(matching, labels);
      const column = present.get(key) ?? new Array<boolean>(grid.length).fill(false);
      present.set(key, column);
      values.forEach((value, index) => {
        if (value !== undefined) column[index] = true;
      });
    }
    return present;
  };
  const filtered = (
    series: readonly Series[],
    other: ReadonlyMap<string, readonly boolean[]>,
    wanted: boolean,
  ): Series[] =>
    series.map(({ labels, values }) => {
      const there = other.get(matchedKey(matching, labels));
      return {
        labels,
        values: values.map((value, index) => ((there?.[index] ?? false) === wanted ? value : undefined)),
      };
    });
  if (operator === 'and') return { kind: 'vector', series: filtered(left, presence(right), true) };
  if (operator === 'unless') return { kind: 'vector', series: filtered(left, presence(right), false) };
  return { kind: 'vector', series: merged([...left, ...filtered(right, presence(left), false)]) };
}

/** One series of those with the same labels; at each moment only one of them has a value. */
function merged(series: readonly Series[]): readonly Series[] {
  const byKey = new Map<string, { readonly labels: Labels; values: Column }>();
  for (const { labels, values } of series) {
    const key = keyOf(labels);
    const found = byKey.get(key);
    if (found === undefined) byKey.set(key, { labels, values });
    else found.values = found.values.map((value, index) => value ?? values[index]);
  }
  return [...byKey.values()];
}

interface Result {
  readonly labels: Labels;
  readonly values: (number | undefined)[];
}

function combineVectors(
  node: Binary,
  left: readonly Series[],
  right: readonly Series[],
  grid: Grid,
  keepsName: boolean,
): Value {
  const { matching } = node;
  const many = matching.many?.side ?? 'left';
  const [manySeries, oneSeries] = many === 'left' ? [left, right] : [right, left];
  const of = operationOf(node, 'left');
  const results = new Map<string, Result>();
  const keysOfOne = oneSeries.map(({ labels }) => matchedKey(matching, labels));
  const keysOfMany = manySeries.map(({ labels }) => matchedKey(matching, labels));
  // The labels of two series are the same at every moment.
  const resultsOfPairs = manySeries.map(() => new Map<Series, Result>());
  function resultOf(place: number, series: Series, one: Series): Result {
    const known = resultsOfPairs[place]!.get(one);
    if (known !== undefined) return known;
    const labels = resultLabels(node, series.labels, one.labels, keepsName);
    const key = keyOf(labels);
    const result = results.get(key) ?? { labels, values: new Array<number | undefined>(grid.length).fill(undefined) };
    results.set(key, result);
    resultsOfPairs[place]!.set(one, result);
    refuseTooMany(results.size, grid);
    return result;
  }
  for (let index = 0; index < grid.length; index++) {
    const ones = new Map<string, Series>();
    for (const [place, series] of oneSeries.entries()) {
      if (series.values[index] === undefined) continue;
      const key = keysOfOne[place]!;
      const other = ones.get(key);
      if (other !== undefined) throw several(node, other.labels, series.labels, many === 'left' ? 'right' : 'left');
      ones.set(key, series);
    }
    const taken = new Map<string, Series>();
    for (const [place, series] of manySeries.entries()) {
      const value = series.values[index];
      if (value === undefined) continue;
      const key = keysOfMany[place]!;
      const one = ones.get(key);
      if (one === undefined) continue;
      if (matching.many === undefined) {
        const other = taken.get(key);
        if (other !== undefined) throw several(node, other.labels, series.labels, 'left');
        taken.set(key, series);
      }
      const result = many === 'left' ? of(value, one.values[index]!) : of(one.values[index]!, value);
      if (result === undefined) continue;
      const found = resultOf(place, series, one);
      if (found.values[index] !== undefined)
        throw problem('Several results would have the same labels; name fewer in ignoring, or more in on.', node.at);
      found.values[index] = result;
    }
  }
  return { kind: 'vector', series: [...results.values()] };
}

function resultLabels({ matching }: Binary, many: Labels, one: Labels, keepsName: boolean): Labels {
  const own = keepsName ? many : nameless(many);
  if (matching.many === undefined) {
    // Of both sides only what was matched on; Prometheus leaves out the name too.
    if (matching.on !== undefined) return onlyLabels(own, matching.on.map(labelName));
    return withoutLabels(own, (matching.ignoring ?? []).map(labelName));
  }
  const labels: Record<string, string> = { ...own };
  for (const name of matching.many.include.map(labelName)) {
    const value = one[name];
    if (value === undefined) delete labels[name];
    else labels[name] = value;
  }
  return labels;
}

function several(node: Binary, one: Labels, other: Labels, side: 'left' | 'right') {
  return problem(
    `Several series on the ${side} side of ${node.operator} match one on the other: ${shown(one)} and ${shown(other)}. Name the labels that tell them apart (on, ignoring), or let one side have several (group_left, group_right).`,
    node.at,
  );
}

const shown = ({ __name__ = '', ...labels }: Labels): string =>
  `${__name__}{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`;
