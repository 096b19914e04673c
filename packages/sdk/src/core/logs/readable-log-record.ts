import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { InstrumentationScope, ReadableResource } from '../trace/readable-span.js';

/** What processors and exporters may read of a log record; the same members as OpenTelemetry's `ReadableLogRecord`. */
export interface ReadableLogRecord {
  readonly hrTime: HrTime;
  readonly hrTimeObserved: HrTime;
  /** The span it belongs to. */
  readonly spanContext?: SpanContext | undefined;
  readonly severityNumber?: number | undefined;
  readonly severityText?: string | undefined;
  readonly body?: unknown;
  readonly eventName?: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly droppedAttributesCount: number;
  readonly resource: ReadableResource;
  /** Its attributes may be of any kind, as in OpenTelemetry, whose exporters could not be handed over otherwise. */
  readonly instrumentationScope: Omit<InstrumentationScope, 'attributes'> & {
    readonly attributes?: Readonly<Record<string, unknown>> | undefined;
  };
}

/**
 * A log record as processors get it: what is changed in `onEmit` is what later processors and the encoder see. When all have seen it, it can only be read.
 */
export interface SdkLogRecord extends ReadableLogRecord {
  hrTime: HrTime;
  hrTimeObserved: HrTime;
  spanContext?: SpanContext | undefined;
  severityNumber?: number | undefined;
  severityText?: string | undefined;
  body?: unknown;
  eventName?: string | undefined;
  /** Live: a processor may add, change and delete. */
  readonly attributes: Record<string, unknown>;
  setAttribute(key: string, value: unknown): this;
  setAttributes(attributes: Readonly<Record<string, unknown>>): this;
  setBody(body: unknown): this;
  setEventName(eventName: string): this;
  setSeverityNumber(severityNumber: number): this;
  setSeverityText(severityText: string): this;
}
