import type { JsonKeyValue, JsonResource } from './otlp-text.js';

/* Export requests of spans as OTLP/JSON has them, as far as ways out for people and for other systems read them. */

export interface JsonTraces {
  readonly resourceSpans?: readonly {
    readonly resource?: JsonResource;
    readonly scopeSpans?: readonly { readonly scope?: JsonScope; readonly spans?: readonly JsonSpan[] }[];
  }[];
}

export interface JsonScope {
  readonly name?: string;
  readonly version?: string;
  readonly attributes?: readonly JsonKeyValue[];
}

export interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes?: readonly JsonKeyValue[];
  readonly events?: readonly {
    readonly name?: string;
    readonly timeUnixNano?: string;
    readonly attributes?: readonly JsonKeyValue[];
  }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly droppedAttributesCount?: number;
  readonly droppedEventsCount?: number;
  readonly droppedLinksCount?: number;
  readonly status?: { readonly code?: number; readonly message?: string };
}
