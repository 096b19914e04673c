import type { Span } from '@opentelemetry/api';
import { getSpan } from '../../core/context/span-in-context.js';
import type { InstrumentHost } from '../../core/instrument.js';

const ERROR_STATUS = 2;

/**
 * An exception that nobody caught, or a rejection that became one, as a span without duration and with the exception's event (semantic
 * conventions, "Exceptions on spans"), below the span that was active. Where it ends the process, that one has failed and ends as well: nobody
 * else will end it. What the process does, says and answers stays as it is without this.
 */
export function observeUncaughtExceptions(host: InstrumentHost): () => void {
  const onUncaught = (reason: unknown, origin: NodeJS.UncaughtExceptionOrigin): void => {
    try {
      const error = describe(reason);
      const record = (span: Span): void => {
        span.recordException(error);
        span.setStatus({ code: ERROR_STATUS, message: error.message });
        span.end();
      };
      const name = origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception';
      record(host.tracer.startSpan(name, { attributes: { 'error.type': error.name } }));
      const active = getSpan(host.contextStore.active());
      if (active?.isRecording() && endsProcess()) record(active);
    } catch {
      // What was thrown may throw when it is looked at (a hostile proxy).
    }
  };
  // Before those who write what has ended.
  process.prependListener('uncaughtExceptionMonitor', onUncaught);
  return () => void process.removeListener('uncaughtExceptionMonitor', onUncaught);
}

function describe(reason: unknown): Error {
  if (reason instanceof Error) return reason;
  let message = 'something that cannot be read';
  try {
    message = String((reason as Error | undefined)?.message ?? reason);
  } catch {
    // Object.create(null), a throwing toString.
  }
  return { name: typeof reason, message };
}

const endsProcess = (): boolean =>
  process.listenerCount('uncaughtException') === 0 && !process.hasUncaughtExceptionCaptureCallback();
