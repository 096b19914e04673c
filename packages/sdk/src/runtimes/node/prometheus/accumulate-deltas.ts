import type {
  ExponentialHistogramMetricData,
  GaugeMetricData,
  HistogramMetricData,
  HistogramValue,
  MetricData,
  ScopeMetrics,
  SumMetricData,
} from '../../../core/metrics/metric-data.js';
import { aggregationTemporality, dataPointType } from '../../../core/metrics/metric-data.js';

type Accumulated = Exclude<MetricData, ExponentialHistogramMetricData>;

/**
 * Makes a function that adds up, from collection to collection, what is counted since the last one: a producer may count so, and Prometheus knows totals alone. Series that are not in
 * a collection keep their total and are told when they move again. Exponential histograms of this kind are left out.
 */
export function createDeltaAccumulator(): (scopeMetrics: readonly ScopeMetrics[]) => readonly ScopeMetrics[] {
  const totals = new Map<string, number | HistogramValue>();
  const add = (key: string, value: number | HistogramValue): number | HistogramValue => {
    const sum = added(totals.get(key), value);
    totals.set(key, sum);
    return sum;
  };
  return (scopeMetrics) =>
    scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.flatMap((metric): MetricData[] => {
        if (metric.aggregationTemporality === aggregationTemporality.cumulative || isGauge(metric)) return [metric];
        if (metric.dataPointType === dataPointType.exponentialHistogram) return [];
        const dataPoints = (metric as Accumulated).dataPoints.map((point) => ({
          ...point,
          value: add(
            JSON.stringify(
              [scope, metric.descriptor.name, metric.dataPointType, Object.entries(point.attributes).sort()],
              (_, one) => (typeof one === 'bigint' ? `${one}n` : one),
            ),
            point.value,
          ),
        }));
        return [
          { ...metric, aggregationTemporality: aggregationTemporality.cumulative, dataPoints } as
            | SumMetricData
            | HistogramMetricData,
        ];
      }),
    }));
}

const isGauge = (metric: MetricData): metric is GaugeMetricData => metric.dataPointType === dataPointType.gauge;

function added(total: number | HistogramValue | undefined, value: number | HistogramValue): number | HistogramValue {
  if (typeof value === 'number') return typeof total === 'number' ? total + value : value;
  // Other bounds begin anew: counts in other buckets cannot be added.
  if (typeof total !== 'object' || String(total.buckets.boundaries) !== String(value.buckets.boundaries)) return value;
  return {
    buckets: {
      boundaries: value.buckets.boundaries,
      counts: value.buckets.counts.map((count, at) => count + total.buckets.counts[at]!),
    },
    count: total.count + value.count,
    sum: total.sum === undefined || value.sum === undefined ? undefined : total.sum + value.sum,
  };
}
