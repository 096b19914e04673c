import type { OnFragment } from '../batch.js';
import { TimeSource } from '../clock/time-source.js';
import type { Clock, ContextStore } from '../ports.js';
import { createScopes } from '../scopes.js';
import type { Logger } from '../telemetry-handle.js';
import type { ScopeOptions } from '../trace/tracer-provider.js';
import { KeyCache } from '../wire/encoded-key.js';
import { NameCache } from '../wire/name-cache.js';
import { createOpenBuffer } from '../wire/open-buffer.js';
import { defaultLogRecordLimits, type LogRecordLimits } from './log-limits.js';
import { type LoggerState, SdkLogger } from './sdk-logger.js';

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
}

/** A logger provider (specification "Logs SDK"), as `@opentelemetry/api-logs` has it. */
export interface SdkLoggerProvider {
  getLogger(name: string, version?: string, options?: ScopeOptions): Logger;
  /** Afterwards, also for loggers handed out before, nothing is recorded. */
  stop(): void;
}

export function createLoggerProvider(options: LoggerProviderOptions): SdkLoggerProvider {
  const state: LoggerState = {
    ...options,
    time: new TimeSource(options.clock),
    limits: checked(options.limits),
    isSecret: options.isSecret,
    keys: new KeyCache(),
    names: new NameCache(),
    normal: createOpenBuffer('logs', 'normal'),
    high: createOpenBuffer('logs', 'high'),
    fields: undefined,
    stopped: false,
  };
  return {
    getLogger: createScopes((scope) => new SdkLogger(state, scope)),
    stop() {
      state.stopped = true;
    },
  };
}

/** Limits that are numbers of 0 and more; anything else means the default. */
function checked(given: Partial<LogRecordLimits> = {}): LogRecordLimits {
  const limits = { ...defaultLogRecordLimits };
  for (const name of Object.keys(limits) as (keyof LogRecordLimits)[]) {
    const limit = given[name];
    if (typeof limit === 'number' && limit >= 0) limits[name] = Math.floor(limit);
  }
  return limits;
}
