import type { TraceSummary } from '../shapes/api.js';
import type { Clause } from '../shapes/filter.js';
import { createBindings } from './bindings.js';
import { filterCondition } from './filter-sql.js';
import type { Reader } from './reader.js';
import { IS_ERROR, statusName } from './stored-names.js';
import { type TimeRange, withinRange } from './time-range.js';
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

interface MatchedSpan {
  readonly id: string;
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
  readonly duration: string;
  readonly status: string;
}

/**
 * What a list shows of each trace, in the order of `traceIds`. Counts are of the whole trace, also of its spans outside of the range;
 * `matched` are spans inside of the range that meet every clause, failed ones first, then the longest.
 */
export async function summariseTraces(
  reader: Reader,
  question: { readonly traceIds: readonly string[]; readonly clauses: readonly Clause[]; readonly range: TimeRange },
): Promise<TraceSummary[]> {
  const { traceIds, clauses, range } = question;
  if (traceIds.length === 0) return [];
  const times = await traceTimes(reader, traceIds);
  const [services, matched] = await Promise.all([
    servicesOf(reader, traceIds, times),
    matchedOf(reader, traceIds, times, clauses, range),
  ]);
  const byTrace = groupById(services);
  const matchedByTrace = groupById(matched);
  return traceIds.flatMap((traceId) => {
    const rows = byTrace.get(traceId);
    return rows === undefined ? [] : [summaryOf(traceId, rows, matchedByTrace.get(traceId) ?? [])];
  });
}

async function servicesOf(
  reader: Reader,
  traceIds: readonly string[],
  times: readonly TimeRange[] | undefined,
): Promise<ServiceOfTrace[]> {
  const bindings = createBindings();
  return await reader.rows<ServiceOfTrace>(
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
}

async function matchedOf(
  reader: Reader,
  traceIds: readonly string[],
  times: readonly TimeRange[] | undefined,
  clauses: readonly Clause[],
  range: TimeRange,
): Promise<MatchedSpan[]> {
  // Without a filter every span matches, and the three longest of each trace are no news.
  if (clauses.length === 0) return [];
  const bindings = createBindings();
  return await reader.rows<MatchedSpan>(
    `SELECT TraceId AS id, SpanId AS spanId, ServiceName AS service, SpanName AS name, Duration AS duration, StatusCode AS status
     FROM otel_traces
     PREWHERE TraceId IN ${bindings.bind('Array(String)', traceIds)}
     WHERE ${withinAny(times, bindings)} AND ${withinRange(range, bindings)} AND ${filterCondition(clauses, bindings)}
     ORDER BY ${IS_ERROR} DESC, Duration DESC, SpanId LIMIT ${MOST_MATCHED} BY TraceId`,
    bindings,
  );
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
    matched: matched.map((span) => ({
      spanId: span.spanId,
      service: span.service,
      name: span.name,
      durationNano: Number(span.duration),
      status: statusName(span.status),
    })),
  };
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
