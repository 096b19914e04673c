import type { QueryStats } from '../shapes/api.js';
import { attributesJson } from './attribute-json.js';
import { createBindings } from './bindings.js';
import type { Reader } from './reader.js';
import { kindName, statusName } from './stored-names.js';
import type { TimeRange } from './time-range.js';
import { traceTimes, withinAny } from './trace-times.js';

/** What one answer holds at most: about 60 MB of JSON. */
export const MOST_SPANS = 100_000;

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
  /** Hashes of the resource and the scope, which are read once each. */
  readonly r: string;
  readonly s: string;
}

export interface ResourceRow {
  readonly r: string;
  readonly service: string;
  readonly keys: readonly string[];
  readonly vals: readonly string[];
  readonly types: string;
  readonly url: string;
  readonly dropped: number;
}

export interface ScopeRow {
  readonly s: string;
  readonly name: string;
  readonly version: string;
  readonly keys: readonly string[];
  readonly vals: readonly string[];
  readonly types: string;
  readonly url: string;
  readonly dropped: number;
}

export interface TraceRows {
  readonly spans: readonly SpanRow[];
  readonly resources: readonly ResourceRow[];
  readonly scopes: readonly ScopeRow[];
  readonly truncated: boolean;
}

const RESOURCE =
  'sipHash64(ServiceName, ResourceAttributes, ResourceAttributeTypes, ResourceSchemaUrl, ResourceDroppedAttributes)';
const SCOPE =
  'sipHash64(ScopeName, ScopeVersion, ScopeAttributes, ScopeAttributeTypes, ScopeSchemaUrl, ScopeDroppedAttributes)';

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
  const times = await traceTimes(reader, traceIds);
  const [spans, resources, scopes] = await Promise.all([
    spansOf(reader, traceIds, times, mostSpans + 1),
    resourcesOf(reader, traceIds, times),
    scopesOf(reader, traceIds, times),
  ]);
  return { spans: spans.slice(0, mostSpans), resources, scopes, truncated: spans.length > mostSpans };
}

function whereTrace(traceIds: readonly string[], times: readonly TimeRange[] | undefined) {
  const bindings = createBindings();
  const ids =
    traceIds.length === 1
      ? `= ${bindings.bind('String', traceIds[0]!)}`
      : `IN ${bindings.bind('Array(String)', traceIds)}`;
  return { bindings, where: `PREWHERE TraceId ${ids} WHERE ${withinAny(times, bindings)}` };
}

async function spansOf(
  reader: Reader,
  traceIds: readonly string[],
  times: readonly TimeRange[] | undefined,
  limit: number,
): Promise<SpanRow[]> {
  const { bindings, where } = whereTrace(traceIds, times);
  return await reader.rows<SpanRow>(
    `SELECT TraceId AS traceId, SpanId AS spanId, ParentSpanId AS parent, TraceState AS state, SpanName AS name, SpanKind AS kind,
       toUnixTimestamp64Nano(Timestamp) AS at, Duration AS took, StatusCode AS status, StatusMessage AS message,
       mapKeys(SpanAttributes) AS keys, mapValues(SpanAttributes) AS vals, SpanAttributeTypes AS types,
       arrayMap((t, n, a, y, d) -> (toUnixTimestamp64Nano(t), n, mapKeys(a), mapValues(a), y, d), Events.Timestamp, Events.Name, Events.Attributes,
         ${sameLength('EventAttributeTypes', "''", 'Events.Name')}, ${sameLength('EventDroppedAttributes', '0', 'Events.Name')}) AS events,
       arrayMap((t, s, w, a, y, f, d) -> (t, s, w, mapKeys(a), mapValues(a), y, f, d), Links.TraceId, Links.SpanId, Links.TraceState, Links.Attributes,
         ${sameLength('LinkAttributeTypes', "''", 'Links.TraceId')}, ${sameLength('LinkFlags', '0', 'Links.TraceId')},
         ${sameLength('LinkDroppedAttributes', '0', 'Links.TraceId')}) AS links,
       if(SpanFlags + DroppedAttributes + DroppedEvents + DroppedLinks = 0, [], [SpanFlags, DroppedAttributes, DroppedEvents, DroppedLinks]) AS counts,
       ${RESOURCE} AS r, ${SCOPE} AS s
     FROM otel_traces ${where} ORDER BY Timestamp, SpanId LIMIT ${limit}`,
    bindings,
  );
}

/** Rows of a foreign writer have nothing in the columns this collector adds: arrays are filled up to the length of their neighbours. */
function sameLength(array: string, filler: string, model: string): string {
  return `arrayResize(${array}, length(${model}), ${filler})`;
}

