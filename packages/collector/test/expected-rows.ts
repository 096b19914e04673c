/*
 * What a request must become in otel_traces, computed the plain way from objects: the other half of the differential tests.
 * Requests are in the shape that `encodeTraces` takes.
 */
export interface AnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: bigint;
  doubleValue?: number;
  arrayValue?: { values: AnyValue[] };
  kvlistValue?: { values: KeyValue[] };
  bytesValue?: Uint8Array;
}
export interface KeyValue {
  key: string;
  value?: AnyValue;
}
export interface Span {
  traceId: Uint8Array;
  spanId: Uint8Array;
  parentSpanId?: Uint8Array;
  traceState?: string;
  name?: string;
  kind?: number;
  startTimeUnixNano: bigint;
  endTimeUnixNano: bigint;
  attributes?: KeyValue[];
  droppedAttributesCount?: number;
  events?: { timeUnixNano: bigint; name?: string; attributes?: KeyValue[]; droppedAttributesCount?: number }[];
  droppedEventsCount?: number;
  links?: {
    traceId: Uint8Array;
    spanId: Uint8Array;
    traceState?: string;
    attributes?: KeyValue[];
    droppedAttributesCount?: number;
    flags?: number;
  }[];
  droppedLinksCount?: number;
  status?: { message?: string; code?: number };
  flags?: number;
}
export interface Request {
  resourceSpans: {
    resource?: { attributes?: KeyValue[]; droppedAttributesCount?: number };
    schemaUrl?: string;
    scopeSpans: {
      scope?: { name?: string; version?: string; attributes?: KeyValue[]; droppedAttributesCount?: number };
      schemaUrl?: string;
      spans: Span[];
    }[];
  }[];
}
export type Row = Record<string, unknown>;

const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUSES = ['Unset', 'Ok', 'Error'];
export const hex = (id: Uint8Array | undefined): string => Buffer.from(id ?? []).toString('hex');
/** Lone surrogates cannot be said in UTF-8; every encoder writes U+FFFD for them. */
export const text = (value: string | undefined): string => Buffer.from(value ?? '').toString();

export function expectedRows(request: Request): Row[] {
  return request.resourceSpans.flatMap(({ resource, schemaUrl, scopeSpans }) => {
    const [resourceAttributes, resourceTypes] = map(resource?.attributes);
    const service = resourceAttributes.find(([key]) => key === 'service.name')?.[1];
    return scopeSpans.flatMap(({ scope, schemaUrl: scopeUrl, spans }) => {
      const [scopeAttributes, scopeTypes] = map(scope?.attributes);
      return spans.map((span): Row => {
        const [attributes, types] = map(span.attributes);
        const events = (span.events ?? []).map((event) => ({ ...event, map: map(event.attributes) }));
        const links = (span.links ?? []).map((link) => ({ ...link, map: map(link.attributes) }));
        return {
          Timestamp: span.startTimeUnixNano,
          TraceId: hex(span.traceId).padStart(32, '0'),
          SpanId: hex(span.spanId),
          ParentSpanId: hex(span.parentSpanId),
          TraceState: text(span.traceState),
          SpanName: text(span.name),
          SpanKind: KINDS[span.kind ?? 0] ?? 'Unspecified',
          ServiceName: service === undefined || service === '' ? 'unknown_service' : service,
          ResourceAttributes: resourceAttributes,
          ScopeName: text(scope?.name),
          ScopeVersion: text(scope?.version),
          SpanAttributes: attributes,
          Duration: span.endTimeUnixNano > span.startTimeUnixNano ? span.endTimeUnixNano - span.startTimeUnixNano : 0n,
          StatusCode: STATUSES[span.status?.code ?? 0] ?? 'Unset',
          StatusMessage: text(span.status?.message),
          'Events.Timestamp': events.map((event) => event.timeUnixNano),
          'Events.Name': events.map((event) => text(event.name)),
          'Events.Attributes': events.map((event) => event.map[0]),
          'Links.TraceId': links.map((link) => hex(link.traceId).padStart(32, '0')),
          'Links.SpanId': links.map((link) => hex(link.spanId)),
          'Links.TraceState': links.map((link) => text(link.traceState)),
          'Links.Attributes': links.map((link) => link.map[0]),
          SpanAttributeTypes: types,
          ResourceAttributeTypes: resourceTypes,
          EventAttributeTypes: events.map((event) => event.map[1]),
          LinkAttributeTypes: links.map((link) => link.map[1]),
          ResourceSchemaUrl: text(schemaUrl),
          ScopeSchemaUrl: text(scopeUrl),
          ScopeAttributes: scopeAttributes,
          ScopeAttributeTypes: scopeTypes,
          SpanFlags: span.flags ?? 0,
          LinkFlags: links.map((link) => link.flags ?? 0),
          DroppedAttributes: span.droppedAttributesCount ?? 0,
          DroppedEvents: span.droppedEventsCount ?? 0,
          DroppedLinks: span.droppedLinksCount ?? 0,
          ResourceDroppedAttributes: resource?.droppedAttributesCount ?? 0,
          ScopeDroppedAttributes: scope?.droppedAttributesCount ?? 0,
          EventDroppedAttributes: events.map((event) => event.droppedAttributesCount ?? 0),
          LinkDroppedAttributes: links.map((link) => link.droppedAttributesCount ?? 0),
        };
      });
    });
  });
}

