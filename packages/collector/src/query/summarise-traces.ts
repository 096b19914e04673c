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
  /** `[not failed, -duration, span id, name, status]`, best first. */
  readonly matched: readonly (readonly [number, string, string, string, string])[];
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
  const bindings = createBindings();
  // Without a filter every span matches, and the three longest of each trace are no news.
  const matches =
    clauses.length === 0 ? '0' : `${withinRange(range, bindings)} AND ${filterCondition(clauses, bindings)}`;
  const rows = await reader.rows<ServiceOfTrace>(
    `SELECT TraceId AS id, ServiceName AS service, count() AS spans, countIf(${IS_ERROR}) AS errors,
       toUnixTimestamp64Nano(min(Timestamp)) AS first, max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) AS last,
       argMin(SpanName, Timestamp) AS firstName, countIf(ParentSpanId = '') AS roots,
       toUnixTimestamp64Nano(minIf(Timestamp, ParentSpanId = '')) AS rootAt, argMinIf(SpanName, Timestamp, ParentSpanId = '') AS rootName,
       groupArraySortedIf(${MOST_MATCHED})((toUInt8(NOT ${IS_ERROR}), -toInt64(Duration), SpanId, SpanName, StatusCode), ${matches}) AS matched
     FROM otel_traces
     PREWHERE TraceId IN ${bindings.bind('Array(String)', traceIds)}
     WHERE ${withinAny(times, bindings)}
     GROUP BY TraceId, ServiceName`,
    bindings,
  );
  const byTrace = groupById(rows);
  return traceIds.flatMap((traceId) => {
    const services = byTrace.get(traceId);
    return services === undefined ? [] : [summaryOf(traceId, services)];
  });
}

function summaryOf(traceId: string, services: readonly ServiceOfTrace[]): TraceSummary {
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
    matched: bestMatched(services),
  };
}

/** The best of the bests of each service. */
function bestMatched(services: readonly ServiceOfTrace[]): TraceSummary['matched'] {
  return services
    .flatMap(({ service, matched }) =>
      matched.map(([sound, duration, spanId, name, status]) => ({
        sound,
        found: { spanId, service, name, durationNano: -Number(duration), status: statusName(status) },
      })),
    )
    .sort(
      (a, b) =>
        a.sound - b.sound || b.found.durationNano - a.found.durationNano || (a.found.spanId < b.found.spanId ? -1 : 1),
    )
    .slice(0, MOST_MATCHED)
    .map(({ found }) => found);
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