async function resourcesOf(
  reader: Reader,
  traceIds: readonly string[],
  times: readonly TimeRange[] | undefined,
): Promise<ResourceRow[]> {
  const { bindings, where } = whereTrace(traceIds, times);
  return await reader.rows<ResourceRow>(
    `SELECT ${RESOURCE} AS r, any(ServiceName) AS service, any(mapKeys(ResourceAttributes)) AS keys, any(mapValues(ResourceAttributes)) AS vals,
       any(ResourceAttributeTypes) AS types, any(ResourceSchemaUrl) AS url, any(ResourceDroppedAttributes) AS dropped
     FROM otel_traces ${where} GROUP BY r ORDER BY min(Timestamp), r`,
    bindings,
  );
}

async function scopesOf(
  reader: Reader,
  traceIds: readonly string[],
  times: readonly TimeRange[] | undefined,
): Promise<ScopeRow[]> {
  const { bindings, where } = whereTrace(traceIds, times);
  return await reader.rows<ScopeRow>(
    `SELECT ${SCOPE} AS s, any(ScopeName) AS name, any(ScopeVersion) AS version, any(mapKeys(ScopeAttributes)) AS keys,
       any(mapValues(ScopeAttributes)) AS vals, any(ScopeAttributeTypes) AS types, any(ScopeSchemaUrl) AS url, any(ScopeDroppedAttributes) AS dropped
     FROM otel_traces ${where} GROUP BY s ORDER BY min(Timestamp), s`,
    bindings,
  );
}

/** The text of a `TraceAnswer`; `undefined` when nothing of the trace is kept. */
export async function traceJson(reader: Reader, traceId: string): Promise<string | undefined> {
  const rows = await readTraces(reader, [traceId]);
  return rows.spans.length === 0 ? undefined : writeTrace(traceId, rows, reader.stats());
}

export function writeTrace(traceId: string, rows: TraceRows, stats: QueryStats): string {
  const resources = new Map(rows.resources.map((row, index) => [row.r, index]));
  const scopes = new Map(rows.scopes.map((row, index) => [row.s, index]));
  const parts: string[] = [];
  for (const row of rows.spans) parts.push(spanJson(row, resources.get(row.r) ?? 0, scopes.get(row.s) ?? 0));
  const head = `{"traceId":${JSON.stringify(traceId)},"resources":[${rows.resources.map(resourceJson).join(',')}],"scopes":[${rows.scopes.map(scopeJson).join(',')}]`;
  return `${head},"spans":[${parts.join(',')}]${rows.truncated ? ',"truncated":true' : ''},"stats":${JSON.stringify(stats)}}`;
}

function spanJson(row: SpanRow, resource: number, scope: number): string {
  const text = JSON.stringify;
  let json =
    `{"spanId":${text(row.spanId)},"parentSpanId":${text(row.parent)},"name":${text(row.name)},"kind":"${kindName(row.kind)}",` +
    `"status":"${statusName(row.status)}","statusMessage":${text(row.message)},"startUnixNano":"${row.at}","durationNano":${row.took},` +
    `"traceState":${text(row.state)},"resource":${resource},"scope":${scope},"attributes":${attributesJson(row.keys, row.vals, row.types)},` +
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
  return `{"timeUnixNano":"${time}","name":${JSON.stringify(name)},"attributes":${attributesJson(keys, values, types)}${end}`;
}

function linkJson([trace, span, state, keys, values, types, flags, dropped]: SpanRow['links'][number]): string {
  const ids = `{"traceId":${JSON.stringify(trace)},"spanId":${JSON.stringify(span)},"traceState":${JSON.stringify(state)}`;
  const end = `${flags > 0 ? `,"flags":${flags}` : ''}${dropped > 0 ? `,"droppedAttributes":${dropped}` : ''}}`;
  return `${ids},"attributes":${attributesJson(keys, values, types)}${end}`;
}

function resourceJson(row: ResourceRow): string {
  return `{"service":${JSON.stringify(row.service)},"attributes":${attributesJson(row.keys, row.vals, row.types)}${extrasJson(row)}}`;
}

function scopeJson(row: ScopeRow): string {
  const attributes = row.keys.length > 0 ? `,"attributes":${attributesJson(row.keys, row.vals, row.types)}` : '';
  return `{"name":${JSON.stringify(row.name)},"version":${JSON.stringify(row.version)}${attributes}${extrasJson(row)}}`;
}

function extrasJson(row: { readonly url: string; readonly dropped: number }): string {
  const url = row.url === '' ? '' : `,"schemaUrl":${JSON.stringify(row.url)}`;
  return row.dropped > 0 ? `${url},"droppedAttributes":${row.dropped}` : url;
}
