export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['text', 'json'] as const;
type LogFormat = (typeof LOG_FORMATS)[number];

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One event worth knowing. Levels: `info` where nothing is said. */
export type Log = (message: string, level?: LogLevel, fields?: Fields) => void;

export interface LogOptions {
  readonly format: LogFormat;
  /** What is below it is not written. */
  readonly level: LogLevel;
  /** Gets whole lines. */
  readonly write: (line: string) => void;
  readonly now?: () => Date;
}

/** `text`: the message alone, for a person at a terminal. `json`: an object a line with `time`, `level`, `message` and what belongs to the event. */
export function createLog({ format, level: least, write, now = () => new Date() }: LogOptions): Log {
  const first = LOG_LEVELS.indexOf(least);
  return (message, level = 'info', fields = {}) => {
    if (LOG_LEVELS.indexOf(level) < first) return;
    write(
      format === 'text'
        ? `${message}\n`
        : `${JSON.stringify({ time: now().toISOString(), level, message, ...fields })}\n`,
    );
  };
}

/** The same log, with fields that stand in every line of a part of the collector. */
export const withFields =
  (log: Log, fields: Fields): Log =>
  (message, level, more) =>
    log(message, level, { ...fields, ...more });
