import { type DecodedSpan, decodeTraces } from '../../../testkit/src/otlp-proto.js';
import { type WireAttributes, type WireScope, wireAttributes, wireScope } from './wire-scope.js';

/** A span as a receiver reads it, with what stands around it. Absent fields have protobuf's defaults; times are Unix nanoseconds. */
export interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: WireAttributes;
  readonly droppedAttributes: number;
  readonly events: readonly {
    readonly name: string;
    readonly time: bigint;
    readonly attributes: WireAttributes;
    readonly droppedAttributes: number;
  }[];
  readonly droppedEvents: number;
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly traceState: string;
    readonly attributes: WireAttributes;
    readonly droppedAttributes: number;
  }[];
  readonly droppedLinks: number;
  readonly status: { readonly code: number; readonly message: string };
  readonly scope: WireScope;
  readonly resource: { readonly attributes: WireAttributes; readonly schemaUrl: string };
}

const hex = (bytes: Buffer | undefined): string => bytes?.toString('hex') ?? '';

/** Every span of these protobuf export requests, in their order. */
export function decodeRequests(requests: readonly Uint8Array[]): WireSpan[] {
  return requests.flatMap((bytes) =>
    decodeTraces(bytes).resourceSpans.flatMap(({ resource, scopeSpans, schemaUrl = '' }) => {
      const of = { attributes: wireAttributes(resource?.attributes), schemaUrl };
      return scopeSpans.flatMap(({ scope, spans, schemaUrl: scopeSchemaUrl = '' }) => {
        const from = wireScope(scope, scopeSchemaUrl);
        return spans.map((span) => ({ ...wireSpan(span), scope: from, resource: of }));
      });
    }),
  );
}

function wireSpan(span: DecodedSpan): Omit<WireSpan, 'scope' | 'resource'> {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    traceState: span.traceState ?? '',
    flags: span.flags ?? 0,
    name: span.name ?? '',
    kind: span.kind ?? 0,
    start: BigInt(span.startTimeUnixNano ?? 0),
    end: BigInt(span.endTimeUnixNano ?? 0),
    attributes: wireAttributes(span.attributes),
    droppedAttributes: span.droppedAttributesCount ?? 0,
    events: span.events.map((event) => ({
      name: event.name ?? '',
      time: BigInt(event.timeUnixNano ?? 0),
      attributes: wireAttributes(event.attributes),
      droppedAttributes: event.droppedAttributesCount ?? 0,
    })),
    droppedEvents: span.droppedEventsCount ?? 0,
    links: span.links.map((link) => ({
      traceId: hex(link.traceId),
      spanId: hex(link.spanId),
      traceState: link.traceState ?? '',
      attributes: wireAttributes(link.attributes),
      droppedAttributes: link.droppedAttributesCount ?? 0,
    })),
    droppedLinks: span.droppedLinksCount ?? 0,
    status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
  };
}
