import type { Aggregation } from '../../../../core/metrics/aggregation.js';
import type { InstrumentKind, TemporalityPreference } from '../../../../core/metrics/instrument-kinds.js';
import { matchesPattern } from '../../../../core/metrics/match-view.js';
import type { MetricProducer } from '../../../../core/metrics/metric-producer.js';
import type { ByKind, MetricReader, MetricReaderOptions } from '../../../../core/metrics/metric-reader.js';
import type { MetricsOptions } from '../../../../core/metrics/metrics-options.js';
import { createPeriodicExportingMetricReader } from '../../../../core/metrics/periodic-reader.js';
import type { View } from '../../../../core/metrics/view.js';
import type { Transport } from '../../../../core/ports.js';
import type { TranslationStrategy } from '../../prometheus/prometheus-names.js';
import { prometheusReader } from '../../prometheus/prometheus-reader.js';
import type {
  AggregationModel,
  ExporterModel,
  MeterProviderModel,
  MetricPreferences,
  MetricReaderModel,
  PeriodicReaderModel,
  PullReaderModel,
  ViewModel,
} from '../configuration-model.js';
import { createTransport, exporterNames, limited } from './create-exporter.js';
import type { Creation } from './creation.js';

export interface CreatedMetrics {
  readonly transports: readonly Transport[];
  readonly timeoutMs: number;
  readonly metrics: MetricsOptions;
  readonly metricIntervalMs: number | undefined;
  readonly metricTemporality: TemporalityPreference | undefined;
}

const kinds: Readonly<Record<string, InstrumentKind>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  observable_counter: 'observableCounter',
  observable_gauge: 'observableGauge',
  observable_up_down_counter: 'observableUpDownCounter',
  up_down_counter: 'upDownCounter',
};

/** What a collection for the outbox is made by: there is one, for all readers that send. */
interface Pushed {
  readonly interval: number | undefined;
  readonly temporality: TemporalityPreference | undefined;
  readonly histogramAggregation: MetricsOptions['histogramAggregation'];
  readonly limits: ByKind<number> | undefined;
}

export function createMetrics(model: MeterProviderModel, creation: Creation): CreatedMetrics {
  const path = 'meter_provider';
  const transports: Transport[] = [];
  const readers: MetricReader[] = [];
  const pushed: Pushed[] = [];
  const producers: MetricProducer[] = [];
  let timeoutMs = 0;
  model.readers.forEach((reader, index) => {
    const at = `${path}.readers[${index}]`;
    if (reader.pull) {
      const own = pullReader(reader.pull, `${at}.pull`, creation);
      if (own) readers.push(own);
      return;
    }
    const periodic = reader.periodic!;
    const exporterPath = `${at}.periodic.exporter`;
    const [name = ''] = Object.keys(periodic.exporter);
    if (!(exporterNames as readonly string[]).includes(name)) {
      const exporter = creation.plugin('PushMetricExporter', periodic.exporter, exporterPath, exporterNames);
      if (exporter)
        readers.push(
          createPeriodicExportingMetricReader({
            ...readerOptions(periodic, `${at}.periodic`, creation),
            exporter,
            intervalMs: periodic.interval ?? undefined,
            timeoutMs: periodic.timeout ?? undefined,
            maxExportBatchSize: periodic['max_export_batch_size/development'] ?? undefined,
          }),
        );
      return;
    }
    const made = createTransport(periodic.exporter as ExporterModel, 'metrics', exporterPath, creation);
    if (!made) return;
    const timed = limited(made, periodic.timeout);
    transports.push(timed.transport);
    timeoutMs = Math.max(timeoutMs, timed.timeoutMs);
    const preferences = (Object.values(periodic.exporter)[0] ?? {}) as MetricPreferences;
    const options = readerOptions(periodic, `${at}.periodic`, creation);
    const own: Pushed = {
      interval: periodic.interval ?? undefined,
      temporality: temporalities[preferences.temporality_preference ?? ''],
      histogramAggregation: preferences.default_histogram_aggregation ?? undefined,
      limits: options.cardinalityLimit,
    };
    producers.push(...(options.producers ?? []));
    if (pushed[0] && JSON.stringify(pushed[0]) !== JSON.stringify(own))
      creation.warn(at, 'is collected as the first reader that sends is: one collection goes to all of them.');
    pushed.push(own);
  });
  const first = pushed[0];
  const configurator = model['meter_configurator/development'];
  return {
    transports,
    timeoutMs,
    metricIntervalMs: first?.interval,
    metricTemporality: first?.temporality,
    metrics: {
      push: transports.length > 0,
      readers,
      cardinalityLimit: first?.limits,
      ...(producers.length > 0 && { producers }),
      exemplarFilter: model.exemplar_filter ?? undefined,
      histogramAggregation: first?.histogramAggregation,
      views: model.views?.map(viewOf),
      ...(configurator && {
        meterConfigurator: ({ name }) => {
          const found = configurator.meters?.find((one) => matchesPattern(one.name, name));
          return { enabled: (found?.config ?? configurator.default_config)?.enabled ?? true };
        },
      }),
    },
  };
}

