import type { InstrumentHost } from '../../core/instrument.js';
import { formatMessage } from './format-message.js';

/** `SeverityNumber` of what each method says. */
const severities = { trace: 1, debug: 5, log: 9, info: 9, warn: 13, error: 17 } as const;

type ConsoleMethod = keyof typeof severities;
type ConsoleCall = (...parts: unknown[]) => void;

export interface ConsoleOptions {
  /** Which methods are recorded. Default: all of them. */
  readonly methods?: readonly ConsoleMethod[] | undefined;
  /** Default: the program's own. */
  readonly console?: Partial<Record<ConsoleMethod, ConsoleCall>> | undefined;
}

const everyMethod = Object.keys(severities) as ConsoleMethod[];

/**
 * What a program says by `console` becomes log records as well, in the span in which it is said; it is printed as before. The body is what is printed, an error
 * among the parts the record's exception. What telemetry itself says is not recorded.
 */
export function observeConsole(
  { loggerProvider }: InstrumentHost,
  { methods = everyMethod, console: target = console }: ConsoleOptions = {},
): () => void {
  const logger = loggerProvider?.getLogger('console');
  if (!logger) return () => {};
  let saying = false;

  const record = (method: ConsoleMethod, parts: readonly unknown[]): void => {
    // What is said while a record is made is said about telemetry.
    if (saying) return;
    saying = true;
    try {
      const severityNumber = severities[method];
      if (isOwn(parts[0]) || !logger.enabled({ severityNumber })) return;
      const exception = parts.find((part) => part instanceof Error);
      logger.emit({ severityNumber, severityText: method, body: formatMessage(parts), exception });
    } catch {
      // A part that throws when it is looked at.
    } finally {
      saying = false;
    }
  };

  const stops = methods.map((method) => {
    const original = target[method];
    if (!original) return () => {};
    const observed: ConsoleCall = function (this: unknown, ...parts) {
      record(method, parts);
      const before = saying;
      // Printing may say it again by another method: `trace` of Node's prints by `error`.
      saying = true;
      try {
        return original.apply(this, parts);
      } finally {
        saying = before;
      }
    };
    target[method] = observed;
    return () => {
      // Somebody may have wrapped it again: then that one stays, and ours records nothing more.
      if (target[method] === observed) target[method] = original;
    };
  });
  return () => {
    saying = true;
    for (const stop of stops) stop();
  };
}

/** How diagnostics begin that nobody else takes. */
const isOwn = (part: unknown): boolean => typeof part === 'string' && part.startsWith('[throughline]');
