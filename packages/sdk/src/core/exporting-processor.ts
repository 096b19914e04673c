import { createExportQueue, type ExportQueueHost } from './export-queue.js';
import type { ReadableSpan } from './trace/readable-span.js';
import type { SpanExporter } from './trace/span-exporter.js';
import type { SpanProcessor } from './trace/span-processor.js';

/** W3C's `sampled` flag. */
const sampledFlag = 1;

/** The object path: sampled spans, as objects, to an OpenTelemetry exporter (specification "Batching processor" and "Span Exporter"). */
export function createExportingProcessor(exporter: SpanExporter, host: ExportQueueHost): SpanProcessor {
  const { add, forceFlush, shutdown } = createExportQueue<ReadableSpan>('span', exporter, host);
  return {
    onStart() {},
    onEnd(span) {
      if (span.spanContext().traceFlags & sampledFlag) add(span);
    },
    forceFlush,
    shutdown,
  };
}
