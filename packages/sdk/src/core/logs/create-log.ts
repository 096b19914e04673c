import type { Logger, LogRecord } from '../telemetry-handle.js';

/** A text, any value, or a function that makes one, which is asked only where the record is wanted. */
type Body = unknown;
type Attributes = LogRecord['attributes'];

/** Says something of one severity. `exception` is what was thrown. */
export type Say = (body: Body | (() => Body), attributes?: Attributes, exception?: unknown) => void;

/** Log records in a word (specification "Ergonomic API"). */
export interface Log {
  readonly trace: Say;
  readonly debug: Say;
  readonly info: Say;
  readonly warn: Say;
  readonly error: Say;
  readonly fatal: Say;
  /** An event: a record whose name says of what kind it is, and which attributes it has. INFO unless `more` says otherwise. */
  event(name: string, attributes?: Attributes, more?: Omit<LogRecord, 'eventName' | 'attributes'>): void;
}

/** `createLog(telemetry.logger).info('paid', { 'order.lines': 3 })`: records of any logger in a word. */
export function createLog(logger: Logger): Log {
  const say =
    (severityNumber: number, severityText: string): Say =>
    (body, attributes, exception) => {
      if (!logger.enabled({ severityNumber })) return;
      let made = body;
      let thrown = exception;
      if (typeof body === 'function') {
        try {
          made = body();
        } catch (error) {
          // What was to be said must not stop the program that says it.
          made = undefined;
          thrown ??= error;
        }
      }
      logger.emit({ severityNumber, severityText, body: made, attributes, exception: thrown });
    };
  return {
    trace: say(1, 'TRACE'),
    debug: say(5, 'DEBUG'),
    info: say(9, 'INFO'),
    warn: say(13, 'WARN'),
    error: say(17, 'ERROR'),
    fatal: say(21, 'FATAL'),
    event(eventName, attributes, more) {
      const record = { severityNumber: 9, ...more, eventName, attributes };
      if (logger.enabled(record)) logger.emit(record);
    },
  };
}