/** A map as its entries in order, and its letters. Of a key that comes twice the first counts. */
export function map(attributes: readonly KeyValue[] = []): [[string, string][], string] {
  const entries = new Map<string, [string, string]>();
  for (const { key, value } of attributes) if (!entries.has(text(key))) entries.set(text(key), flat(value));
  const letters = [...entries.values()].map(([, letter]) => letter).join('');
  return [[...entries].map(([key, [value]]) => [key, value]), /^s*$/.test(letters) ? '' : letters];
}

export function flat(value: AnyValue = {}): [string, string] {
  if (value.stringValue !== undefined) return [text(value.stringValue), 's'];
  if (value.boolValue !== undefined) return [String(value.boolValue), 'b'];
  if (value.intValue !== undefined) return [String(value.intValue), 'i'];
  if (value.doubleValue !== undefined)
    return [Object.is(value.doubleValue, -0) ? '-0' : String(value.doubleValue), 'd'];
  if (value.bytesValue !== undefined) return [Buffer.from(value.bytesValue).toString('base64'), 'y'];
  if (value.arrayValue !== undefined) return [json(value), 'a'];
  if (value.kvlistValue !== undefined) return [json(value), 'm'];
  return ['', 'n'];
}

/** See store/attribute-types.ts. */
function json(value: AnyValue = {}): string {
  if (value.stringValue !== undefined) return JSON.stringify(text(value.stringValue));
  if (value.boolValue !== undefined) return String(value.boolValue);
  if (value.intValue !== undefined) {
    const isSafe = value.intValue < 2n ** 53n && value.intValue >= -(2n ** 53n);
    return isSafe ? String(value.intValue) : `{"$int":"${value.intValue}"}`;
  }
  if (value.doubleValue !== undefined) {
    const number = value.doubleValue;
    if (!Number.isFinite(number)) return `{"$double":"${number}"}`;
    const shortest = Object.is(number, -0) ? '-0' : String(number);
    return /[.e]/.test(shortest) ? shortest : `${shortest}.0`;
  }
  if (value.bytesValue !== undefined) return `{"$bytes":"${Buffer.from(value.bytesValue).toString('base64')}"}`;
  if (value.arrayValue !== undefined) return `[${value.arrayValue.values.map(json).join(',')}]`;
  if (value.kvlistValue !== undefined) {
    const entries = new Map(value.kvlistValue.values.map((entry) => [text(entry.key), json(entry.value)]));
    return `{${[...entries].map(([key, item]) => `${JSON.stringify(key)}:${item}`).join(',')}}`;
  }
  return 'null';
}
