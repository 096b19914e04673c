import type { IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import {
  type DecodedKeyValue,
  type DecodedTraces,
  decodeTraces as decodeProtobuf,
  plainAttributes,
} from '../../../../testkit/src/otlp-proto.js';

/** A span as a collector sees it. Times are Unix nanoseconds. */
export interface SeenSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly startNano: bigint;
  readonly endNano: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code: number; readonly message: string };
  readonly resource: Readonly<Record<string, unknown>>;
}

/** Integers as numbers: these tests have none that a number cannot hold. */
const record = (pairs: readonly DecodedKeyValue[] = []): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(plainAttributes(pairs)).map(([key, value]) => [
      key,
      typeof value === 'bigint' ? Number(value) : value,
    ]),
  );

/** The spans of one OTLP/HTTP request, protobuf or JSON by its content type (`text/plain` holds protobuf). */
export function decodeTraces(body: Buffer, headers: IncomingHttpHeaders): SeenSpan[] {
  const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const json = headers['content-type']?.startsWith('application/json') === true;
  // Ids are hex in JSON and bytes in protobuf; a buffer says itself in hex.
  const request = (json ? JSON.parse(bytes.toString()) : decodeProtobuf(bytes)) as DecodedTraces;
  const id = (value: Buffer | undefined): string => value?.toString('hex') ?? '';
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        name: span.name ?? '',
        kind: span.kind ?? 0,
        traceId: id(span.traceId),
        spanId: id(span.spanId),
        parentSpanId: id(span.parentSpanId),
        startNano: BigInt(span.startTimeUnixNano ?? 0),
        endNano: BigInt(span.endTimeUnixNano ?? 0),
        attributes: record(span.attributes),
        events: (span.events ?? []).map((event) => ({ name: event.name ?? '', attributes: record(event.attributes) })),
        status: { code: span.status?.code ?? 0, message: span.status?.message ?? '' },
        resource: record(resource?.attributes),
      })),
    ),
  );
}
