import type { Attributes, Context, Span, TextMapPropagator } from '@opentelemetry/api';
import type { Signal } from './batch.js';
import type { LogRecordLimits } from './logs/log-limits.js';
import type { LogRecordExporter } from './logs/log-record-exporter.js';
import type { LogRecordPipeline } from './logs/log-record-processor.js';
import type { LoggerConfigurator } from './logs/logger-config.js';
import type { LogVolumeLimit } from './logs/volume-limit.js';
import type { TemporalityPreference } from './metrics/instrument-kinds.js';
import type { MetricsOptions } from './metrics/metrics-options.js';
import type { BatchStore, Compressor, Transport } from './ports.js';
import type { Sampler } from './sampling/sampler.js';
import type { IdGenerator } from './trace/id-generator.js';
import type { SpanExporter } from './trace/span-exporter.js';
import type { SpanLimits } from './trace/span-limits.js';
import type { SpanProcessor } from './trace/span-processor.js';

/** What a program may say to `start()` in every runtime. A runtime adds its own fields and its own defaults. */
export interface TelemetryOptions {
  /** `service.name`. Default: `OTEL_SERVICE_NAME` where there is an environment, else `unknown_service`. */
  readonly serviceName?: string | undefined;
  readonly serviceVersion?: string | undefined;
  /** `deployment.environment.name`. */
  readonly environment?: string | undefined;
  /** Further attributes of the resource; they win over detected ones. */
  readonly resource?: Attributes | undefined;
  /** Asked once at start; sealing waits for late ones at most a second. */
  readonly resourceDetectors?: readonly ResourceDetector[] | undefined;
  /** Sizes and ages of batches, by name. Default: `production`. Single values in `batch` win over the preset. */
  readonly preset?: PresetName | undefined;
  readonly batch?: Partial<BatchLimits> | undefined;
  /**
   * What is given up when memory or a store is full; each is counted in `status().dropped`. `low-priority-first`, the default: what is no error, the oldest of
   * it. `oldest-first`: whatever came first. `newest-first`: what comes last, so that the beginning is kept. A page without `offline()` knows the first only.
   */
  readonly sacrifice?: SacrificeOrder | undefined;
  /** Where batches go: one, or several with a rule. Default: what the runtime makes of `endpoint`. */
  readonly destinations?: Destinations | undefined;
  readonly store?: BatchStore | undefined;
  readonly compressor?: Compressor | undefined;
  readonly sampler?: Sampler | undefined;
  readonly spanLimits?: Partial<SpanLimits> | undefined;
  /**
   * Metrics are collected this often, in milliseconds, and at each flush. Default: `OTEL_METRIC_EXPORT_INTERVAL` where there is an
   * environment, else 60,000; 10,000 in development.
   */
  readonly metricIntervalMs?: number | undefined;
  /** Whether counters tell what came since the start (`cumulative`, the default) or since they were collected last (`delta`, `lowmemory`). */
  readonly metricTemporality?: TemporalityPreference | undefined;
  /** Series of one metric at most; what is over it counts together, with the attribute `otel.metric.overflow`. Default 2,000. */
  readonly cardinalityLimit?: number | undefined;
  /** Views, aggregations, exemplars, readers of the program's own. A page needs `fullMetering` for it. */
  readonly metrics?: MetricsOptions | undefined;
  readonly logRecordLimits?: Partial<LogRecordLimits> | undefined;
  /** Run before a record becomes bytes, in this order, so that what they change changes the bytes. A function places the one that makes the bytes itself. */
  readonly logRecordProcessors?: LogRecordPipeline | undefined;
  /** The object path, beside the bytes: each log record is handed over in batches, after all processors. */
  readonly logRecordExporters?: readonly LogRecordExporter[] | undefined;
  /** What each logger takes, by its scope: nothing, what is severe enough, what belongs to sampled spans. */
  readonly loggerConfigurator?: LoggerConfigurator | undefined;
  /** Log records at most. What is over it is counted in `status().dropped['rate-limited']`; errors go last. Default: no limit. */
  readonly logVolumeLimit?: LogVolumeLimit | undefined;
  readonly idGenerator?: IdGenerator | undefined;
  /** Run before the encoder, in this order, so that what they change in `onEnding` changes the bytes. */
  readonly spanProcessors?: readonly SpanProcessor[] | undefined;
  /** The object path, beside the bytes: each sampled span is handed over after it ended. */
  readonly spanExporters?: readonly SpanExporter[] | undefined;
  readonly propagators?: readonly TextMapPropagator[] | undefined;
  /** Attribute keys (`password`, `/token$/i`) whose values leave as `[REDACTED]`, on spans, events, links, log records and metrics. */
  readonly redact?: readonly (string | RegExp)[] | undefined;
  /** Copies of `@opentelemetry/api` that cannot be found through the global (a page bundles its own). */
  readonly api?: readonly OpenTelemetryApiCopy[] | undefined;
  /** The same of `@opentelemetry/api-logs`: a logger that was taken from it before `start()` records after it. */
  readonly apiLogs?: readonly OpenTelemetryLogsApiCopy[] | undefined;
  /** `false`: make a telemetry without taking the OpenTelemetry globals (tests, libraries). Default `true`. */
  readonly global?: boolean | undefined;
  /** Find spans that are never ended: named in `onDiagnostic` after this age. Default: 60,000 in development, else off (0). */
  readonly unendedSpanMs?: number | undefined;
  /** Warnings and errors about telemetry itself, each kind once a minute at most. Default: `console.warn` where there is one. */
  readonly onDiagnostic?: ((diagnostic: Diagnostic) => void) | undefined;
}

