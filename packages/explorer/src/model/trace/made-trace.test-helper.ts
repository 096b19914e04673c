import type { Attributes, SpanDetail, SpanKindName, TraceAnswer } from '#shapes/api.js';

/* Small traces for tests, written as a person would draw them. */

export interface Drawn {
  readonly id: string;
  readonly parent?: string;
  readonly name?: string;
  /** Milliseconds. */
  readonly at: number;
  readonly took: number;
  readonly process?: number;
  readonly kind?: SpanKindName;
  readonly error?: boolean;
  readonly attributes?: Attributes;
}

/** An epoch that does not fit a double to the nanosecond. */
const BASE = 1_795_149_763_233_123_457n;

export function drawTrace(spans: readonly Drawn[], services: readonly string[] = ['page', 'api', 'db']): TraceAnswer {
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    resources: services.map((service) => ({ service, attributes: { 'service.name': service } })),
    scopes: [{ name: 'test', version: '1' }],
    stats: { elapsedMs: 0, rowsRead: 0, bytesRead: 0 },
    spans: spans.map(
      (span): SpanDetail => ({
        spanId: span.id,
        parentSpanId: span.parent ?? '',
        name: span.name ?? span.id,
        kind: span.kind ?? 'internal',
        status: span.error === true ? 'error' : 'unset',
        statusMessage: '',
        startUnixNano: (BASE + BigInt(Math.round(span.at * 1e6))).toString(),
        durationNano: Math.round(span.took * 1e6),
        traceState: '',
        resource: span.process ?? 0,
        scope: 0,
        attributes: span.attributes ?? {},
        events: [],
        links: [],
      }),
    ),
  };
}
