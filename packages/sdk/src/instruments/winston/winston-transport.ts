import { Writable } from 'node:stream';
import { registeredLoggerProvider } from '../../core/logs/logs-global.js';
import type { Logger } from '../../core/telemetry-handle.js';

export interface WinstonTransportOptions {
  /** Who records. Default: whoever stands behind the logs API, when something is logged. */
  readonly logger?: Logger | undefined;
  /** Least severe level that is recorded, in the logger's own words. Default: what the logger itself takes. */
  readonly level?: string | undefined;
}

/** What winston hands over: its levels may be a program's own. */
interface WinstonInfo {
  readonly level: string;
  readonly message: unknown;
  readonly [name: string | symbol]: unknown;
}

/** The level before a format coloured it (`triple-beam`, which names it for all). */
const plainLevel = Symbol.for('level');
const splat = Symbol.for('splat');

/** Of npm's levels and syslog's. */
const severities: Readonly<Record<string, number>> = {
  silly: 1,
  trace: 1,
  debug: 5,
  verbose: 6,
  http: 8,
  info: 9,
  data: 9,
  notice: 10,
  help: 9,
  prompt: 9,
  warn: 13,
  warning: 13,
  error: 17,
  crit: 18,
  alert: 19,
  emerg: 21,
  fatal: 21,
};

/**
 * A transport of winston that makes log records: `createLogger({ transports: [winstonTransport()] })`. Level, message and time are those of the record, an error
 * (as the message, or among what is logged with it) its exception, everything else attributes. Without telemetry it does nothing.
 */
export function winstonTransport(options: WinstonTransportOptions = {}): Writable & { level?: string | undefined } {
  return new WinstonTransport(options);
}

class WinstonTransport extends Writable {
  level: string | undefined;
  /** Filled in by winston's logger when it is piped to. */
  #levels: Readonly<Record<string, number>> | undefined;
  #parentLevel: (() => string | undefined) | undefined;
  readonly #given: Logger | undefined;
  #provider: ReturnType<typeof registeredLoggerProvider>;
  #logger: Logger | undefined;

  constructor({ logger, level }: WinstonTransportOptions) {
    super({ objectMode: true });
    this.#given = logger;
    this.level = level;
    this.on('pipe', (parent: { levels?: Record<string, number>; level?: string }) => {
      this.#levels = parent.levels;
      this.#parentLevel = () => parent.level;
    });
  }

  /** winston looks whether a transport has it; with two parameters it is one of its third version. */
  log(info: WinstonInfo, done: () => void): void {
    this.#record(info);
    done();
  }

  override _write(info: WinstonInfo, _encoding: string, done: () => void): void {
    try {
      if (this.#takes(info[plainLevel] ?? info.level)) this.#record(info);
    } finally {
      done();
    }
  }

  #takes(level: unknown): boolean {
    const levels = this.#levels;
    const least = this.level ?? this.#parentLevel?.();
    const rank = levels?.[String(level)];
    return !levels || least === undefined || rank === undefined || rank <= (levels[least] ?? rank);
  }

  #current(): Logger | undefined {
    if (this.#given) return this.#given;
    const now = registeredLoggerProvider();
    if (now !== this.#provider) this.#logger = now?.getLogger('winston');
    this.#provider = now;
    return this.#logger;
  }

  #record(info: WinstonInfo): void {
    const logger = this.#current();
    if (!logger?.enabled()) return;
    const level = String(info[plainLevel] ?? info.level);
    const { level: _level, message, timestamp, stack, ...attributes }: Record<string | symbol, unknown> = { ...info };
    // With `format.errors` an error is the info itself, and its stack is all that says so.
    const beside = [message, attributes.error, attributes.err, ...asList(info[splat])].find(
      (one): one is Error => one instanceof Error,
    );
    for (const key of ['error', 'err']) if (attributes[key] === beside) delete attributes[key];
    logger.emit({
      timestamp: timeOf(timestamp),
      severityNumber: severities[level],
      severityText: level,
      body: message instanceof Error ? message.message : message,
      attributes,
      exception: beside ?? (typeof stack === 'string' ? thrown(stack, message) : undefined),
    });
  }
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** `format.timestamp()` writes ISO 8601 unless it was told otherwise; a time without a zone is not taken for one. */
const timeOf = (timestamp: unknown): Date | undefined =>
  typeof timestamp === 'string' && /^\d{4}-\d\d-\d\dT.*Z$/.test(timestamp) ? new Date(timestamp) : undefined;

const thrown = (stack: string, message: unknown): object => ({
  name: /^(\w*(?:Error|Exception)\w*)/.exec(stack)?.[1],
  message: String(message),
  stack,
});
