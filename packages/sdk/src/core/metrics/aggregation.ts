/**
 * What becomes of the measurements of an instrument (specification "Metrics SDK", Aggregation), in the words of the specification's configuration.
 * `default`: what the kind of instrument has. `drop`: nothing is kept.
 */
export type Aggregation =
  | { readonly type: 'default' | 'drop' | 'sum' | 'last_value' }
  | ({ readonly type: 'explicit_bucket_histogram' } & ExplicitBucketHistogramOptions)
  | ({ readonly type: 'base2_exponential_bucket_histogram' } & Base2ExponentialHistogramOptions);

export interface ExplicitBucketHistogramOptions {
  /** Upper bounds, rising; each belongs to the bucket below it. Default: those of the specification, made for milliseconds. */
  readonly boundaries?: readonly number[] | undefined;
  /** Keep the least and the greatest value. Default `true`. */
  readonly recordMinMax?: boolean | undefined;
}

export interface Base2ExponentialHistogramOptions {
  /** Buckets at most, of positive and of negative values each; from 2 to 16,384. Default 160. */
  readonly maxSize?: number | undefined;
  /** The finest scale: buckets grow by a factor of 2^(2^-scale). From -10 to 20. Default 20. */
  readonly maxScale?: number | undefined;
  /** Values no further from 0 than this count as 0. Default 0. */
  readonly zeroThreshold?: number | undefined;
  /** Keep the least and the greatest value. Default `true`. */
  readonly recordMinMax?: boolean | undefined;
}

/** The aggregation of histograms where nothing else is said (`OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION`). */
export type HistogramAggregation = 'explicit_bucket_histogram' | 'base2_exponential_bucket_histogram';
