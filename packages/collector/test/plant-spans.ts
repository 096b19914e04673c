import type { Store } from '../src/store/store.js';

/** A span as a test plants it straight into the table; what is left out is plain. */
export interface PlantedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parent?: string;
  readonly service?: string;
  readonly name?: string;
  /** As stored: `Server`, `Client` … */
  readonly kind?: string;
  readonly status?: string;
  readonly statusMessage?: string;
  readonly atNano: bigint;
  readonly durationNano?: bigint;
  readonly attributes?: Readonly<Record<string, string>>;
  /** One letter per attribute (store/attribute-types.ts). */
  readonly types?: string;
  readonly resource?: Readonly<Record<string, string>>;
  readonly scope?: string;
  readonly events?: readonly {
    readonly atNano: bigint;
    readonly name: string;
    readonly attributes?: Readonly<Record<string, string>>;
  }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** `token`: the same again changes nothing, as when a collector repeats an insert. */
export async function plantSpans(
  store: Pick<Store, 'command'>,
  spans: readonly PlantedSpan[],
  token?: string,
): Promise<void> {
  const rows = spans.map((span) => JSON.stringify(rowOf(span)));
  const once =
    token === undefined
      ? ''
      : `, insert_deduplicate = 1, insert_deduplication_token = '${token}', deduplicate_blocks_in_dependent_materialized_views = 1`;
  await store.command(`INSERT INTO otel_traces SETTINGS async_insert = 0${once} FORMAT JSONEachRow ${rows.join('\n')}`);
}

function rowOf(span: PlantedSpan): Record<string, unknown> {
  const service = span.service ?? 'shop';
  const events = span.events ?? [];
  const links = span.links ?? [];
  return {
    Timestamp: seconds(span.atNano),
    TraceId: span.traceId,
    SpanId: span.spanId,
    ParentSpanId: span.parent ?? '',
    SpanName: span.name ?? 'work',
    SpanKind: span.kind ?? 'Internal',
    ServiceName: service,
    ResourceAttributes: { 'service.name': service, ...span.resource },
    ScopeName: span.scope ?? '',
    SpanAttributes: span.attributes ?? {},
    SpanAttributeTypes: span.types ?? '',
    Duration: String(span.durationNano ?? 1_000_000n),
    StatusCode: span.status ?? 'Unset',
    StatusMessage: span.statusMessage ?? '',
    'Events.Timestamp': events.map((event) => seconds(event.atNano)),
    'Events.Name': events.map((event) => event.name),
    'Events.Attributes': events.map((event) => event.attributes ?? {}),
    'Links.TraceId': links.map((link) => link.traceId),
    'Links.SpanId': links.map((link) => link.spanId),
    'Links.TraceState': links.map(() => ''),
    'Links.Attributes': links.map(() => ({})),
  };
}

function seconds(nano: bigint): string {
  return `${nano / 1_000_000_000n}.${String(nano % 1_000_000_000n).padStart(9, '0')}`;
}

/** Ids for tests: a number in hexadecimal, after a first digit that keeps it from being all zeros. */
export function traceIdOf(number: number): string {
  return `a${number.toString(16).padStart(31, '0')}`;
}
export function spanIdOf(number: number): string {
  return `b${number.toString(16).padStart(15, '0')}`;
}
