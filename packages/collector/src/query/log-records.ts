import { attributesJson, textJson, valueJson } from './attribute-json.js';
import { RESOURCE_ROW, type ResourceRow, resourceJson, SCOPE_ROW, type ScopeRow, scopeJson } from './envelope-json.js';

/** A log record as it is read; maps come as keys and values, so that their order, which the types follow, is kept. */
export interface LogRow {
  readonly at: string;
  readonly observed: string;
  readonly number: number;
  readonly severity: string;
  readonly body: string;
  readonly bodyType: string;
  readonly event: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly keys: readonly string[];
  readonly vals: readonly string[];
  readonly types: string;
  /** Flags, and how many attributes the sender's limits cut off. */
  readonly flags: number;
  readonly dropped: number;
  readonly resource: ResourceRow;
  readonly scope: ScopeRow;
}

/** What to select for a `LogRow`. */
export const LOG_ROW = `toUnixTimestamp64Nano(Timestamp) AS at, toUnixTimestamp64Nano(ObservedTimestamp) AS observed, SeverityNumber AS number,
  SeverityText AS severity, Body AS body, BodyType AS bodyType, EventName AS event, TraceId AS traceId, SpanId AS spanId,
  mapKeys(LogAttributes) AS keys, mapValues(LogAttributes) AS vals, LogAttributeTypes AS types,
  if(LogFlags = 0, TraceFlags, LogFlags) AS flags, DroppedAttributes AS dropped, (${RESOURCE_ROW}) AS resource, (${SCOPE_ROW}) AS scope`;

/** `"resources":[…],"scopes":[…],"records":[…]`: each resource and scope once, records point to them by their places. */
export function logRecordsJson(rows: readonly LogRow[]): string {
  const resources = new Map<string, number>();
  const scopes = new Map<string, number>();
  const placeOf = (json: string, places: Map<string, number>): number => {
    const known = places.get(json) ?? places.size;
    places.set(json, known);
    return known;
  };
  const records = rows.map((row) =>
    recordJson(row, placeOf(resourceJson(row.resource), resources), placeOf(scopeJson(row.scope), scopes)),
  );
  return `"resources":[${[...resources.keys()].join(',')}],"scopes":[${[...scopes.keys()].join(',')}],"records":[${records.join(',')}]`;
}

function recordJson(row: LogRow, resource: number, scope: number): string {
  let json =
    `{"timeUnixNano":"${row.at}","severityNumber":${row.number},"severityText":${textJson(row.severity)},` +
    `"body":${valueJson(row.body, row.bodyType)},"traceId":${textJson(row.traceId)},"spanId":${textJson(row.spanId)},` +
    `"resource":${resource},"scope":${scope},"attributes":${attributesJson(row.keys, row.vals, row.types)}`;
  if (row.observed !== '0') json += `,"observedUnixNano":"${row.observed}"`;
  if (row.event !== '') json += `,"eventName":${textJson(row.event)}`;
  if (row.flags > 0) json += `,"flags":${row.flags}`;
  if (row.dropped > 0) json += `,"droppedAttributes":${row.dropped}`;
  return `${json}}`;
}
