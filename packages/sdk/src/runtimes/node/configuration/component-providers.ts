import type { TextMapPropagator } from '@opentelemetry/api';
import type { LogRecordExporter } from '../../../core/logs/log-record-exporter.js';
import type { LogRecordProcessor } from '../../../core/logs/log-record-processor.js';
import type { MetricProducer } from '../../../core/metrics/metric-producer.js';
import type { MetricReader } from '../../../core/metrics/metric-reader.js';
import type { PushMetricExporter } from '../../../core/metrics/periodic-reader.js';
import type { ResourceDetector } from '../../../core/options.js';
import type { ComposableSampler } from '../../../core/sampling/composable.js';
import type { Sampler } from '../../../core/sampling/sampler.js';
import type { IdGenerator } from '../../../core/trace/id-generator.js';
import type { SpanExporter } from '../../../core/trace/span-exporter.js';
import type { SpanProcessor } from '../../../core/trace/span-processor.js';
import type { ConfigProperties } from './configuration-model.js';

/** What a configuration file may name beside what is built in, and what a provider of it makes. */
export interface PluginComponents {
  readonly SpanExporter: SpanExporter;
  readonly SpanProcessor: SpanProcessor;
  readonly Sampler: Sampler;
  readonly ComposableSampler: ComposableSampler;
  readonly IdGenerator: IdGenerator;
  readonly TextMapPropagator: TextMapPropagator;
  readonly ResourceDetector: ResourceDetector;
  readonly LogRecordExporter: LogRecordExporter;
  readonly LogRecordProcessor: LogRecordProcessor;
  readonly PushMetricExporter: PushMetricExporter;
  /** A reader that is asked. */
  readonly PullMetricExporter: MetricReader;
  readonly MetricProducer: MetricProducer;
}

/** Makes components of one type and name (specification "PluginComponentProvider"). */
export interface PluginComponentProvider<T extends keyof PluginComponents = keyof PluginComponents> {
  readonly type: T;
  /** What the file calls it. */
  readonly name: string;
  /** Called for each place that names it, with what stands below the name. What it throws is told with the place. */
  createComponent(properties: ConfigProperties): PluginComponents[T];
}

// Of the process, as the file is: a package registers what it brings, and `start()` is called elsewhere.
const providers = new Map<string, PluginComponentProvider>();
const keyOf = (type: string, name: string): string => `${type} ${name}`;

/**
 * Makes a component known to configuration files (specification "Register PluginComponentProvider"), from now on. Returns how to take it back. Throws where there is one
 * of that type and name already.
 */
export function registerComponentProvider<T extends keyof PluginComponents>(
  provider: PluginComponentProvider<T>,
): () => void {
  const key = keyOf(provider.type, provider.name);
  if (providers.has(key)) throw new Error(`There is a ${provider.type} called "${provider.name}" already.`);
  providers.set(key, provider);
  return () => void providers.delete(key);
}

export const findComponentProvider = <T extends keyof PluginComponents>(
  type: T,
  name: string,
): PluginComponentProvider<T> | undefined => providers.get(keyOf(type, name)) as PluginComponentProvider<T> | undefined;

/** Names that are registered for a type. */
export const registeredNames = (type: keyof PluginComponents): string[] =>
  [...providers.values()].filter((provider) => provider.type === type).map(({ name }) => name);
