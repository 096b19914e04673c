import type { QueryStats } from '../shapes/api.js';
import { StoreError } from '../store/store.js';
import { attributesJson, textJson } from './attribute-json.js';
import { type Bindings, createBindings } from './bindings.js';
import { RESOURCE_ROW, type ResourceRow, resourceJson, SCOPE_ROW, type ScopeRow, scopeJson } from './envelope-json.js';
import type { Reader } from './reader.js';
import { kindName, statusName } from './stored-names.js';
import { nanoTime, type TimeRange } from './time-range.js';
import { traceTimes, withinAny } from './trace-times.js';

/** What one answer holds at most: about 60 MB of JSON. */
const MOST_SPANS = 100_000;

/** A span as it is read; maps come as keys and values, so that their order, which the types follow, is kept. */
export interface SpanRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: string;
  readonly state: string;
  readonly name: string;
  readonly kind: string;
  readonly at: string;
  readonly took: string;
  readonly status: string;
  readonly message: string;
  readonly keys: readonly string[];
  readonly vals: readonly string[];
  readonly types: string;
  /** `[time, name, keys, values, types, dropped]` of each event. */
  readonly events: readonly (readonly [string, string, readonly string[], readonly string[], string, number])[];
  /** `[trace, span, state, keys, values, types, flags, dropped]` of each link. */
  readonly links: readonly (readonly [
    string,
    string,
    string,
    readonly string[],
    readonly string[],
    string,
    number,
    number,
  ])[];
  /** `[flags, dropped attributes, dropped events, dropped links]`; empty when all are 0. */
  readonly counts: readonly number[];
  /** Hashes of the resource and the scope. Their contents stand at one span of each hash alone. */
  readonly r: string;
  readonly s: string;
  /** `[service, keys, values, types, schema URL, dropped]` or nothing. */
  readonly resource: readonly [] | readonly [ResourceRow];
  /** `[name, version, keys, values, types, schema URL, dropped]` or nothing. */
  readonly scope: readonly [] | readonly [ScopeRow];
}

export interface TraceRows {
  readonly spans: readonly SpanRow[];
  /** By hash, in the order of their first span. */
  readonly resources: ReadonlyMap<string, ResourceRow>;
  readonly scopes: ReadonlyMap<string, ScopeRow>;
  readonly truncated: boolean;
}

const RESOURCE =
  'ServiceName, ResourceAttributes, ResourceAttributeTypes, ResourceSchemaUrl, ResourceDroppedAttributes';
const SCOPE = 'ScopeName, ScopeVersion, ScopeAttributes, ScopeAttributeTypes, ScopeSchemaUrl, ScopeDroppedAttributes';
/** Ids of older senders have 64 bits; they are kept padded. */
export function normalTraceId(text: string): string | undefined {
  const id = text.toLowerCase();
  return /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/.test(id) ? id.padStart(32, '0') : undefined;
}

/** All spans of these traces, earliest first, with their resources and scopes. Ids are normal ones; nothing found gives no spans. */
export async function readTraces(
  reader: Reader,
  traceIds: readonly string[],
  mostSpans = MOST_SPANS,
): Promise<TraceRows> {
  const where: Where = { traceIds, times: await traceTimes(reader, traceIds) };
  const whole = await readSpans(reader, where, mostSpans).catch((error: unknown) => {
    if (error instanceof StoreError && error.code === 'too-much-memory') return undefined;
    throw error;
  });
  if (whole !== undefined && !(whole.truncated && lacksShared(whole))) return whole;
  // Far more spans than are shown: only those before the cut are read again, so that what they need fits and each resource is at one of them.
  const lastNano = await cutOf(reader, where, mostSpans);
  return await readSpans(reader, { ...where, lastNano }, mostSpans);
}

function lacksShared({ resources, scopes }: TraceRows): boolean {
  return [...resources.values()].includes(NO_RESOURCE) || [...scopes.values()].includes(NO_SCOPE);
}

interface Where {
  readonly traceIds: readonly string[];
  readonly times: readonly TimeRange[] | undefined;
  readonly lastNano?: string | undefined;
}

