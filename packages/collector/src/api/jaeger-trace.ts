import { attributeValue } from '../query/attribute-json.js';
import type { ResourceRow, ScopeRow } from '../query/envelope-json.js';
import { kindName, statusName } from '../query/stored-names.js';
import type { SpanRow, TraceRows } from '../query/trace.js';
import type { AttributeValue } from '../shapes/api.js';

/*
 * Traces in the shape of Jaeger's first HTTP API, as its own translation from OpenTelemetry writes them: kind, status and scope
 * become tags, links become references, events become logs. Times and durations are microseconds.
 */

interface JaegerTag {
  readonly key: string;
  readonly type: 'string' | 'bool' | 'int64' | 'float64' | 'binary';
  readonly value: string | number | boolean;
}
interface JaegerReference {
  readonly refType: 'CHILD_OF' | 'FOLLOWS_FROM';
  readonly traceID: string;
  readonly spanID: string;
}
interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly flags: number;
  readonly operationName: string;
  readonly references: readonly JaegerReference[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly { readonly timestamp: number; readonly fields: readonly JaegerTag[] }[];
  readonly processID: string;
  readonly warnings: null;
}
export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string; readonly tags: readonly JaegerTag[] }>>;
  readonly warnings: readonly string[] | null;
}

/** One Jaeger trace per id that has spans, in the order of `traceIds`. */
export function jaegerTraces(traceIds: readonly string[], rows: TraceRows): JaegerTrace[] {
  const byTrace = new Map<string, SpanRow[]>();
  for (const span of rows.spans) {
    const spans = byTrace.get(span.traceId);
    if (spans === undefined) byTrace.set(span.traceId, [span]);
    else spans.push(span);
  }
  return traceIds.flatMap((traceID) => {
    const spans = byTrace.get(traceID);
    if (spans === undefined) return [];
    const names = new Map([...new Set(spans.map((span) => span.r))].map((hash, index) => [hash, `p${index + 1}`]));
    const processes = Object.fromEntries([...names].map(([hash, name]) => [name, processOf(rows.resources.get(hash))]));
    return [
      {
        traceID,
        spans: spans.map((span) => spanOf(span, names.get(span.r)!, rows.scopes.get(span.s))),
        processes,
        warnings: rows.truncated ? ['More spans than one answer holds; these are the earliest.'] : null,
      },
    ];
  });
}

function processOf(resource: ResourceRow | undefined) {
  if (resource === undefined) return { serviceName: '', tags: [] };
  const [serviceName, keys, values, types] = resource;
  return { serviceName, tags: tagsOf(keys, values, types).filter((tag) => tag.key !== 'service.name') };
}

function spanOf(row: SpanRow, processID: string, scope: ScopeRow | undefined): JaegerSpan {
  const references: JaegerReference[] = [];
  if (row.parent !== '') references.push({ refType: 'CHILD_OF', traceID: row.traceId, spanID: row.parent });
  for (const [traceID, spanID] of row.links) references.push({ refType: 'FOLLOWS_FROM', traceID, spanID });
  return {
    traceID: row.traceId,
    spanID: row.spanId,
    flags: (row.counts[0] ?? 1) & 255 || 1,
    operationName: row.name,
    references,
    startTime: microseconds(row.at),
    duration: microseconds(row.took),
    tags: [...tagsOf(row.keys, row.vals, row.types), ...spanTags(row, scope)],
    logs: row.events.map(([time, name, keys, values, types]) => ({
      timestamp: microseconds(time),
      fields: [...(name === '' ? [] : [stringTag('event', name)]), ...tagsOf(keys, values, types)],
    })),
    processID,
    warnings: null,
  };
}

function spanTags(row: SpanRow, scope: ScopeRow | undefined): JaegerTag[] {
  const tags: JaegerTag[] = [];
  const kind = kindName(row.kind);
  const status = statusName(row.status);
  if (kind !== 'unspecified') tags.push(stringTag('span.kind', kind));
  if (status !== 'unset') tags.push(stringTag('otel.status_code', status.toUpperCase()));
  if (status === 'error') tags.push({ key: 'error', type: 'bool', value: true });
  if (row.message !== '') tags.push(stringTag('otel.status_description', row.message));
  if (row.state !== '') tags.push(stringTag('w3c.tracestate', row.state));
  const [scopeName = '', scopeVersion = ''] = scope ?? [];
  if (scopeName !== '') tags.push(stringTag('otel.scope.name', scopeName));
  if (scopeVersion !== '') tags.push(stringTag('otel.scope.version', scopeVersion));
  return tags;
}

function stringTag(key: string, value: string): JaegerTag {
  return { key, type: 'string', value };
}

function tagsOf(keys: readonly string[], values: readonly string[], types: string): JaegerTag[] {
  return keys.map((key, index) => {
    const letter = types[index];
    const value = attributeValue(values[index] ?? '', letter);
    if (typeof value === 'boolean') return { key, type: 'bool', value };
    if (typeof value === 'number') return { key, type: letter === 'i' ? 'int64' : 'float64', value };
    if (typeof value === 'string') return stringTag(key, value);
    return wrappedTag(key, value);
  });
}

/** What JSON has no word of its own for (see `Attributes` in shapes/api.ts); lists and maps become their JSON text, as in Jaeger. */
function wrappedTag(key: string, value: AttributeValue): JaegerTag {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const { $int, $bytes, $double } = value as {
      readonly $int?: unknown;
      readonly $bytes?: unknown;
      readonly $double?: unknown;
    };
    // Beyond 2^53 a JSON number would be another number.
    if (typeof $int === 'string') return { key, type: 'int64', value: $int };
    if (typeof $bytes === 'string') return { key, type: 'binary', value: $bytes };
    if (typeof $double === 'string') return { key, type: 'float64', value: $double };
  }
  return stringTag(key, value === null ? '' : JSON.stringify(value));
}

function microseconds(nano: string): number {
  return Number(BigInt(nano) / 1000n);
}
