import { type DecodedKeyValue, type DecodedTraces, decodeTraces, plainAttributes } from './otlp-proto.js';
import type { ArrivedSpan } from './receivers.js';

/** Integers as numbers, so that they can leave as JSON: tests have none that a number cannot hold. */
const record = (pairs: readonly DecodedKeyValue[] = []): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(plainAttributes(pairs)).map(([key, value]) => [
      key,
      typeof value === 'bigint' ? Number(value) : value,
    ]),
  );

/** The spans of an export request, protobuf or JSON, as plain data. */
export function decodeSpans(body: Uint8Array, json = false): ArrivedSpan[] {
  // Ids are hex in JSON and bytes in protobuf; a buffer says itself in hex.
  const request = (json ? JSON.parse(Buffer.from(body).toString()) : decodeTraces(body)) as DecodedTraces;
  const id = (value: Buffer | undefined): string => value?.toString('hex') ?? '';
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        name: span.name ?? '',
        kind: span.kind ?? 0,
        traceId: id(span.traceId),
        spanId: id(span.spanId),
        parentSpanId: id(span.parentSpanId),
        startNano: String(span.startTimeUnixNano ?? 0),
        endNano: String(span.endTimeUnixNano ?? 0),
        attributes: record(span.attributes),
        events: (span.events ?? []).map((event) => ({ name: event.name ?? '', attributes: record(event.attributes) })),
        status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
        resource: record(resource?.attributes),
      })),
    ),
  );
}
