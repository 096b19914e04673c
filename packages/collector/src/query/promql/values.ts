import { QueryProblem } from '../query-problem.js';
import type { Labels } from './select-series.js';

/** The moments an expression is evaluated at: Unix milliseconds, evenly spaced. */
export interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
  readonly length: number;
}
export const momentOf = ({ startMs, stepMs }: Grid, index: number): number => startMs + index * stepMs;

/** A value for each moment; `undefined`: none. */
export type Column = readonly (number | undefined)[];

export interface Series {
  readonly labels: Labels;
  readonly values: Column;
}
export type Value =
  | { readonly kind: 'scalar'; readonly values: readonly number[] }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'vector'; readonly series: readonly Series[] };

/** The same for the same labels. */
export function keyOf(labels: Labels): string {
  return JSON.stringify(
    Object.keys(labels)
      .sort()
      .map((name) => [name, labels[name]]),
  );
}

export function withoutLabels(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}
export function onlyLabels(labels: Labels, names: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));
}
/** A label without a value is none. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  return value === '' ? withoutLabels(labels, [name]) : { ...labels, [name]: value };
}
export const nameless = (labels: Labels): Labels => withoutLabels(labels, ['__name__']);

/** Values one answer holds, or a part of the expression makes. */
const MOST_VALUES = 2_000_000;

/** To be asked before they are made: what is found to be too large when it is there may have taken the memory of all. */
export function refuseTooMany(series: number, { length }: Pick<Grid, 'length'>): void {
  if (series * length <= MOST_VALUES) return;
  throw new QueryProblem(
    'bad-promql',
    `The answer has ${series} series of ${length} steps, too many to be one. Aggregate them, or ask for a wider step.`,
  );
}
