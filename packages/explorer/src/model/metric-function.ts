import type { MetricFunction, MetricSummary } from '#shapes/api.js';
import { formatMetric } from './metric-value.js';

/** A function of a metric as one chooses it, `p95` for a quantile. */
export type ChosenFunction = Exclude<MetricFunction, 'quantile'> | 'p50' | 'p90' | 'p95' | 'p99';

const WORDS: Readonly<Record<ChosenFunction, string>> = {
  rate: 'rate a second',
  increase: 'increase in each step',
  avg: 'mean',
  min: 'least',
  max: 'greatest',
  sum: 'sum',
  count: 'how many series',
  p50: 'p50',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
};

export const functionWord = (chosen: ChosenFunction): string => WORDS[chosen];

type Kind = Pick<MetricSummary, 'kind' | 'monotonic' | 'temporality'>;

/** What can be asked of a metric, the most likely question first. */
export function functionsOf({ kind, monotonic, temporality }: Kind): readonly ChosenFunction[] {
  switch (kind) {
    case 'gauge':
      return ['avg', 'max', 'min', 'sum', 'count'];
    case 'sum':
      if (monotonic === true || temporality === 'delta') return ['rate', 'increase'];
      return ['sum', 'avg', 'max', 'min', 'count', 'increase'];
    case 'summary':
      return ['avg', 'rate', 'increase', 'sum'];
    default:
      return ['p95', 'p50', 'p90', 'p99', 'avg', 'rate', 'increase', 'sum'];
  }
}

export function chosenFunction(text: string | undefined, metric: Kind): ChosenFunction {
  const all = functionsOf(metric);
  return all.find((one) => one === text) ?? all[0]!;
}

/** As the API has it. */
export function askedFunction(chosen: ChosenFunction): {
  readonly function: MetricFunction;
  readonly quantile?: number;
} {
  return chosen.startsWith('p')
    ? { function: 'quantile', quantile: Number(chosen.slice(1)) / 100 }
    : { function: chosen as MetricFunction };
}

/** Whether a measurement stands on the same axis as what the function says. */
export const showsMeasurements = (chosen: ChosenFunction, { kind }: Pick<Kind, 'kind'>): boolean =>
  kind !== 'sum' && !['rate', 'increase', 'sum', 'count'].includes(chosen);

/** A value with the unit that the function leaves of the metric's. */
export function formatFunction(
  value: number | null,
  chosen: ChosenFunction,
  { kind, unit }: Pick<MetricSummary, 'kind' | 'unit'>,
): string {
  const isCounted = chosen === 'rate' || chosen === 'increase';
  const left = chosen === 'count' || (isCounted && kind !== 'sum') ? '1' : unit;
  const text = formatMetric(value, left);
  return chosen === 'rate' && value !== null ? `${text}/s` : text;
}