const temporalities: Readonly<Record<string, TemporalityPreference>> = {
  cumulative: 'cumulative',
  delta: 'delta',
  low_memory: 'lowmemory',
};

function readerOptions(
  {
    producers,
    cardinality_limits: limits,
  }: (MetricReaderModel['periodic'] & object) | PullReaderModel | PeriodicReaderModel,
  path: string,
  creation: Creation,
): Pick<MetricReaderOptions, 'producers' | 'cardinalityLimit'> {
  const made = (producers ?? []).flatMap(
    (producer, index) => creation.plugin('MetricProducer', producer, `${path}.producers[${index}]`, []) ?? [],
  );
  let cardinalityLimit: ByKind<number> | undefined;
  if (limits) {
    const byKind: Partial<Record<InstrumentKind, number>> = {};
    for (const [name, kind] of Object.entries(kinds)) {
      const limit = limits[name] ?? limits.default;
      if (typeof limit === 'number') byKind[kind] = limit;
    }
    cardinalityLimit = byKind;
  }
  return { ...(made.length > 0 && { producers: made }), cardinalityLimit };
}

function pullReader(model: PullReaderModel, path: string, creation: Creation): MetricReader | undefined {
  const name = 'prometheus/development';
  if (!(name in model.exporter))
    return creation.plugin('PullMetricExporter', model.exporter, `${path}.exporter`, [name]);
  const prometheus = model.exporter[name] ?? {};
  const strategy = prometheus.translation_strategy?.replace('/development', '') as TranslationStrategy | undefined;
  return prometheusReader({
    ...readerOptions(model, path, creation),
    host: prometheus.host ?? undefined,
    port: prometheus.port ?? undefined,
    scopeInfo: prometheus.scope_info_enabled ?? undefined,
    targetInfo: prometheus['target_info_enabled/development'] ?? undefined,
    resourceLabels: prometheus.resource_constant_labels,
    translationStrategy: strategy,
  });
}

function viewOf({ selector, stream }: ViewModel): View {
  return {
    instrumentName: selector.instrument_name ?? undefined,
    instrumentType: kinds[selector.instrument_type ?? ''],
    instrumentUnit: selector.unit ?? undefined,
    meterName: selector.meter_name ?? undefined,
    meterVersion: selector.meter_version ?? undefined,
    meterSchemaUrl: selector.meter_schema_url ?? undefined,
    name: stream.name ?? undefined,
    description: stream.description ?? undefined,
    attributeKeys: stream.attribute_keys,
    aggregation: stream.aggregation && aggregationOf(stream.aggregation),
    aggregationCardinalityLimit: stream.aggregation_cardinality_limit ?? undefined,
  };
}

function aggregationOf(model: AggregationModel): Aggregation {
  const [name] = Object.keys(model) as (keyof AggregationModel)[];
  if (name === 'explicit_bucket_histogram') {
    const { boundaries, record_min_max: recordMinMax } = model.explicit_bucket_histogram ?? {};
    return { type: name, boundaries, recordMinMax: recordMinMax ?? undefined };
  }
  if (name === 'base2_exponential_bucket_histogram') {
    const { max_scale: maxScale, max_size: maxSize, record_min_max: recordMinMax } = model[name] ?? {};
    return {
      type: name,
      maxScale: maxScale ?? undefined,
      maxSize: maxSize ?? undefined,
      recordMinMax: recordMinMax ?? undefined,
    };
  }
  return { type: name ?? 'default' };
}
