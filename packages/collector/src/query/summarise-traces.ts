import type { TraceSummary } from '../shapes/api.js';
import { createBindings } from './bindings.js';
import type { Reader } from './reader.js';
import { IS_ERROR } from './stored-names.js';
import { traceTimes, withinAny } from './trace-times.js';

const MOST_MATCHED = 3;

interface ServiceOfTrace {
  readonly id: string;
  readonly service: string;
  readonly spans: string;
  readonly errors: string;
  readonly first: string;
  readonly last: string;
  readonly firstName: string;
  readonly roots: string;
  readonly rootAt: string;
  readonly rootName: string;
}

export type MatchedSpan = TraceSummary['matched'][number];

/**
 * What a list shows of each trace, in the order given. Counts are of the whole trace, also of its spans outside of the searched range;
 * of the matching spans the best three: failed ones first, then the longest.
 */
export async function summariseTraces(
  reader: Reader,
  found: readonly { readonly id: string; readonly matched: readonly MatchedSpan[] }[],
): Promise<TraceSummary[]> {
  if (found.length === 0) return [];
  const traceIds = found.map(({ id }) => id);
  const times = await traceTimes(reader, traceIds);
  const bindings = createBindings();
  const rows = await reader.rows<ServiceOfTrace>(
    `SELECT TraceId AS id, ServiceName AS service, count() AS spans, countIf(${IS_ERROR}) AS errors,
       toUnixTimestamp64Nano(min(Timestamp)) AS first, max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) AS last,
       argMin(SpanName, Timestamp) AS firstName, countIf(ParentSpanId = '') AS roots,
       toUnixTimestamp64Nano(minIf(Timestamp, ParentSpanId = '')) AS rootAt, argMinIf(SpanName, Timestamp, ParentSpanId = '') AS rootName
     FROM otel_traces
     PREWHERE TraceId IN ${bindings.bind('Array(String)', traceIds)}
     WHERE ${withinAny(times, bindings)}
     GROUP BY TraceId, ServiceName`,
    bindings,
  );
  const byTrace = groupById(rows);
  return found.flatMap(({ id, matched }) => {
    const services = byTrace.get(id);
    return services === undefined ? [] : [summaryOf(id, services, matched)];
  });
}

function summaryOf(
  traceId: string,
  services: readonly ServiceOfTrace[],
  matched: readonly MatchedSpan[],
): TraceSummary {
  let first = BigInt(services[0]!.first);
  let last = BigInt(services[0]!.last);
  let earliest = services[0]!;
  let root: ServiceOfTrace | undefined;
  let spans = 0;
  let errors = 0;
  for (const row of services) {
    spans += Number(row.spans);
    errors += Number(row.errors);
    if (BigInt(row.first) < first) {
      first = BigInt(row.first);
      earliest = row;
    }
    if (BigInt(row.last) > last) last = BigInt(row.last);
    if (Number(row.roots) > 0 && (root === undefined || BigInt(row.rootAt) < BigInt(root.rootAt))) root = row;
  }
  return {
    traceId,
    rootService: (root ?? earliest).service,
    rootName: root?.rootName ?? earliest.firstName,
    hasRoot: root !== undefined,
    startUnixNano: String(first),
    durationNano: Number(last - first),
    spans,
    errors,
    services: services
      .map((row) => ({ name: row.service, spans: Number(row.spans), errors: Number(row.errors) }))
      .sort((a, b) => b.spans - a.spans || (a.name < b.name ? -1 : 1)),
    matched: bestOf(matched),
  };
}

function bestOf(matched: readonly MatchedSpan[]): MatchedSpan[] {
  const failed = (span: MatchedSpan) => Number(span.status === 'error');
  return [...matched]
    .sort((a, b) => failed(b) - failed(a) || b.durationNano - a.durationNano || (a.spanId < b.spanId ? -1 : 1))
    .slice(0, MOST_MATCHED);
}

function groupById<Row extends { readonly id: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.id);
    if (group === undefined) groups.set(row.id, [row]);
    else group.push(row);
  }
  return groups;
}
