import type { DataPoint, MetricData, ScopeMetrics } from './metric-data.js';
import type { MetricFilter } from './metric-filter.js';

/**
 * A source of metrics that are aggregated already: a bridge from another library (specification "MetricProducer"). Asked in each collection of the readers it is
 * registered with, never while an earlier question of the same reader is open.
 */
export interface MetricProducer {
  /** What there is now, without what `filter` drops. What it throws, or rejects with, is among the errors of the collection. */
  produce(options: {
    readonly filter?: MetricFilter | undefined;
    readonly timeoutMs: number;
  }): readonly ScopeMetrics[] | Promise<readonly ScopeMetrics[]>;
}

/** For producers: `scopeMetrics` without what `filter` drops. */
export function filterMetrics(
  scopeMetrics: readonly ScopeMetrics[],
  filter: MetricFilter | undefined,
): readonly ScopeMetrics[] {
  if (!filter) return scopeMetrics;
  return scopeMetrics.flatMap(({ scope, metrics }) => {
    const kept = metrics.flatMap((metric): MetricData[] => {
      const { name, unit } = metric.descriptor;
      const identity = { scope, name, unit, dataPointType: metric.dataPointType };
      const result = filter.testMetric(identity);
      if (result === 'accept') return [metric];
      if (result === 'drop') return [];
      const dataPoints = (metric.dataPoints as readonly DataPoint<unknown>[]).filter(
        ({ attributes }) => filter.testAttributes?.(identity, attributes) !== 'drop',
      );
      return dataPoints.length ? [{ ...metric, dataPoints } as MetricData] : [];
    });
    return kept.length ? [{ scope, metrics: kept }] : [];
  });
}
