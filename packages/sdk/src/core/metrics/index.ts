/*
 * Metrics beyond instruments: what stands in `start({ metrics })`, and readers of the program's own.
 */

export type {
  Aggregation,
  Base2ExponentialHistogramOptions,
  ExplicitBucketHistogramOptions,
  HistogramAggregation,
} from './aggregation.js';
export type { Bindable, BindableMeter, BoundCounter, BoundRecorder } from './bindable.js';
export type { ExemplarFilter } from './exemplar-filter.js';
export type { InstrumentKind, TemporalityPreference } from './instrument-kinds.js';
export type { MeterConfig, MeterConfigurator, SdkMeterProvider } from './meter-provider.js';
export {
  aggregationTemporality,
  type DataPoint,
  dataPointType,
  type Exemplar,
  type ExponentialBuckets,
  type ExponentialHistogramMetricData,
  type ExponentialHistogramValue,
  type GaugeMetricData,
  type HistogramMetricData,
  type HistogramValue,
  type MetricData,
  type MetricDescriptor,
  type ResourceMetrics,
  type ScopeMetrics,
  type SumMetricData,
} from './metric-data.js';
export type { MetricFilter, MetricIdentity } from './metric-filter.js';
export { filterMetrics, type MetricProducer } from './metric-producer.js';
export type { ByKind, MetricReader, MetricReaderHost, MetricReaderOptions } from './metric-reader.js';
export type { MetricsOptions } from './metrics-options.js';
export {
  createPeriodicExportingMetricReader,
  type PeriodicReaderOptions,
  type PushMetricExporter,
} from './periodic-reader.js';
export { type CollectionResult, createMetricReader, type PullMetricReader } from './pull-reader.js';
export type { AttributeKeys, ExemplarReservoir, ExemplarReservoirOptions, View } from './view.js';
