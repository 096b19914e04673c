import type { OnFragment } from '../batch.js';
import { TimeSource } from '../clock/time-source.js';
import type { ExportQueueHost } from '../export-queue.js';
import type { Clock, ContextStore } from '../ports.js';
import { createScopes } from '../scopes.js';
import type { Logger } from '../telemetry-handle.js';
import type { InstrumentationScope, ReadableResource } from '../trace/readable-span.js';
import type { ScopeOptions } from '../trace/tracer-provider.js';
import { EncodedKey } from '../wire/encoded-key.js';
import { emittedRecord } from './emitted-record.js';
import { LogEncoder } from './log-encoder.js';
import { defaultLogRecordLimits, type LogRecordLimits } from './log-limits.js';
import type { LogRecordPipeline, LogRecordProcessor } from './log-record-processor.js';
import { defaultLoggerConfig, type LoggerConfig, type LoggerConfigurator } from './logger-config.js';
import type { LoggerScope } from './logger-scope.js';
import { type LoggerState, SdkLogger } from './sdk-logger.js';
import { createVolumeGate, type LogVolumeLimit } from './volume-limit.js';

export interface LoggerProviderOptions {
  readonly clock: Clock;
  readonly contextStore: ContextStore;
  readonly limits?: Partial<LogRecordLimits> | undefined;
  /** Which attribute keys hold secrets. */
  readonly isSecret?: ((key: string) => boolean) | undefined;
  /** Told after each record that was written; without it nothing is. */
  readonly onFragment: OnFragment | undefined;
  /** Told what went wrong in a record. Must not throw. */
  readonly onError: (error: unknown) => void;
  /** Told of each record that a logger which is not disabled was given. */
  readonly onLogCreated?: (() => void) | undefined;
  readonly configurator?: LoggerConfigurator | undefined;
  readonly volumeLimit?: LogVolumeLimit | undefined;
  /** With what processors need, where there are some. */
  readonly pipeline?:
    | (ExportQueueHost & { readonly resource: ReadableResource; readonly processors: LogRecordPipeline })
    | undefined;
}

/** A logger provider (specification "Logs SDK"), as `@opentelemetry/api-logs` has it. */
export interface SdkLoggerProvider {
  getLogger(name: string, version?: string, options?: ScopeOptions): Logger;
  /** Records that were too many for the volume limit. */
  readonly dropped: number;
  /** Flushes all processors. Never rejects. */
  forceFlush(): Promise<void>;
  /** At once nothing is recorded any more, also by loggers handed out before; then shuts all processors down. Never rejects. */
  shutdown(): Promise<void>;
}

export function createLoggerProvider(options: LoggerProviderOptions): SdkLoggerProvider {
  const { clock, contextStore, onFragment, onError, pipeline, configurator, volumeLimit } = options;
  const time = new TimeSource(clock);
  const rules = { time, limits: checked(options.limits), isSecret: options.isSecret };
  const encoder = onFragment && new LogEncoder({ ...rules, onFragment });
  const scopes = new WeakMap<object, LoggerScope>();
  const exporting: LogRecordProcessor = {
    onEmit: (record) => encoder?.encodeProcessed(record, scopes.get(record.instrumentationScope)!),
    enabled: () => encoder !== undefined,
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const processors = pipeline ? listed(pipeline.processors, exporting).map(made) : [];

  function made(one: ReturnType<typeof listed>[number]): LogRecordProcessor {
    return typeof one === 'function' ? one(pipeline!) : one;
  }

  function configOf(scope: InstrumentationScope): LoggerConfig {
    try {
      return { ...defaultLoggerConfig, ...configurator?.(scope) };
    } catch (error) {
      onError(error);
      return defaultLoggerConfig;
    }
  }

  const process: LoggerState['process'] = (given, context, scope) => {
    const record = emittedRecord(given, context, scope.plain, { ...rules, resource: pipeline!.resource });
    for (const processor of processors) {
      try {
        processor.onEmit(record, context);
      } catch (error) {
        onError(error);
      }
    }
    record.seal();
  };
  const gate = volumeLimit && createVolumeGate(volumeLimit, clock);
  const state: LoggerState = {
    contextStore,
    encoder,
    process: pipeline && process,
    processors,
    gate,
    onCreated: options.onLogCreated,
    onError,
    stopped: false,
  };
  const all = async (what: 'forceFlush' | 'shutdown'): Promise<void> => {
    await Promise.all(processors.map(async (processor) => processor[what]()).map((done) => done.catch(onError)));
  };
  return {
    getLogger: createScopes((encoded, plain) => {
      const scope: LoggerScope = { plain, encoded, first: new EncodedKey('', false) };
      scopes.set(plain, scope);
      return new SdkLogger(state, scope, configOf(plain));
    }),
    get dropped() {
      return gate?.dropped ?? 0;
    },
    forceFlush: () => all('forceFlush'),
    async shutdown() {
      if (state.stopped) return;
      state.stopped = true;
      await all('shutdown');
    },
  };
}

const listed = (pipeline: LogRecordPipeline, exporting: LogRecordProcessor) =>
  typeof pipeline === 'function' ? pipeline(exporting) : [...pipeline, exporting];

/** Limits that are numbers of 0 and more; anything else means the default. */
function checked(given: Partial<LogRecordLimits> = {}): LogRecordLimits {
  const limits = { ...defaultLogRecordLimits };
  for (const name of Object.keys(limits) as (keyof LogRecordLimits)[]) {
    const limit = given[name];
    if (typeof limit === 'number' && limit >= 0) limits[name] = Math.floor(limit);
  }
  return limits;
}
