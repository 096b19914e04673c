import {
  batchLogRecordProcessor,
  simpleLogRecordProcessor,
} from '../../../core/logs/exporting-log-record-processors.js';
import type { LogRecordLimits } from '../../../core/logs/log-limits.js';
import type { LogRecordProcessor, LogRecordProcessorMaker } from '../../../core/logs/log-record-processor.js';
import type { LoggerConfigurator } from '../../../core/logs/logger-config.js';
import { matchesPattern } from '../../../core/metrics/match-view.js';
import { alwaysOffSampler } from '../../../core/sampling/always-off.js';
import type { SpanExporter } from '../../../core/trace/span-exporter.js';
import type { SpanLimits } from '../../../core/trace/span-limits.js';
import type { SpanProcessor } from '../../../core/trace/span-processor.js';
import { type EnvironmentSettings, type LogLevel, readEnvironment } from '../env/read-environment.js';
import type { NodeOptions } from '../node-options.js';
import { defaultServiceName } from '../resource/default-service-name.js';
import { ConfigurationError } from './configuration-error.js';
import type {
  AttributeLimitsModel,
  Configuration,
  LoggerProviderModel,
  SpanLimitsModel,
} from './configuration-model.js';
import { exporterNames } from './create/create-exporter.js';
import { createMetrics } from './create/create-metrics.js';
import { createProcessors } from './create/create-processors.js';
import { createPropagators } from './create/create-propagators.js';
import { createResourceOf } from './create/create-resource.js';
import { createSampler } from './create/create-sampler.js';
import { Creation } from './create/creation.js';
import { severityNames } from './severity-names.js';

export interface ConfiguredSettings {
  /** What the environment would have said. */
  readonly environment: EnvironmentSettings;
  /** What it has no words for. */
  readonly options: ConfiguredOptions;
}

export type ConfiguredOptions = Pick<
  NodeOptions,
  | 'destinations'
  | 'spanProcessors'
  | 'spanExporters'
  | 'idGenerator'
  | 'resourceDetectors'
  | 'metrics'
  | 'loggerConfigurator'
> & { readonly logRecordProcessors?: readonly (LogRecordProcessor | LogRecordProcessorMaker)[] | undefined };

/**
 * What a model asks for, in the words of `start()`. A provider that the file leaves out does nothing. Throws a `ConfigurationError` with everything that cannot be made.
 */
export function configuredSettings(model: Configuration): ConfiguredSettings {
  const creation = new Creation();
  const resource = createResourceOf(model.resource ?? {}, creation);
  const { 'service.name': service, ...attributes } = resource.attributes;
  const serviceName = service === undefined ? undefined : String(service);
  const general = model.attribute_limits ?? {};
  const nothing = { transports: [], limits: {}, timeoutMs: 0 };

  const spanProcessors: SpanProcessor[] = [];
  const spanExporters: SpanExporter[] = [];
  const tracers = model.tracer_provider;
  const traces = tracers
    ? createProcessors(tracers.processors, 'traces', 'tracer_provider.processors', creation, {
        processor: (one, path) =>
          push(spanProcessors, creation.plugin('SpanProcessor', one, path, ['batch', 'simple'])),
        exporter: (one, path) => push(spanExporters, creation.plugin('SpanExporter', one, path, exporterNames)),
      })
    : nothing;
  const sampler = tracers?.sampler
    ? createSampler(tracers.sampler, 'tracer_provider.sampler', creation, serviceName ?? defaultServiceName())
    : undefined;
  const { id_generator: ids, 'tracer_configurator/development': configurator } = tracers ?? {};
  const idGenerator =
    ids && !('random' in ids)
      ? creation.plugin('IdGenerator', ids, 'tracer_provider.id_generator', ['random'])
      : undefined;
  if (configurator)
    creation.warn('tracer_provider.tracer_configurator/development', 'is not known here: every tracer records.');

  const logRecordProcessors: (LogRecordProcessor | LogRecordProcessorMaker)[] = [];
  const loggers = model.logger_provider;
  const logs = loggers
    ? createProcessors(loggers.processors, 'logs', 'logger_provider.processors', creation, {
        processor: (one, path) =>
          push(logRecordProcessors, creation.plugin('LogRecordProcessor', one, path, ['batch', 'simple'])),
        exporter(one, path, limits) {
          const exporter = creation.plugin('LogRecordExporter', one, path, exporterNames);
          if (exporter)
            logRecordProcessors.push(
              limits ? batchLogRecordProcessor(exporter, defined(limits)) : simpleLogRecordProcessor(exporter),
            );
        },
      })
    : nothing;

  const metrics = model.meter_provider && createMetrics(model.meter_provider, creation);
  const propagators = createPropagators(model.propagator ?? {}, creation);
  if (creation.problems.length) {
    creation.problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    throw new ConfigurationError(creation.file, creation.problems);
  }

  const transports = [...traces.transports, ...(metrics?.transports ?? []), ...logs.transports];
  const timeouts = [traces.timeoutMs, metrics?.timeoutMs ?? 0, logs.timeoutMs].filter((timeoutMs) => timeoutMs > 0);
  return {
    environment: {
      // Nothing is read from it; every field has its unset value.
      ...readEnvironment({}),
      disabled: model.disabled ?? false,
      serviceName,
      resource: attributes,
      // Detectors stand in the options; where the file names none there are none.
      detectors: ['none'],
      sampler: tracers ? sampler : alwaysOffSampler,
      propagators,
      batch: timeouts.length ? { sendTimeoutMs: Math.max(...timeouts) } : {},
      ownBatch: { traces: defined(traces.limits), logs: defined(logs.limits) },
      spanLimits: spanLimitsOf(general, tracers?.limits),
      logRecordLimits: logLimitsOf(general, loggers?.limits),
      metricIntervalMs: metrics?.metricIntervalMs,
      metricTemporality: metrics?.metricTemporality,
      exporters: {
        traces: tracers ? ['otlp'] : [],
        metrics: metrics ? ['otlp'] : [],
        logs: loggers ? ['otlp'] : [],
      },
      logLevel: logLevelOf(model.log_level),
      diagnostics: creation.diagnostics,
    },
    options: {
      destinations: { copies: transports },
      spanProcessors,
      spanExporters,
      logRecordProcessors,
      idGenerator,
      resourceDetectors: resource.detectors,
      metrics: metrics?.metrics,
      loggerConfigurator: loggers && loggerConfiguratorOf(loggers),
    },
  };
}

