import type { SignalPart } from '../signal-part.js';
import { secretKeys } from '../trace/secret-keys.js';
import { within } from '../within.js';
import { batchLogRecordProcessor } from './exporting-log-record-processors.js';
import { createLoggerProvider } from './logger-provider.js';
import { registerLogs } from './logs-global.js';

/**
 * Log records, behind `telemetry.logger` and the logs API of OpenTelemetry. A part of every telemetry that has everything; a page that wants processors,
 * exporters, configured loggers or a volume limit is handed it: `start(options, { logging: fullLogging })`.
 */
export const fullLogging: SignalPart = (host) => {
  const { telemetry, report, resource, timers, limits, lifecycle } = host;
  const { logRecordProcessors = [], logRecordExporters = [], logVolumeLimit } = host;
  const exporting = logRecordExporters.map((exporter) => batchLogRecordProcessor(exporter));
  const isPlain = exporting.length + logRecordProcessors.length === 0 && Array.isArray(logRecordProcessors);
  const provider = createLoggerProvider({
    ...host,
    limits: host.logRecordLimits,
    isSecret: secretKeys(host),
    configurator: host.loggerConfigurator,
    volumeLimit: logVolumeLimit,
    onError: (error) => report('warn', 'log-failed', `A log record was not kept: ${error}`),
    pipeline: isPlain
      ? undefined
      : {
          ...host,
          processors: (encoder) => [
            ...(typeof logRecordProcessors === 'function'
              ? logRecordProcessors(encoder)
              : [...logRecordProcessors, encoder]),
            ...exporting,
          ],
        },
  });
  telemetry.logger = provider.getLogger(String(resource.attributes['service.name']), host.serviceVersion);
  host.loggerProvider = provider;
  let closing: Promise<void> | undefined;
  let stopListening: (() => void) | undefined;

  if (logVolumeLimit) {
    const { status } = telemetry;
    telemetry.status = () => {
      const now = status();
      return { ...now, dropped: { ...now.dropped, 'rate-limited': provider.dropped } };
    };
  }
  if (!isPlain) {
    const { flush, shutdown } = telemetry;
    /** Whether both went well in time: a processor of the program must not hold it up. */
    const both = async (sent: Promise<boolean>, processed: Promise<unknown> | undefined, timeoutMs: number) => {
      const inTime = await within(
        timers,
        timeoutMs,
        Promise.resolve(processed).then(() => true),
      );
      return (await sent) && inTime;
    };
    telemetry.flush = (options = {}) =>
      both(flush(options), provider.forceFlush(), options.timeoutMs ?? limits.flushTimeoutMs);
    let ended: Promise<boolean> | undefined;
    telemetry.shutdown = (options = {}) => {
      // Processors are shut down in the midst of it.
      ended ??= shutdown(options).then((sent) =>
        both(Promise.resolve(sent), closing, options.timeoutMs ?? limits.shutdownTimeoutMs),
      );
      return ended;
    };
    stopListening = lifecycle.onSuspend(() => void provider.forceFlush());
  }

  const copies = [...(host.api ?? []), ...(host.apiLogs ?? [])];
  const giveBack = host.global === false ? undefined : registerLogs(provider, host.tracerProvider, copies, report);
  return () => {
    closing = provider.shutdown();
    stopListening?.();
    giveBack?.();
  };
};
