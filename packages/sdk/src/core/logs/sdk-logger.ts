import type { Context } from '@opentelemetry/api';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import type { ContextStore } from '../ports.js';
import type { Logger, LogRecord } from '../telemetry-handle.js';
import type { LogEncoder } from './log-encoder.js';
import type { LogRecordProcessor } from './log-record-processor.js';
import type { LoggerConfig } from './logger-config.js';
import type { LoggerScope } from './logger-scope.js';
import type { VolumeGate } from './volume-limit.js';

/** What all loggers of a provider share. */
export interface LoggerState {
  readonly contextStore: ContextStore;
  /** Absent where there is nowhere to send. */
  readonly encoder: LogEncoder | undefined;
  /** Where processors are installed: the object path. Absent where records become bytes at once. */
  readonly process: ((record: LogRecord, context: Context, scope: LoggerScope) => void) | undefined;
  readonly processors: readonly LogRecordProcessor[];
  readonly gate: VolumeGate | undefined;
  /** Told of each record that a logger which is not disabled was given, whatever becomes of it. */
  readonly onCreated?: (() => void) | undefined;
  readonly onError: (error: unknown) => void;
  stopped: boolean;
}

/** A log record is bytes when `emit` returns; nothing of it is kept. */
export class SdkLogger implements Logger {
  readonly #state: LoggerState;
  readonly #scope: LoggerScope;
  readonly #config: LoggerConfig;
  /** Everything is taken: nothing need be looked at. */
  readonly #takesAll: boolean;

  constructor(state: LoggerState, scope: LoggerScope, config: LoggerConfig) {
    this.#state = state;
    this.#scope = scope;
    this.#config = config;
    const { disabled, minimumSeverity, traceBased } = config;
    this.#takesAll = !disabled && !minimumSeverity && !traceBased;
  }

  enabled(options: Pick<LogRecord, 'context' | 'severityNumber' | 'eventName'> = {}): boolean {
    const { stopped, encoder, processors, contextStore } = this.#state;
    if (stopped || !(encoder || processors.length)) return false;
    const { context = contextStore.active(), severityNumber, eventName } = options;
    if (isTracingSuppressed(context) || !this.#takes(severityNumber, context)) return false;
    if (!processors.length) return true;
    const question = { context, instrumentationScope: this.#scope.plain, severityNumber, eventName };
    return processors.some((processor) => this.#isEnabled(processor, question));
  }

  emit(record: LogRecord): void {
    const { stopped, encoder, process, gate, contextStore, onCreated, onError } = this.#state;
    if (stopped || !(encoder || process)) return;
    try {
      const context = record.context ?? contextStore.active();
      // What telemetry's own requests are logged as would be sent by requests that are logged.
      if (isTracingSuppressed(context)) return;
      if (onCreated && !this.#config.disabled) onCreated();
      if (!this.#takesAll && !this.#takes(record.severityNumber, context)) return;
      if (gate && !gate.admits(record.severityNumber ?? 0)) return;
      if (process) process(record, context, this.#scope);
      else encoder!.encode(record, context, this.#scope);
    } catch (error) {
      // A getter of the program's, or no record at all.
      onError(error);
    }
  }

  #takes(severityNumber: number | undefined, context: Context): boolean {
    const { disabled, minimumSeverity, traceBased } = this.#config;
    if (disabled || (severityNumber && severityNumber < minimumSeverity)) return false;
    const spanContext = traceBased ? getSpanContext(context) : undefined;
    return !isSpanContextValid(spanContext) || (spanContext.traceFlags & 1) === 1;
  }

  #isEnabled(processor: LogRecordProcessor, question: Parameters<NonNullable<LogRecordProcessor['enabled']>>[0]) {
    try {
      return processor.enabled?.(question) ?? true;
    } catch (error) {
      this.#state.onError(error);
      return true;
    }
  }
}
