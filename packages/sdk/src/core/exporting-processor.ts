import type { Report } from './limit-diagnostics.js';
import type { BatchLimits } from './options.js';
import type { Timers } from './ports.js';
import type { ReadableSpan } from './trace/readable-span.js';
import type { ExportResult, SpanExporter } from './trace/span-exporter.js';
import type { SpanProcessor } from './trace/span-processor.js';

export interface ExportingProcessorOptions {
  readonly timers: Timers;
  readonly limits: Pick<BatchLimits, 'maxItems' | 'maxAgeMs' | 'maxQueueItems' | 'sendTimeoutMs'>;
  /** Runs the exporter so that its own I/O is not traced. */
  readonly quietly: <R>(run: () => R) => R;
  readonly report: Report;
}

/** W3C's `sampled` flag. */
const sampledFlag = 1;

/**
 * The object path: sampled spans, as objects, to an OpenTelemetry exporter (specification "Batching processor" and "Span Exporter").
 * One `export` at a time; one that does not call back in `sendTimeoutMs` is no longer waited for. It is beside the outbox: its failures are
 * reported, not retried, because an exporter of this kind retries by itself.
 */
export function createExportingProcessor(exporter: SpanExporter, options: ExportingProcessorOptions): SpanProcessor {
  const { timers, limits, quietly, report } = options;
  const waiting: ReadableSpan[] = [];
  let cancelAge: (() => void) | undefined;
  let running: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  function exportOnce(spans: ReadableSpan[]): Promise<ExportResult> {
    return new Promise((resolve) => {
      const cancel = timers.after(limits.sendTimeoutMs, () =>
        resolve({ code: 1, error: new Error(`no result in ${limits.sendTimeoutMs} ms`) }),
      );
      const done = (result: ExportResult) => {
        cancel();
        resolve(result ?? { code: 1 });
      };
      try {
        quietly(() => exporter.export(spans, done));
      } catch (error) {
        done({ code: 1, error: error as Error });
      }
    });
  }

  /** Exports until nothing waits. Over in the same turn in which it saw that, so that no span can come between. */
  async function drain(): Promise<void> {
    cancelAge?.();
    cancelAge = undefined;
    while (waiting.length) {
      const spans = waiting.splice(0, limits.maxItems);
      const { resource } = spans[0]!;
      if (resource.asyncAttributesPending) await resource.waitForAsyncAttributes?.();
      const { code, error } = await exportOnce(spans);
      if (code)
        report(
          'warn',
          'exporter-failed',
          `A span exporter failed for ${spans.length} spans: ${error?.message ?? 'no reason given'}`,
        );
    }
    running = undefined;
  }

  async function start(): Promise<void> {
    if (waiting.length) running ??= drain();
    await running;
  }

  async function flush(): Promise<void> {
    await start();
    try {
      await exporter.forceFlush?.();
    } catch (error) {
      report('warn', 'exporter-failed', `A span exporter failed to flush: ${error}`);
    }
  }

  return {
    onStart() {},
    onEnd(span) {
      if (stopped || !(span.spanContext().traceFlags & sampledFlag)) return;
      if (waiting.length >= limits.maxQueueItems) {
        report('error', 'exporter-queue-full', 'A span exporter is too slow: spans are not handed to it.');
        return;
      }
      waiting.push(span);
      if (waiting.length >= limits.maxItems) void start();
      else if (!running) cancelAge ??= timers.after(limits.maxAgeMs, () => void start());
    },
    forceFlush: flush,
    shutdown() {
      stopped ??= flush().then(() => exporter.shutdown());
      return stopped;
    },
  };
}
