import {
  type DecodedKeyValue,
  type DecodedSpan,
  decodeTraces,
  plainAttributes,
} from '../../../testkit/src/otlp-proto.js';

/** Integers are bigints, so that they differ from doubles. */
type WireAttributes = Readonly<Record<string, unknown>>;

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
  readonly scope: {
    readonly name: string;
    readonly version: string;
    readonly attributes: WireAttributes;
    readonly schemaUrl: string;
  };
  readonly resource: { readonly attributes: WireAttributes; readonly schemaUrl: string };
}

const hex = (bytes: Buffer | undefined): string => bytes?.toString('hex') ?? '';

function attributesOf(pairs: readonly DecodedKeyValue[] = []): WireAttributes {
  const keys = pairs.map(({ key }) => key);
  if (new Set(keys).size !== keys.length) throw new Error(`attribute keys are not unique: ${keys}`);
  return plainAttributes(pairs);
}

/** Every span of these protobuf export requests, in their order. */
export function decodeRequests(requests: readonly Uint8Array[]): WireSpan[] {
  return requests.flatMap((bytes) =>
    decodeTraces(bytes).resourceSpans.flatMap(({ resource, scopeSpans, schemaUrl = '' }) => {
      const of = { attributes: attributesOf(resource?.attributes), schemaUrl };
      return scopeSpans.flatMap(({ scope, spans, schemaUrl: scopeSchemaUrl = '' }) => {
        const from = {
          name: scope?.name ?? '',
          version: scope?.version ?? '',
          attributes: attributesOf(scope?.attributes),
          schemaUrl: scopeSchemaUrl,
        };
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
    attributes: attributesOf(span.attributes),
    droppedAttributes: span.droppedAttributesCount ?? 0,
    events: span.events.map((event) => ({
      name: event.name ?? '',
      time: BigInt(event.timeUnixNano ?? 0),
      attributes: attributesOf(event.attributes),
      droppedAttributes: event.droppedAttributesCount ?? 0,
    })),
    droppedEvents: span.droppedEventsCount ?? 0,
    links: span.links.map((link) => ({
      traceId: hex(link.traceId),
      spanId: hex(link.spanId),
      traceState: link.traceState ?? '',
      attributes: attributesOf(link.attributes),
      droppedAttributes: link.droppedAttributesCount ?? 0,
    })),
    droppedLinks: span.droppedLinksCount ?? 0,
    status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
  };
}
