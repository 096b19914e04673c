import type { Attributes, TextMapPropagator } from '@opentelemetry/api';
import type { Signal } from '../../../core/batch.js';
import type { LogRecordLimits } from '../../../core/logs/log-limits.js';
import type { TemporalityPreference } from '../../../core/metrics/instrument-kinds.js';
import type { MetricsOptions } from '../../../core/metrics/metrics-options.js';
import type { BatchLimits, Diagnostic } from '../../../core/options.js';
import { batchDefaults } from '../../../core/presets.js';
import type { Sampler } from '../../../core/sampling/sampler.js';
import type { SpanLimits } from '../../../core/trace/span-limits.js';
import type { PrometheusReaderOptions } from '../prometheus/prometheus-reader.js';
import { createEnvironment, type EnvironmentVariables } from './environment.js';
import { readBatchLimits } from './read-batch-limits.js';
import { type ExporterName, type OtlpSettings, readExporterNames, readOtlpSettings } from './read-exporter.js';
import { readLogRecordLimits, readSpanLimits } from './read-limits.js';
import { readPropagators } from './read-propagators.js';
import { readResource } from './read-resource.js';
import { type RemoteSampling, readRemoteSampling, readSampler } from './read-sampler.js';
import { readTimeout } from './read-timeout.js';

const logLevels = ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What the environment asks for. A field is absent where its variable is unset or could not be used. */
export interface EnvironmentSettings {
  readonly disabled: boolean;
  readonly serviceName?: string | undefined;
  readonly resource: Attributes;
  readonly detectors?: readonly string[] | undefined;
  readonly sampler?: Sampler | undefined;
  readonly remoteSampling?: RemoteSampling | undefined;
  readonly propagators?: readonly TextMapPropagator[] | undefined;
  readonly batch: Partial<BatchLimits>;
  /** Of signals that are batched otherwise than the rest. */
  readonly ownBatch: Readonly<Partial<Record<Signal, Partial<BatchLimits>>>>;
  readonly spanLimits: Partial<SpanLimits>;
  readonly logRecordLimits: Partial<LogRecordLimits>;
  readonly metricIntervalMs?: number | undefined;
  readonly metricTemporality?: TemporalityPreference | undefined;
  readonly metrics: Pick<MetricsOptions, 'exemplarFilter' | 'histogramAggregation'>;
  readonly exporters: Readonly<Record<Signal, readonly ExporterName[] | undefined>>;
  readonly otlp: Readonly<Record<Signal, OtlpSettings>>;
  /** Waiting for one answer to a batch of a signal's. */
  readonly timeoutMs: Readonly<Partial<Record<Signal, number | undefined>>>;
  readonly zipkin: ZipkinSettings;
  readonly selfObservability?: boolean | undefined;
  readonly prometheus: Pick<PrometheusReaderOptions, 'host' | 'port'>;
  readonly logLevel?: LogLevel | undefined;
  readonly enabledInstrumentations?: readonly string[] | undefined;
  readonly disabledInstrumentations?: readonly string[] | undefined;
  /** One for each variable that was set and could not be used. */
  readonly diagnostics: readonly Diagnostic[];
}

interface ZipkinSettings {
  readonly endpoint: string | undefined;
  readonly timeoutMs: number | undefined;
}

const eachSignal = <T>(read: (signal: Signal) => T): Record<Signal, T> => ({
  traces: read('traces'),
  metrics: read('metrics'),
  logs: read('logs'),
});

/** Reads the `OTEL_*` variables of the specification. Never throws. */
export function readEnvironment(variables: EnvironmentVariables): EnvironmentSettings {
  const environment = createEnvironment(variables);
  const { serviceName, attributes } = readResource(environment);
  const timeoutMs = eachSignal((signal) => readTimeout(environment, signal));
  const zipkin: ZipkinSettings = {
    endpoint: environment.string('OTEL_EXPORTER_ZIPKIN_ENDPOINT'),
    timeoutMs: environment.integer('OTEL_EXPORTER_ZIPKIN_TIMEOUT', 1),
  };
  return {
    disabled: environment.boolean('OTEL_SDK_DISABLED') ?? false,
    serviceName,
    resource: attributes,
    detectors: environment.list('OTEL_NODE_RESOURCE_DETECTORS'),
    sampler: readSampler(environment),
    remoteSampling: readRemoteSampling(environment),
    propagators: readPropagators(environment),
    batch: { ...readBatchLimits(environment), ...longestOf([...Object.values(timeoutMs), zipkin.timeoutMs]) },
    ownBatch: { logs: readBatchLimits(environment, 'BLRP') },
    spanLimits: readSpanLimits(environment),
    logRecordLimits: readLogRecordLimits(environment),
    metricIntervalMs: environment.integer('OTEL_METRIC_EXPORT_INTERVAL', 1),
    metricTemporality: environment.oneOf('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', [
      'cumulative',
      'delta',
      'lowmemory',
    ] as const),
    metrics: {
      exemplarFilter: environment.oneOf('OTEL_METRICS_EXEMPLAR_FILTER', [
        'trace_based',
        'always_on',
        'always_off',
      ] as const),
      histogramAggregation: environment.oneOf('OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION', [
        'explicit_bucket_histogram',
        'base2_exponential_bucket_histogram',
      ] as const),
    },
    exporters: eachSignal((signal) => readExporterNames(environment, signal)),
    otlp: eachSignal((signal) => readOtlpSettings(environment, signal)),
    timeoutMs,
    zipkin,
    selfObservability: environment.boolean('OTEL_NODE_EXPERIMENTAL_SDK_METRICS'),
    prometheus: {
      host: environment.string('OTEL_EXPORTER_PROMETHEUS_HOST'),
      port: environment.integer('OTEL_EXPORTER_PROMETHEUS_PORT'),
    },
    logLevel: environment.oneOf('OTEL_LOG_LEVEL', logLevels),
    enabledInstrumentations: environment.list('OTEL_NODE_ENABLED_INSTRUMENTATIONS'),
    disabledInstrumentations: environment.list('OTEL_NODE_DISABLED_INSTRUMENTATIONS'),
    diagnostics: environment.diagnostics,
  };
}

/** The outbox waits as long as the most patient of its destinations, the others for themselves. */
function longestOf(timeouts: readonly (number | undefined)[]): Pick<BatchLimits, 'sendTimeoutMs'> | undefined {
  if (timeouts.every((timeout) => timeout === undefined)) return undefined;
  return { sendTimeoutMs: Math.max(...timeouts.map((timeout) => timeout ?? batchDefaults.sendTimeoutMs)) };
}
