import type { HrTime, TimeInput } from '@opentelemetry/api';
import { getSpan } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import { registerLogs } from '../logs/logs-global.js';
import type { SignalPart } from '../signal-part.js';
import type { Logger } from '../telemetry-handle.js';
import type { ScopeOptions } from '../trace/tracer-provider.js';
import { encodeLogRecord } from './encode-log-record.js';
import { attributes as encodeAttributes, field, join, text } from './protobuf.js';
import { createSmallBuffer } from './small-buffer.js';

const ERROR = 17;
const LAST = 24;
/** Options that do nothing here. */
const needFull = ['logRecordProcessors', 'logRecordExporters', 'loggerConfigurator', 'logVolumeLimit'] as const;

/**
 * Log records of a page: a quarter of the code of `fullLogging`, at several times the work for a record; what a receiver gets is the same. Processors, exporters, loggers that are
 * configured and a volume limit are in `fullLogging`.
 */
export const smallLogging: SignalPart = (host) => {
  const { clock, contextStore, onFragment, report, telemetry, resource, redact = [], logRecordLimits = {} } = host;
  const buffers = [createSmallBuffer('normal'), createSmallBuffer('high')].map((buffer) =>
    Object.assign(buffer, { signal: 'logs' as const }),
  );
  const loggers: Record<string, Logger> = {};
  let stopped = false;
  for (const option of needFull) if (host[option]) report('error', 'part-missing', `${option} needs fullLogging`);

  const limit = (given: number | undefined, standard: number): number => (given! >= 0 ? Math.floor(given!) : standard);
  const rules = {
    attributes: limit(logRecordLimits.attributeCountLimit, 128),
    length: limit(logRecordLimits.attributeValueLengthLimit, 1 / 0),
    isSecret: (key: string): boolean =>
      host.spanProcessors?.some((one) => (one as { isSecret?: (key: string) => boolean }).isSecret?.(key)) ||
      // `search` begins at the start, whatever a pattern remembers.
      redact.some((secret) =>
        typeof secret === 'string' ? secret.toLowerCase() === key.toLowerCase() : key.search(secret) >= 0,
      ),
  };

  const time = (input: TimeInput | undefined, originMs: number): HrTime => {
    if (Array.isArray(input)) return input;
    const monotonicMs = clock.monotonicMs();
    let ms = Number(input);
    // A reading of `performance.now()`, or a moment planned within the next hour of it.
    if (typeof input === 'number' && 'performanceOriginMs' in clock && ms < monotonicMs + 3.6e6) ms += originMs;
    if (!(ms >= 0)) ms = originMs + monotonicMs;
    const seconds = Math.floor(ms / 1000);
    return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
  };

  const provider = {
    getLogger(name: string, version?: string, more: ScopeOptions = {}): Logger {
      const scope = [
        field(10, text(10, name || undefined), text(18, version), encodeAttributes(26, more.attributes)),
        text(26, more.schemaUrl),
      ];
      const key = `${join(scope)}`;
      const enabled: Logger['enabled'] = ({ context = contextStore.active() } = {}) =>
        !stopped && !!onFragment && !isTracingSuppressed(context);
      loggers[key] ??= {
        enabled,
        emit(record) {
          try {
            const { context = contextStore.active(), severityNumber: given } = record;
            // What telemetry's own requests are logged as would be sent by requests that are logged.
            if (!enabled({ context })) return;
            const severityNumber = given! > 0 && given! <= LAST ? Math.floor(given!) : 0;
            const span = getSpan(context) as (ReturnType<typeof getSpan> & { readonly originMs?: number }) | undefined;
            const originMs = span?.originMs ?? clock.wallMs() - clock.monotonicMs();
            const buffer = buffers[severityNumber < ERROR ? 0 : 1]!;
            const encoded = encodeLogRecord(
              {
                ...record,
                severityNumber,
                time: time(record.timestamp, originMs),
                observed: time(record.observedTimestamp, originMs),
                spanContext: span?.spanContext(),
              },
              rules,
            );
            buffer.add(scope, join(encoded));
            onFragment!(buffer);
          } catch (error) {
            // A getter of the program's, or no record at all.
            report('warn', 'log-failed', `A log record was not kept: ${error}`);
          }
        },
      };
      return loggers[key];
    },
  };
  host.loggerProvider = provider;
  telemetry.logger = provider.getLogger(String(resource.attributes['service.name']), host.serviceVersion);
  const copies = [...(host.api ?? []), ...(host.apiLogs ?? [])];
  const giveBack = host.global === false ? undefined : registerLogs(provider, host.tracerProvider, copies, report);
  return () => {
    stopped = true;
    giveBack?.();
  };
};
