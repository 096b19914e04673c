import type { Attributes } from '@opentelemetry/api';
import type { InstrumentHost } from '../../core/instrument.js';

const MAX_PER_MINUTE = 50;
const ERROR_STATUS = 2;

/**
 * What nobody caught: uncaught errors (with file, line and column) and unhandled rejections, each as a span without duration and with
 * the exception's event, in the context of what the person was doing. At most 50 a minute, so that an error in an
 * animation loop does not fill the queue.
 *
 * A script from another origin without CORS says `Script error.` and nothing else; `crossorigin` on its tag and an
 * `Access-Control-Allow-Origin` on its answer make it say more.
 */
export function observeErrors(host: InstrumentHost): () => void {
  let minute = 0;
  let recorded = 0;

  function record(name: string, reason: unknown, attributes?: Attributes): void {
    const now = Math.floor(performance.now() / 60_000);
    if (now !== minute) {
      minute = now;
      recorded = 0;
    }
    if (++recorded > MAX_PER_MINUTE) return;
    let message = 'a rejection without a readable reason';
    try {
      message = String((reason as Error | undefined)?.message ?? reason);
    } catch {
      // Object.create(null), a throwing toString: the message stays.
    }
    try {
      const error = reason instanceof Error ? reason : { name: typeof reason, message };
      const span = host.tracer.startSpan(name, { attributes: { ...attributes, 'error.type': error.name } });
      span.recordException(error);
      span.setStatus({ code: ERROR_STATUS, message });
      span.end();
    } catch {
      // A reason that throws when it is looked at (a hostile proxy) is not worth a second error.
    }
  }

  const onError = (event: ErrorEvent): void =>
    record('uncaught error', event.error ?? event.message, {
      'code.file.path': event.filename,
      'code.line.number': event.lineno,
      'code.column.number': event.colno,
    });
  const onRejection = ({ reason }: PromiseRejectionEvent): void => record('unhandled rejection', reason);

  addEventListener('error', onError);
  addEventListener('unhandledrejection', onRejection);
  return () => {
    removeEventListener('error', onError);
    removeEventListener('unhandledrejection', onRejection);
  };
}
