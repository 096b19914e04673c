import type { TracerProvider } from '@opentelemetry/api';
import { claimApiEntry } from '../api-entry.js';
import type { Report } from '../limit-diagnostics.js';
import type { OpenTelemetryLogsApiCopy } from '../options.js';
import { apiGlobal } from '../otel-api.js';
import type { Logger } from '../telemetry-handle.js';
import type { SdkLoggerProvider } from './logger-provider.js';

/** Where all copies of `@opentelemetry/api-logs` look for an implementation, with the number of the interface they ask for. */
const logsKey: symbol = Symbol.for('io.opentelemetry.js.api.logs');
const logsInterface = 1;

type LoggerProvider = Pick<SdkLoggerProvider, 'getLogger'>;
type LogsGetter = (version: number) => LoggerProvider | undefined;

const globals = globalThis as unknown as Record<symbol, LogsGetter | undefined>;

/** Who answers for logs in this program now, this telemetry or another SDK; for bridges that are handed nothing. */
export const registeredLoggerProvider = (): LoggerProvider | undefined => globals[logsKey]?.(logsInterface);

/** What stands in for a logger provider until one is registered; each copy of either package has its own. */
interface LoggerProxy {
  _setDelegate(provider: LoggerProvider | undefined): void;
}

/**
 * Takes the two places of the logs API: `@opentelemetry/api`'s global (from 1.10 on) and that of `@opentelemetry/api-logs`, for which many loggers'
 * bridges are written. Loggers taken earlier ask a proxy of their own copy, so each of `copies` is told. Nothing is taken where another SDK answers
 * for traces; a place that is taken is left and reported. Returns how to give all of it back.
 */
export function registerLogs(
  provider: LoggerProvider,
  tracerProvider: TracerProvider,
  copies: readonly Partial<OpenTelemetryLogsApiCopy>[],
  report: Report,
): () => void {
  if (apiGlobal()?.trace !== tracerProvider) return () => {};
  // Before anything is registered each copy hands out its own proxy.
  const proxies = copies.map((copy) => copy?.logs?.getLoggerProvider?.()).filter(isProxy);
  const giveBack = claimApiEntry('logs', provider, tracerProvider, report);
  const getter: LogsGetter = (version) => (version === logsInterface ? provider : undefined);
  const mine = !globals[logsKey];
  if (mine) globals[logsKey] = getter;
  // Both places are one thing to a program: one report of it is enough.
  else if (giveBack) report('warn', 'another-logs', 'Another OpenTelemetry logs keeps its place.');
  for (const proxy of proxies) proxy._setDelegate(followingProvider(provider));
  return () => {
    giveBack?.();
    if (globals[logsKey] === getter) delete globals[logsKey];
    for (const proxy of proxies) proxy._setDelegate(undefined);
  };
}

const isProxy = (provider: unknown): provider is LoggerProxy =>
  typeof (provider as Partial<LoggerProxy> | undefined)?._setDelegate === 'function';

/** A proxy's logger keeps the first logger it is given, past this telemetry: so that one asks, record by record, who answers now. */
const followingProvider = (provider: LoggerProvider): LoggerProvider => ({
  getLogger(...scope) {
    let known: LoggerProvider | undefined;
    let logger: Logger;
    const current = (): Logger => {
      const now = registeredLoggerProvider() ?? provider;
      if (now !== known) logger = now.getLogger(...scope);
      known = now;
      return logger;
    };
    return {
      emit: (record) => current().emit(record),
      enabled: (options) => current().enabled(options),
    };
  },
});
