import type { Attributes, HrTime, Link, SpanContext, SpanKind, SpanStatus } from '@opentelemetry/api';

/** What processors and exporters may read of a span; the same members as OpenTelemetry's `ReadableSpan` of JS SDK 2.x. */
export interface ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  spanContext(): SpanContext;
  readonly parentSpanContext?: SpanContext | undefined;
  readonly startTime: HrTime;
  /** `[0, 0]` until the span ends. */
  readonly endTime: HrTime;
  /** Never negative; `[-1, -1]` until the span ends, as in OpenTelemetry's SDK. */
  readonly duration: HrTime;
  readonly status: SpanStatus;
  /** Live until the span has ended: a processor may add, change and delete in `onStart` and `onEnding`. */
  readonly attributes: Attributes;
  /** Live as `attributes` is. */
  readonly links: Link[];
  /** Live as `attributes` is. */
  readonly events: TimedEvent[];
  readonly ended: boolean;
  readonly resource: ReadableResource;
  readonly instrumentationScope: InstrumentationScope;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

export interface TimedEvent {
  time: HrTime;
  name: string;
  attributes?: Attributes;
  droppedAttributesCount?: number;
}

/** Who made a span: a library's name and version, as it asked for its tracer. */
export interface InstrumentationScope {
  readonly name: string;
  readonly version?: string | undefined;
  readonly schemaUrl?: string | undefined;
  readonly attributes?: Attributes | undefined;
}

/** Who the program is. Detectors may answer late: exporters wait for `waitForAsyncAttributes` where `asyncAttributesPending`. */
export interface ReadableResource {
  readonly attributes: Attributes;
  readonly schemaUrl?: string | undefined;
  readonly asyncAttributesPending?: boolean | undefined;
  waitForAsyncAttributes?(): Promise<void>;
}
