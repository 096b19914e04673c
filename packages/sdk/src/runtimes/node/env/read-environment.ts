import type { Attributes, TextMapPropagator } from '@opentelemetry/api';
import type { BatchLimits, Diagnostic } from '../../../core/options.js';
import type { Sampler } from '../../../core/sampling/sampler.js';
import type { SpanLimits } from '../../../core/trace/span-limits.js';
import { createEnvironment, type EnvironmentVariables } from './environment.js';
import { readBatchLimits } from './read-batch-limits.js';
import { type ExporterName, type OtlpSettings, readExporterNames, readOtlpSettings } from './read-exporter.js';
import { readPropagators } from './read-propagators.js';
import { readResource } from './read-resource.js';
import { type RemoteSampling, readRemoteSampling, readSampler } from './read-sampler.js';
import { readSpanLimits } from './read-span-limits.js';

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
  readonly spanLimits: Partial<SpanLimits>;
  readonly exporters?: readonly ExporterName[] | undefined;
  readonly otlp: OtlpSettings;
  readonly logLevel?: LogLevel | undefined;
  readonly enabledInstrumentations?: readonly string[] | undefined;
  readonly disabledInstrumentations?: readonly string[] | undefined;
  /** One for each variable that was set and could not be used. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads every `OTEL_*` variable of the specification that concerns traces and resources. Never throws. */
export function readEnvironment(variables: EnvironmentVariables): EnvironmentSettings {
  const environment = createEnvironment(variables);
  const { serviceName, attributes } = readResource(environment);
  return {
    disabled: environment.boolean('OTEL_SDK_DISABLED') ?? false,
    serviceName,
    resource: attributes,
    detectors: environment.list('OTEL_NODE_RESOURCE_DETECTORS'),
    sampler: readSampler(environment),
    remoteSampling: readRemoteSampling(environment),
    propagators: readPropagators(environment),
    batch: readBatchLimits(environment),
    spanLimits: readSpanLimits(environment),
    exporters: readExporterNames(environment),
    otlp: readOtlpSettings(environment),
    logLevel: environment.oneOf('OTEL_LOG_LEVEL', logLevels),
    enabledInstrumentations: environment.list('OTEL_NODE_ENABLED_INSTRUMENTATIONS'),
    disabledInstrumentations: environment.list('OTEL_NODE_DISABLED_INSTRUMENTATIONS'),
    diagnostics: environment.diagnostics,
  };
}