export type PresetName = 'development' | 'production' | 'highThroughput' | 'lowLatency';

export interface BatchLimits {
  /** A batch is sealed at this many items … (development 128, production 512, highThroughput 2,048, lowLatency 256) */
  readonly maxItems: number;
  /**
   * … or at this many bytes (default 512 KiB) … What a collector finds too large is sent in parts: of the bytes it names, else in halves. From
   * quarters on it is asked once in `firstRetryMs`, so set this below what your collector takes.
   */
  readonly maxBytes: number;
  /** … or when its first item is this old. 0: at once. (1,000 / 5,000 / 10,000 / 500 ms) */
  readonly maxAgeMs: number;
  /**
   * Spans and log records waiting at most, sealed or not (`OTEL_BSP_MAX_QUEUE_SIZE`). Default 4 × maxItems, at least 2,048. Data points come by
   * the thousand each time metrics are collected: they are bounded by `maxQueueBytes` alone (in the small outbox by both).
   */
  readonly maxQueueItems: number;
  /** Bytes waiting at most. Default 16 MiB. */
  readonly maxQueueBytes: number;
  /** Sends under way at once, per destination. Default 2. */
  readonly concurrency: number;
  /** Waiting for one answer, in milliseconds. Default 10,000. */
  readonly sendTimeoutMs: number;
  /** First wait after a `retry`; doubles to `maxRetryMs`, jittered ±50 %. Defaults 1,000 and 60,000, at least 100. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** A batch older than this is dropped, counted as `too-old`. Default 48 h. */
  readonly maxBatchAgeMs: number;
  /** `flush()` and `shutdown()` settle at the latest after this. Default 30,000 and 5,000. */
  readonly flushTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
}

export type Destinations =
  | Transport
  | { readonly failover: readonly Transport[] }
  | { readonly copies: readonly Transport[] };

export interface ResourceDetector {
  readonly name: string;
  /**
   * The semantic conventions its attributes follow: `https://opentelemetry.io/schemas/1.45.0`. Absent where it cannot know them.
   * Detectors that follow different ones leave the resource without.
   */
  readonly schemaUrl?: string | undefined;
  detect(): Attributes | Promise<Attributes>;
}

/** The namespace object of `@opentelemetry/api` (`import * as api from '@opentelemetry/api'`), as far as it is needed. */
export interface OpenTelemetryApiCopy extends Partial<OpenTelemetryLogsApiCopy> {
  readonly trace: { getTracerProvider(): unknown };
}

/** The same of `@opentelemetry/api-logs`. */
export interface OpenTelemetryLogsApiCopy {
  readonly logs: { getLoggerProvider(): unknown };
}

export interface Diagnostic {
  readonly level: 'info' | 'warn' | 'error';
  /** Stable, kebab-case: `started-twice`, `collector-unreachable`, `span-never-ended` … */
  readonly code: string;
  /** One clear sentence: what, where, what to do. */
  readonly message: string;
}

export type SacrificeOrder = 'low-priority-first' | 'oldest-first' | 'newest-first';

/** Why items were given up. */
export type DropReason = 'queue-full' | 'store-full' | 'too-old' | 'refused' | 'too-large' | 'shutdown' | 'damaged';

/**
 * `telemetry.status()`: everything the outbox knows, per process. Counts are items since start; with copies to several destinations an item counts
 * once for each.
 */
export interface TelemetryStatus {
  /** `degraded`: a destination does not answer, or the last thing that became of a batch was not a success. */
  readonly state: 'healthy' | 'degraded' | 'shut-down';
  /** In this program's memory: not sealed yet, waiting, or under way. What `maxQueueItems` and `maxQueueBytes` bound. */
  readonly queued: { readonly items: number; readonly bytes: number };
  /** What has reached `durability`. Without a store that is the sealed part of `queued`. */
  readonly stored: { readonly items: number; readonly bytes: number; readonly durability: BatchStore['durability'] };
  readonly sent: Readonly<Record<Signal, number>>;
  /** Rejected by a receiver in a partial success. */
  readonly rejected: number;
  /** `rate-limited`: log records over `logVolumeLimit`, where there is one. */
  readonly dropped: Readonly<Record<DropReason, number>> & { readonly 'rate-limited'?: number };
  readonly lastSuccessUnixMs: number | undefined;
  readonly lastError: { readonly message: string; readonly unixMs: number } | undefined;
  readonly destinations: readonly {
    readonly destination: string;
    readonly reachable: boolean | undefined;
    readonly failures: number;
    readonly nextAttemptUnixMs: number | undefined;
  }[];
  /** Something was measured since metrics were collected last. Absent where they are not built in. */
  readonly uncollected?: boolean | undefined;
  /** Spans started and not ended yet, where `unendedSpanMs` watches them. */
  readonly openSpans: number | undefined;
}

/** A span function's arguments: `traced(name, fn)` and `traced(name, { kind, attributes, root }, fn)`. */
export interface TracedOptions {
  readonly kind?: number | undefined;
  readonly attributes?: Attributes | undefined;
  readonly root?: boolean | undefined;
  readonly parent?: Context | undefined;
  /** Called with the result, to record something of it. */
  readonly onResult?: ((span: Span, result: unknown) => void) | undefined;
}
