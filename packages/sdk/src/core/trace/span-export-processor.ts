import type { Context } from '@opentelemetry/api';
import { suppressTracing } from '../context/suppress-tracing.js';
import type { ContextStore, Timers } from '../ports.js';
import type { ReadableSpan } from './readable-span.js';
import type { ExportResult, SpanExporter } from './span-exporter.js';
import type { SpanProcessor } from './span-processor.js';
import { sampledFlag } from './trace-flags.js';

export interface SpanExportOptions {
  readonly exporter: SpanExporter;
  readonly timers: Timers;
  readonly contextStore: ContextStore;
  /** Spans handed over at once, at most. Default 512. */
  readonly maxItems?: number | undefined;
  /** A batch is handed over when its first span has waited this long. Default 5,000; 0: in the next turn. */
  readonly maxAgeMs?: number | undefined;
  /** Spans waiting, at most; later ones are dropped. Default 2,048. */
  readonly maxQueueItems?: number | undefined;
  /** An exporter that has not called back after this long has failed. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Told about failed exports and dropped spans. Must not throw. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Hands sampled spans to a user's exporter, in batches, one `export` at a time (specification "Batching processor"). This is the
 * object path: it keeps every span until it was exported, so it exists only where an exporter is installed.
 */
export function createSpanExportProcessor(options: SpanExportOptions): SpanProcessor {
  const { exporter, timers, contextStore, onError = () => {} } = options;
  const { maxItems = 512, maxAgeMs = 5_000, maxQueueItems = 2_048, timeoutMs = 30_000 } = options;
  let waiting: ReadableSpan[] = [];
  let dropped = 0;
  let stopped = false;
  let cancelTimer: (() => void) | undefined;
  let exporting: Promise<void> | undefined;

  const exportOnce = (spans: ReadableSpan[]): Promise<void> =>
    new Promise((resolve) => {
      const cancel = timers.after(timeoutMs, () => {
        onError(new Error(`the span exporter did not answer within ${timeoutMs} ms`));
        resolve();
      });
      const settle = (result: ExportResult): void => {
        cancel();
        if (result.code !== 0) onError(result.error ?? new Error('the span exporter failed'));
        resolve();
      };
      // The exporter's own requests are not traced.
      const quiet: Context = suppressTracing(contextStore.active());
      contextStore.with(quiet, () => {
        try {
          exporter.export(spans, settle);
        } catch (error) {
          settle({ code: 1, error: error as Error });
        }
      });
    });

  const drain = async (): Promise<void> => {
    while (waiting.length) {
      const spans = waiting.splice(0, maxItems);
      await spans[0]!.resource.waitForAsyncAttributes?.();
      await exportOnce(spans);
    }
    if (dropped) onError(new Error(`${dropped} spans were dropped because the span exporter is too slow`));
    dropped = 0;
  };

  /** Exports everything that waits now, after what is under way. */
  const flush = (): Promise<void> => {
    cancelTimer?.();
    cancelTimer = undefined;
    exporting ??= drain().finally(() => {
      exporting = undefined;
    });
    return exporting;
  };

  return {
    onStart() {},
    onEnd(span) {
      if (stopped || !(span.spanContext().traceFlags & sampledFlag)) return;
      if (waiting.length >= maxQueueItems) {
        dropped++;
        return;
      }
      waiting.push(span);
      if (waiting.length >= maxItems) flush();
      else cancelTimer ??= timers.after(maxAgeMs, flush);
    },
    async forceFlush() {
      await flush();
      await exporter.forceFlush?.();
    },
    async shutdown() {
      if (stopped) return;
      stopped = true;
      await flush();
      waiting = [];
      await exporter.shutdown();
    },
  };
}