function conditionOf({ traceIds, times, lastNano }: Where, bindings: Bindings): string {
  const wanted =
    traceIds.length === 1
      ? `= ${bindings.bind('String', traceIds[0]!)}`
      : `IN ${bindings.bind('Array(String)', traceIds)}`;
  const cut = lastNano === undefined ? '' : `AND Timestamp <= ${nanoTime(BigInt(lastNano), bindings)}`;
  return `PREWHERE TraceId ${wanted} WHERE ${withinAny(times, bindings)} ${cut}`;
}

/** When the span starts that is the first not to be shown. */
async function cutOf(reader: Reader, where: Where, mostSpans: number): Promise<string | undefined> {
  const bindings = createBindings();
  const [row] = await reader.rows<{ readonly at: string }>(
    `SELECT toUnixTimestamp64Nano(Timestamp) AS at FROM otel_traces ${conditionOf(where, bindings)} ORDER BY Timestamp LIMIT 1 OFFSET ${mostSpans}`,
    bindings,
  );
  return row?.at;
}

async function readSpans(reader: Reader, where: Where, mostSpans: number): Promise<TraceRows> {
  const bindings = createBindings();
  // One statement, because the cost is that of unpacking the granules in which the spans lie, and not that of the rows.
  const spans = await reader.rows<SpanRow>(
    `SELECT * FROM (
       SELECT TraceId AS traceId, SpanId AS spanId, ParentSpanId AS parent, TraceState AS state, SpanName AS name, SpanKind AS kind,
         toUnixTimestamp64Nano(Timestamp) AS at, Duration AS took, StatusCode AS status, StatusMessage AS message,
         mapKeys(SpanAttributes) AS keys, mapValues(SpanAttributes) AS vals, SpanAttributeTypes AS types,
         arrayMap((t, n, a, y, d) -> (toUnixTimestamp64Nano(t), n, mapKeys(a), mapValues(a), y, d), Events.Timestamp, Events.Name, Events.Attributes,
           ${sameLength('EventAttributeTypes', "''", 'Events.Name')}, ${sameLength('EventDroppedAttributes', '0', 'Events.Name')}) AS events,
         arrayMap((t, s, w, a, y, f, d) -> (t, s, w, mapKeys(a), mapValues(a), y, f, d), Links.TraceId, Links.SpanId, Links.TraceState, Links.Attributes,
           ${sameLength('LinkAttributeTypes', "''", 'Links.TraceId')}, ${sameLength('LinkFlags', '0', 'Links.TraceId')},
           ${sameLength('LinkDroppedAttributes', '0', 'Links.TraceId')}) AS links,
         if(SpanFlags + DroppedAttributes + DroppedEvents + DroppedLinks = 0, [], [SpanFlags, DroppedAttributes, DroppedEvents, DroppedLinks]) AS counts,
         sipHash64(${RESOURCE}) AS r, sipHash64(${SCOPE}) AS s,
         if(row_number() OVER (PARTITION BY r) = 1, [(${RESOURCE_ROW})], []) AS resource,
         if(row_number() OVER (PARTITION BY s) = 1, [(${SCOPE_ROW})], []) AS scope
       FROM otel_traces ${conditionOf(where, bindings)})
     ORDER BY at, spanId LIMIT ${mostSpans + 1}`,
    bindings,
  );
  return { spans: spans.slice(0, mostSpans), ...sharedOf(spans), truncated: spans.length > mostSpans };
}

/** Resources and scopes by hash. Of spans that start together at the cut the one that carried one may be gone; it then shows as empty. */
function sharedOf(spans: readonly SpanRow[]): Pick<TraceRows, 'resources' | 'scopes'> {
  const resources = new Map<string, ResourceRow>();
  const scopes = new Map<string, ScopeRow>();
  for (const { r, s } of spans) {
    resources.set(r, NO_RESOURCE);
    scopes.set(s, NO_SCOPE);
  }
  for (const { r, s, resource, scope } of spans) {
    if (resource[0] !== undefined) resources.set(r, resource[0]);
    if (scope[0] !== undefined) scopes.set(s, scope[0]);
  }
  return { resources, scopes };
}

