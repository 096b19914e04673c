import type {
  TestAttributes,
  TestEvent,
  TestLink,
  TestSpan,
  TestSpanKind,
  TestStatusCode,
  TestValue,
} from './test-span.js';

interface JsonValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string | number;
  doubleValue?: number | string;
  bytesValue?: string;
  arrayValue?: { values?: JsonValue[] };
  kvlistValue?: { values?: JsonKeyValue[] };
}
interface JsonKeyValue {
  key: string;
  value?: JsonValue;
}
interface JsonAttributed {
  attributes?: JsonKeyValue[];
  droppedAttributesCount?: number;
}
interface JsonSpan extends JsonAttributed {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  flags?: number;
  name?: string;
  kind?: number;
  startTimeUnixNano?: string;
  endTimeUnixNano?: string;
  events?: (JsonAttributed & { timeUnixNano?: string; name?: string })[];
  links?: (JsonAttributed & { traceId: string; spanId: string; traceState?: string })[];
  droppedEventsCount?: number;
  droppedLinksCount?: number;
  status?: { code?: number; message?: string };
}
interface JsonRequest {
  resourceSpans?: {
    resource?: JsonAttributed;
    scopeSpans?: { scope?: JsonAttributed & { name?: string; version?: string }; spans?: JsonSpan[] }[];
  }[];
}

const kinds: readonly TestSpanKind[] = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'];
const codes: readonly TestStatusCode[] = ['unset', 'ok', 'error'];
/** Span flags (trace.proto): whether the parent's remoteness is known, and the answer. */
const remoteParentFlag = 0x200;

function readValue(value: JsonValue | undefined): TestValue {
  if (value?.stringValue !== undefined) return value.stringValue;
  if (value?.boolValue !== undefined) return value.boolValue;
  if (value?.intValue !== undefined) {
    const exact = BigInt(value.intValue);
    return BigInt.asIntN(54, exact) === exact ? Number(exact) : exact;
  }
  // Non-finite numbers are the strings of protobuf's JSON.
  if (value?.doubleValue !== undefined) return Number(value.doubleValue);
  if (value?.bytesValue !== undefined) return value.bytesValue;
  if (value?.arrayValue) return (value.arrayValue.values ?? []).map(readValue);
  if (value?.kvlistValue) return readAttributes(value.kvlistValue.values);
  return null;
}

const readAttributes = (attributes: readonly JsonKeyValue[] = []): TestAttributes =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, readValue(value)]));

/** The spans of an OTLP/JSON trace export, in the order they stand there. */
export function readOtlpJson(text: string): TestSpan[] {
  const spans: TestSpan[] = [];
  for (const { resource, scopeSpans = [] } of (JSON.parse(text) as JsonRequest).resourceSpans ?? []) {
    const resourceAttributes = readAttributes(resource?.attributes);
    for (const { scope, spans: inScope = [] } of scopeSpans) {
      const from = {
        resource: resourceAttributes,
        scope: {
          name: scope?.name ?? '',
          version: scope?.version ?? '',
          attributes: readAttributes(scope?.attributes),
        },
      };
      for (const span of inScope) spans.push({ ...readSpan(span), ...from });
    }
  }
  return spans;
}

function readSpan(span: JsonSpan): Omit<TestSpan, 'resource' | 'scope'> {
  const startUnixNano = BigInt(span.startTimeUnixNano ?? 0);
  const endUnixNano = BigInt(span.endTimeUnixNano ?? 0);
  const flags = span.flags ?? 0;
  return {
    name: span.name ?? '',
    kind: kinds[span.kind ?? 0] ?? 'internal',
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId || undefined,
    hasRemoteParent: (flags & remoteParentFlag) !== 0,
    traceState: span.traceState ?? '',
    traceFlags: flags & 0xff,
    startUnixNano,
    endUnixNano,
    durationMs: Number(endUnixNano - startUnixNano) / 1e6,
    attributes: readAttributes(span.attributes),
    events: (span.events ?? []).map(
      (event): TestEvent => ({
        name: event.name ?? '',
        unixNano: BigInt(event.timeUnixNano ?? 0),
        attributes: readAttributes(event.attributes),
        droppedAttributesCount: event.droppedAttributesCount ?? 0,
      }),
    ),
    links: (span.links ?? []).map(
      (link): TestLink => ({
        traceId: link.traceId,
        spanId: link.spanId,
        traceState: link.traceState ?? '',
        attributes: readAttributes(link.attributes),
        droppedAttributesCount: link.droppedAttributesCount ?? 0,
      }),
    ),
    status: { code: codes[span.status?.code ?? 0] ?? 'unset', message: span.status?.message ?? '' },
    droppedAttributesCount: span.droppedAttributesCount ?? 0,
    droppedEventsCount: span.droppedEventsCount ?? 0,
    droppedLinksCount: span.droppedLinksCount ?? 0,
  };
}
