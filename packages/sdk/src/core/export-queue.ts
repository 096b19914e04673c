import type { Report } from './limit-diagnostics.js';
import type { BatchLimits } from './options.js';
import type { Timers } from './ports.js';
import type { ReadableResource } from './trace/readable-span.js';
import type { ExportResult } from './trace/span-exporter.js';

/** What a queue of objects needs of the telemetry it works for. */
export interface ExportQueueHost {
  readonly timers: Timers;
  readonly limits: ExportQueueLimits;
  /** Runs the exporter so that its own I/O is not traced. */
  readonly quietly: <R>(run: () => R) => R;
  readonly report: Report;
}

export type ExportQueueLimits = Pick<BatchLimits, 'maxItems' | 'maxAgeMs' | 'maxQueueItems' | 'sendTimeoutMs'>;

interface Exporter<T> {
  export(items: T[], resultCallback: (result: ExportResult) => void): void;
  forceFlush?(): Promise<void>;
  shutdown(): Promise<void>;
}

export interface ExportQueue<T> {
  add(item: T): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * Objects on their way to an OpenTelemetry exporter, in batches. One `export` at a time; one that does not call back in `sendTimeoutMs` is no longer
 * waited for. It is beside the outbox: its failures are reported, not retried, because an exporter of this kind retries by itself.
 */
export function createExportQueue<T extends { readonly resource: ReadableResource }>(
  what: 'span' | 'log record',
  exporter: Exporter<T>,
  { timers, limits, quietly, report }: ExportQueueHost,
): ExportQueue<T> {
  const waiting: T[] = [];
  let cancelAge: (() => void) | undefined;
  let running: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  function exportOnce(items: T[]): Promise<ExportResult> {
    return new Promise((resolve) => {
      const cancel = timers.after(limits.sendTimeoutMs, () =>
        resolve({ code: 1, error: new Error(`no result in ${limits.sendTimeoutMs} ms`) }),
      );
      const done = (result: ExportResult) => {
        cancel();
        resolve(result ?? { code: 1 });
      };
      try {
        quietly(() => exporter.export(items, done));
      } catch (error) {
        done({ code: 1, error: error as Error });
      }
    });
  }

  /** Exports until nothing waits. Over in the same turn in which it saw that, so that nothing can come between. */
  async function drain(): Promise<void> {
    cancelAge?.();
    cancelAge = undefined;
    while (waiting.length) {
      const items = waiting.splice(0, limits.maxItems);
      const { resource } = items[0]!;
      if (resource.asyncAttributesPending) await resource.waitForAsyncAttributes?.();
      const { code, error } = await exportOnce(items);
      if (code)
        report(
          'warn',
          'exporter-failed',
          `A ${what} exporter failed for ${items.length} ${what}s: ${error?.message ?? 'no reason given'}`,
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
      report('warn', 'exporter-failed', `A ${what} exporter failed to flush: ${error}`);
    }
  }

  return {
    add(item) {
      if (stopped) return;
      if (waiting.length >= limits.maxQueueItems) {
        report('error', 'exporter-queue-full', `A ${what} exporter is too slow: ${what}s are not handed to it.`);
        return;
      }
      waiting.push(item);
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
