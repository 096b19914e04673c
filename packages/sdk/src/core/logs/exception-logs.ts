import { rootContext } from '../context/context.js';
import { setSpan } from '../context/span-in-context.js';
import type { Logger } from '../telemetry-handle.js';
import type { SdkSpan, SpanProcessor } from '../trace/span-processor.js';
import { registeredLoggerProvider } from './logs-global.js';
import { errorSeverity } from './severities.js';

export interface ExceptionLogsOptions {
  /** Who records. Default: whoever stands behind the logs API. */
  readonly logger?: Logger | undefined;
}

/** Of a span's attributes those that say where an error was thrown. */
const places = ['error.type', 'code.file.path', 'code.line.number', 'code.column.number', 'code.function.name'];
/** An error that passes through several spans is recorded by each: so many are remembered to be logged once. */
const maxRemembered = 100;

/**
 * A span processor that makes a log event (`exception`, with its type, message and stack trace) of each exception that a span records, in that span: uncaught errors
 * and rejections, and what `traced` saw thrown. An error that leaves several spans of a trace is one event, in the innermost of them. For `spanProcessors`.
 */
export function exceptionLogs({ logger }: ExceptionLogsOptions = {}): SpanProcessor {
  const seen = new Set<string>();

  const isNew = (identity: string): boolean => {
    if (seen.has(identity)) return false;
    for (const oldest of seen) {
      if (seen.size < maxRemembered) break;
      seen.delete(oldest);
    }
    seen.add(identity);
    return true;
  };

  return {
    onStart() {},
    onEnding(span: SdkSpan) {
      for (const { name, time, attributes = {} } of span.events) {
        if (name !== 'exception') continue;
        const recorder = logger ?? registeredLoggerProvider()?.getLogger('@throughline/sdk');
        const what = attributes['exception.stacktrace'] ?? attributes['exception.message'];
        if (!recorder || !isNew(`${span.spanContext().traceId} ${what}`)) continue;
        const where = places.flatMap((key) => (key in span.attributes ? [[key, span.attributes[key]]] : []));
        recorder.emit({
          eventName: 'exception',
          severityNumber: errorSeverity,
          timestamp: time,
          body: attributes['exception.message'],
          attributes: { ...Object.fromEntries(where), ...attributes },
          context: setSpan(rootContext, span),
        });
      }
    },
    onEnd() {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}
