import type { SignalPart } from '../signal-part.js';
import { secretKeys } from '../trace/secret-keys.js';
import { createLoggerProvider } from './logger-provider.js';
import { registerLogs } from './logs-global.js';

/**
 * Log records, behind `telemetry.logger` and the logs API of OpenTelemetry. A part of every telemetry that has everything; a small one is handed it:
 * `start(options, { logging })`.
 */
export const logging: SignalPart = (host) => {
  const { telemetry, report, resource } = host;
  const provider = createLoggerProvider({
    ...host,
    limits: host.logRecordLimits,
    isSecret: secretKeys(host),
    onError: (error) => report('warn', 'log-failed', `A log record was not kept: ${error}`),
  });
  telemetry.logger = provider.getLogger(String(resource.attributes['service.name']), host.serviceVersion);
  const copies = [...(host.api ?? []), ...(host.apiLogs ?? [])];
  const giveBack = host.global === false ? undefined : registerLogs(provider, host.tracerProvider, copies, report);
  return () => {
    provider.stop();
    giveBack?.();
  };
};