function push<T>(list: T[], one: T | undefined): void {
  if (one !== undefined) list.push(one);
}

const defined = <T extends object>(settings: T): T =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as T;

const first = (...values: (number | null | undefined)[]): number | undefined =>
  values.find((value) => typeof value === 'number') ?? undefined;

function spanLimitsOf(general: AttributeLimitsModel, own: SpanLimitsModel = {}): Partial<SpanLimits> {
  const count = general.attribute_count_limit;
  return defined({
    attributeCountLimit: first(own.attribute_count_limit, count),
    attributeValueLengthLimit: first(own.attribute_value_length_limit, general.attribute_value_length_limit),
    eventCountLimit: first(own.event_count_limit),
    linkCountLimit: first(own.link_count_limit),
    attributePerEventCountLimit: first(own.event_attribute_count_limit, count),
    attributePerLinkCountLimit: first(own.link_attribute_count_limit, count),
  }) as Partial<SpanLimits>;
}

const logLimitsOf = (general: AttributeLimitsModel, own: AttributeLimitsModel = {}): Partial<LogRecordLimits> =>
  defined({
    attributeCountLimit: first(own.attribute_count_limit, general.attribute_count_limit),
    attributeValueLengthLimit: first(own.attribute_value_length_limit, general.attribute_value_length_limit),
  }) as Partial<LogRecordLimits>;

/** `debug2` is 6. */
function severityOf(name: string | null | undefined): number | undefined {
  const [, word = '', digit = '1'] = /^([a-z]+)(\d?)$/.exec(name ?? '') ?? [];
  const at = (severityNames as readonly string[]).indexOf(word);
  return at < 0 ? undefined : at * 4 + (Number(digit) || 1);
}

function logLevelOf(name: string | null | undefined): LogLevel | undefined {
  const severity = severityOf(name);
  if (severity === undefined) return undefined;
  return severity < 9 ? 'debug' : severity < 13 ? 'info' : severity < 17 ? 'warn' : 'error';
}

function loggerConfiguratorOf(model: LoggerProviderModel): LoggerConfigurator | undefined {
  const configurator = model['logger_configurator/development'];
  if (!configurator) return undefined;
  return ({ name }) => {
    const found = configurator.loggers?.find((one) => matchesPattern(one.name, name));
    const config = found?.config ?? configurator.default_config ?? {};
    return {
      disabled: config.enabled === false,
      minimumSeverity: severityOf(config.minimum_severity) ?? 0,
      traceBased: config.trace_based === true,
    };
  };
}
