import type { HistogramAggregation } from './aggregation.js';
import type { ExemplarFilter } from './exemplar-filter.js';
import type { MeterConfigurator } from './meter-provider.js';
import type { MetricReader, MetricReaderOptions } from './metric-reader.js';
import type { View } from './view.js';

/** `start({ metrics })`: what is beyond instruments and their defaults. In a page it needs `fullMetering`. */
export interface MetricsOptions extends Pick<MetricReaderOptions, 'aggregation' | 'filter' | 'producers'> {
  /** Series of one metric at most, for all or by kind of instrument, where no view says a number. Default: `cardinalityLimit` of `start()`; of kinds not named 2,000. */
  readonly cardinalityLimit?: MetricReaderOptions['cardinalityLimit'];
  readonly views?: readonly View[] | undefined;
  /**
   * `independent`, the default: each view that matches makes a metric. `composable`: views that match are put together, the last word counts; one metric
   * for each `name` among them.
   */
  readonly viewMatchingMode?: 'independent' | 'composable' | undefined;
  /** Default: `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION` where there is an environment, else `explicit_bucket_histogram`. */
  readonly histogramAggregation?: HistogramAggregation | undefined;
  /** Default: `OTEL_METRICS_EXEMPLAR_FILTER` where there is an environment, else `trace_based`. */
  readonly exemplarFilter?: ExemplarFilter | undefined;
  /** Readers beside the one that feeds the outbox. They have temporality, aggregation and limits of their own; views and exemplar filter are for all. */
  readonly readers?: readonly MetricReader[] | undefined;
  /** `false`: metrics are for `readers` alone, and do not go where spans and log records go. Default `true`. */
  readonly push?: boolean | undefined;
  /** Which meters are on. Can be changed later: `setMeterConfigurator` of the meter provider. */
  readonly meterConfigurator?: MeterConfigurator | undefined;
}
