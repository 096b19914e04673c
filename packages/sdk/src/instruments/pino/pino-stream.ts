import { registeredLoggerProvider } from '../../core/logs/logs-global.js';
import type { Logger } from '../../core/telemetry-handle.js';

export interface PinoStreamOptions {
  /** Who records. Default: whoever stands behind the logs API, when a line is written. */
  readonly logger?: Logger | undefined;
  /** pino's `messageKey`, `errorKey` and `nestedKey`, where the program has changed them. Defaults `msg`, `err`, none. */
  readonly messageKey?: string | undefined;
  readonly errorKey?: string | undefined;
  readonly nestedKey?: string | undefined;
}

/** What pino writes to: `pino(pinoStream())`, or one of `pino.multistream([...])`. */
export interface PinoStream {
  write(line: string): void;
}

/** pino's numbers as `SeverityNumber`; a level in between counts as the one below it. */
const severities: readonly (readonly [level: number, severity: number, name: string])[] = [
  [60, 21, 'fatal'],
  [50, 17, 'error'],
  [40, 13, 'warn'],
  [30, 9, 'info'],
  [20, 5, 'debug'],
  [10, 1, 'trace'],
];

/**
 * What pino writes, as log records: level, time and message become what they are of a record, the error its exception, everything else (bindings of child loggers
 * too) attributes. It reads the very lines that pino writes, so what pino's serializers, formatters and `redact` make of values is what is recorded; and pino
 * writes in the call in which the program logs, so the span is the active one. Without telemetry it does nothing.
 */
export function pinoStream(options: PinoStreamOptions = {}): PinoStream {
  const { messageKey = 'msg', errorKey = 'err', nestedKey } = options;
  let provider: ReturnType<typeof registeredLoggerProvider>;
  let logger = options.logger;
  let writing = false;

  const current = (): Logger | undefined => {
    if (options.logger) return options.logger;
    const now = registeredLoggerProvider();
    if (now !== provider) logger = now?.getLogger('pino');
    provider = now;
    return logger;
  };

  function record(line: string): void {
    const logger = current();
    if (!logger?.enabled()) return;
    const fields = read(line);
    if (!fields) {
      logger.emit({ body: line.trimEnd() });
      return;
    }
    const { level, time, pid: _pid, hostname: _hostname, [messageKey]: body, [errorKey]: error, ...rest } = fields;
    const known = typeof level === 'number' ? severities.find(([least]) => level >= least) : named(level);
    const nested = nestedKey === undefined ? undefined : rest[nestedKey];
    if (nestedKey !== undefined && isObject(nested)) delete rest[nestedKey];
    const isError = isObject(error);
    logger.emit({
      // A time in words of the program's own is no time: the record's is now.
      timestamp: timeOf(time),
      severityNumber: known?.[1],
      severityText: typeof level === 'string' ? level : known?.[2],
      body,
      attributes: {
        ...rest,
        ...(isObject(nested) && nested),
        ...(!isError && error !== undefined && { [errorKey]: error }),
      },
      exception: isError ? exceptionOf(error) : undefined,
    });
  }

  return {
    write(line) {
      // What is logged about a record while it is made would make another one.
      if (writing) return;
      writing = true;
      try {
        record(line);
      } finally {
        writing = false;
      }
    },
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const named = (level: unknown) => severities.find(([, , name]) => name === String(level).toLowerCase());

function read(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds (`epochTime`) or a text of ISO 8601 (`isoTime`). */
function timeOf(time: unknown): number | undefined {
  const ms = typeof time === 'string' ? Date.parse(time) : time;
  return typeof ms === 'number' && ms > 1e11 ? ms : undefined;
}

/** As pino's standard serializer writes an error. */
function exceptionOf({ type, message, stack, code }: Record<string, unknown>): object {
  return { name: type, message, stack, ...(typeof code === 'string' && { code }) };
}
