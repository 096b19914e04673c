import type { MetricSeriesAnswer, MetricSummary } from '#shapes/api.js';

interface MetricLine {
  readonly service: string;
  /** `null` where nothing is to be drawn. */
  readonly values: readonly (number | null)[];
}

/**
 * The lines of a chart. Of a histogram or summary it is the mean of what was measured in a step: of running totals that is how far the sum came since the
 * step before, over how far the count did. After a restart, where a total falls, there is no such step.
 */
export function metricLines(
  { series }: Pick<MetricSeriesAnswer, 'series'>,
  temporality: MetricSummary['temporality'],
): readonly MetricLine[] {
  return series.map(({ service, values, counts }) => ({
    service,
    values:
      counts === undefined ? values : temporality === 'delta' ? means(values, counts) : risingMeans(values, counts),
  }));
}

type Numbers = readonly (number | null)[];

const means = (sums: Numbers, counts: Numbers): (number | null)[] =>
  sums.map((sum, index) => mean(sum, counts[index] ?? null));

const mean = (sum: number | null, count: number | null): number | null =>
  sum === null || count === null || count <= 0 ? null : sum / count;

function risingMeans(sums: Numbers, counts: Numbers): (number | null)[] {
  let before: { readonly sum: number; readonly count: number } | undefined;
  return sums.map((sum, index) => {
    const count = counts[index] ?? null;
    if (sum === null || count === null) return null;
    const value = before === undefined ? null : mean(sum - before.sum, count - before.count);
    before = { sum, count };
    return value;
  });
}
