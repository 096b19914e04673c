import type { ReadableSpan } from './readable-span.js';

/** 0: success, 1: failure; the numbers of `ExportResultCode` in `@opentelemetry/core`. */
export interface ExportResult {
  code: 0 | 1;
  error?: Error | undefined;
}

/**
 * The object path out, as in OpenTelemetry, so that exporters written for it work: it is handed sampled spans after they
 * ended, in batches, never while an earlier `export` has not called back.
 */
export interface SpanExporter {
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void;
  shutdown(): Promise<void>;
  forceFlush?(): Promise<void>;
}