const NO_RESOURCE: ResourceRow = ['', [], [], '', '', 0];
const NO_SCOPE: ScopeRow = ['', '', [], [], '', '', 0];

/** Rows of a foreign writer have nothing in the columns this collector adds: arrays are filled up to the length of their neighbours. */
function sameLength(array: string, filler: string, model: string): string {
  return `arrayResize(${array}, length(${model}), ${filler})`;
}

/** The bytes of a `TraceAnswer` as JSON; `undefined` when nothing of the trace is kept. */
export async function traceJson(reader: Reader, traceId: string): Promise<Uint8Array | undefined> {
  const rows = await readTraces(reader, [traceId]);
  return rows.spans.length === 0 ? undefined : writeTrace(traceId, rows, reader.stats());
}

/** Long enough to be few, short enough that the text dies young: one string of 20 MB costs more to flatten than all else. */
const PIECE = 32_768;

function writeTrace(traceId: string, rows: TraceRows, stats: QueryStats): Uint8Array {
  const resources = placesOf(rows.resources);
  const scopes = placesOf(rows.scopes);
  const pieces: Uint8Array[] = [];
  let text = `{"traceId":${textJson(traceId)},"resources":[${[...rows.resources.values()].map(resourceJson).join(',')}],"scopes":[${[...rows.scopes.values()].map(scopeJson).join(',')}],"spans":[`;
  let separator = '';
  for (const row of rows.spans) {
    text += separator + spanJson(row, resources.get(row.r) ?? 0, scopes.get(row.s) ?? 0);
    separator = ',';
    if (text.length > PIECE) {
      pieces.push(Buffer.from(text));
      text = '';
    }
  }
  text += `]${rows.truncated ? ',"truncated":true' : ''},"stats":${JSON.stringify(stats)}}`;
  pieces.push(Buffer.from(text));
  return Buffer.concat(pieces);
}

function placesOf(shared: ReadonlyMap<string, unknown>): ReadonlyMap<string, number> {
  return new Map([...shared.keys()].map((hash, index) => [hash, index]));
}

function spanJson(row: SpanRow, resource: number, scope: number): string {
  let json =
    `{"spanId":${textJson(row.spanId)},"parentSpanId":${textJson(row.parent)},"name":${textJson(row.name)},"kind":"${kindName(row.kind)}",` +
    `"status":"${statusName(row.status)}","statusMessage":${textJson(row.message)},"startUnixNano":"${row.at}","durationNano":${row.took},` +
    `"traceState":${textJson(row.state)},"resource":${resource},"scope":${scope},"attributes":${attributesJson(row.keys, row.vals, row.types)},` +
    `"events":[${row.events.map(eventJson).join(',')}],"links":[${row.links.map(linkJson).join(',')}]`;
  const [flags = 0, attributes = 0, events = 0, links = 0] = row.counts;
  if (attributes > 0) json += `,"droppedAttributes":${attributes}`;
  if (events > 0) json += `,"droppedEvents":${events}`;
  if (links > 0) json += `,"droppedLinks":${links}`;
  if (flags > 0) json += `,"flags":${flags}`;
  return `${json}}`;
}

function eventJson([time, name, keys, values, types, dropped]: SpanRow['events'][number]): string {
  const end = dropped > 0 ? `,"droppedAttributes":${dropped}}` : '}';
  return `{"timeUnixNano":"${time}","name":${textJson(name)},"attributes":${attributesJson(keys, values, types)}${end}`;
}

function linkJson([trace, span, state, keys, values, types, flags, dropped]: SpanRow['links'][number]): string {
  const ids = `{"traceId":${textJson(trace)},"spanId":${textJson(span)},"traceState":${textJson(state)}`;
  const end = `${flags > 0 ? `,"flags":${flags}` : ''}${dropped > 0 ? `,"droppedAttributes":${dropped}` : ''}}`;
  return `${ids},"attributes":${attributesJson(keys, values, types)}${end}`;
}
