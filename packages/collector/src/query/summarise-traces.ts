import type { TraceSummary } from '../shapes/api.js';
import { createBindings } from './bindings.js';
import { keptPieces } from './kept-summaries.js';
import type { Reader } from './reader.js';
import { IS_ERROR } from './stored-names.js';
import type { TimeRange } from './time-range.js';
import { joinPieces, type TracePiece } from './trace-piece.js';
import { knownTimes, stretchesOf, withinAny } from './trace-times.js';

const MOST_MATCHED = 3;

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
  const times = await knownTimes(reader, traceIds);
  const byTrace = groupByTrace(await keptPieces(reader, times));
  const others = new Set(traceIds.filter((id) => !byTrace.has(id)));
  if (others.size > 0) {
    const known = times.filter(({ id }) => others.has(id));
    const where = known.length < others.size ? undefined : stretchesOf(known);
    for (const [id, pieces] of groupByTrace(await gather(reader, [...others], where))) byTrace.set(id, pieces);
  }
  return found.flatMap(({ id, matched }) => {
    const pieces = byTrace.get(id);
    return pieces === undefined ? [] : [{ ...joinPieces(pieces), matched: bestOf(matched) }];
  });
}

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

/** From the spans themselves, a piece for each service. */
async function gather(
  reader: Reader,
  traceIds: readonly string[],
  times: readonly TimeRange[] | undefined,
): Promise<readonly TracePiece[]> {
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
  return rows.map((row) => {
    const firstNano = BigInt(row.first);
    const isRoot = Number(row.roots) > 0;
    const name = isRoot ? row.rootName : row.firstName;
    return {
      traceId: row.id,
      firstNano,
      lastNano: BigInt(row.last),
      head: { service: row.service, name, atNano: isRoot ? BigInt(row.rootAt) : firstNano, isRoot },
      services: [{ name: row.service, spans: Number(row.spans), errors: Number(row.errors) }],
    };
  });
}

function bestOf(matched: readonly MatchedSpan[]): MatchedSpan[] {
  const failed = (span: MatchedSpan) => Number(span.status === 'error');
  return [...matched]
    .sort((a, b) => failed(b) - failed(a) || b.durationNano - a.durationNano || (a.spanId < b.spanId ? -1 : 1))
    .slice(0, MOST_MATCHED);
}

function groupByTrace(pieces: readonly TracePiece[]): Map<string, TracePiece[]> {
  const groups = new Map<string, TracePiece[]>();
  for (const piece of pieces) {
    const group = groups.get(piece.traceId);
    if (group === undefined) groups.set(piece.traceId, [piece]);
    else group.push(piece);
  }
  return groups;
}
