import type { Attributes, HrTime } from '@opentelemetry/api';
import type { InstrumentationScope, ReadableResource } from '../trace/readable-span.js';

/*
 * Metrics as objects, for readers and exporters of the program's own: the members and numbers of OpenTelemetry's SDK for JavaScript 2.x, so that what is written
 * for it works; exemplars beside them.
 */

/** The numbers of `AggregationTemporality` in `@opentelemetry/sdk-metrics`. */
export const aggregationTemporality = { delta: 0, cumulative: 1 } as const;

/** The numbers of `DataPointType` in `@opentelemetry/sdk-metrics`. */
export const dataPointType = { histogram: 0, exponentialHistogram: 1, gauge: 2, sum: 3 } as const;

/** Everything that was collected at one moment. */
export interface ResourceMetrics {
  readonly resource: ReadableResource;
  readonly scopeMetrics: readonly ScopeMetrics[];
}

export interface ScopeMetrics {
  readonly scope: InstrumentationScope;
  readonly metrics: readonly MetricData[];
}

export interface MetricDescriptor {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** 0: integers, 1: doubles, as `ValueType` of the API. */
  readonly valueType: 0 | 1;
}

interface MetricOf<T extends number, V> {
  readonly descriptor: MetricDescriptor;
  /** 0: since the last collection, 1: since the start. A gauge has neither; it says 1. */
  readonly aggregationTemporality: 0 | 1;
  readonly dataPointType: T;
  readonly dataPoints: readonly DataPoint<V>[];
}

export type HistogramMetricData = MetricOf<0, HistogramValue>;
export type ExponentialHistogramMetricData = MetricOf<1, ExponentialHistogramValue>;
export type GaugeMetricData = MetricOf<2, number>;
export interface SumMetricData extends MetricOf<3, number> {
  /** It never falls, but where it begins anew. */
  readonly isMonotonic: boolean;
}
/** Tell them apart by `dataPointType`. */
export type MetricData = HistogramMetricData | ExponentialHistogramMetricData | GaugeMetricData | SumMetricData;

export interface DataPoint<V> {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Attributes;
  readonly value: V;
  /** Single measurements, where there are some. */
  readonly exemplars?: readonly Exemplar[] | undefined;
}

export interface HistogramValue {
  readonly buckets: {
    /** Upper bounds; the last bucket has none, so that there is one count more. */
    readonly boundaries: readonly number[];
    readonly counts: readonly number[];
  };
  readonly count: number;
  /** Not where measurements may be negative. */
  readonly sum?: number | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export interface ExponentialHistogramValue {
  readonly count: number;
  readonly sum?: number | undefined;
  /** Bucket i holds values above b^i up to b^(i + 1), with b = 2^(2^-scale). */
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export interface ExponentialBuckets {
  /** The index of the first bucket. */
  readonly offset: number;
  readonly bucketCounts: readonly number[];
}

/** A single measurement (specification "Metrics Data Model", Exemplars). */
export interface Exemplar {
  readonly timestamp: HrTime;
  readonly value: number;
  /** Attributes of the measurement that its data point does not have. */
  readonly filteredAttributes: Attributes;
  /** Where it was measured in a span. */
  readonly spanId?: string | undefined;
  readonly traceId?: string | undefined;
}
