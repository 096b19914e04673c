import type { MetricKind } from '../shapes/api.js';

/** A kind of metric as its table has it. */
interface StoredKind {
  readonly kind: MetricKind;
  readonly table: string;
  /** SQL for the value of a point: a number, or the sum of what was measured. */
  readonly value: string;
  /** SQL for how many measurements are in a point; 0 where a point is one number. */
  readonly count: string;
  /** SQL; 1 is delta, 2 cumulative, 0 neither. */
  readonly temporality: string;
  readonly isMonotonic: string;
  /** SQL that is true for points that say something. */
  readonly says: string;
}

export const METRIC_KINDS: readonly StoredKind[] = [
  {
    kind: 'gauge',
    table: 'otel_metrics_gauge',
    value: 'Value',
    count: 'toUInt64(0)',
    temporality: 'toInt32(0)',
    isMonotonic: 'false',
    says: "ValueType != 'n'",
  },
  {
    kind: 'sum',
    table: 'otel_metrics_sum',
    value: 'Value',
    count: 'toUInt64(0)',
    temporality: 'AggregationTemporality',
    isMonotonic: 'IsMonotonic',
    says: "ValueType != 'n'",
  },
  {
    kind: 'histogram',
    table: 'otel_metrics_histogram',
    value: 'Sum',
    count: 'Count',
    temporality: 'AggregationTemporality',
    isMonotonic: 'false',
    says: '1',
  },
  {
    kind: 'exponential-histogram',
    table: 'otel_metrics_exp_histogram',
    value: 'Sum',
    count: 'Count',
    temporality: 'AggregationTemporality',
    isMonotonic: 'false',
    says: '1',
  },
  {
    kind: 'summary',
    table: 'otel_metrics_summary',
    value: 'Sum',
    count: 'Count',
    // A summary counts from its start.
    temporality: 'toInt32(2)',
    isMonotonic: 'false',
    says: '1',
  },
];

/** SQL for what tells one series of a metric from another. */
export const SERIES = 'SeriesId';

/** SQL for the time of a point. The exporter's newest tables keep whole seconds, in another type. */
export const POINT_NANO = 'toUnixTimestamp64Nano(toDateTime64(TimeUnix, 9))';
