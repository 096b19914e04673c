import { createBindings } from './bindings.js';
import type { Reader } from './reader.js';
import { type TimeRange, withinRange } from './time-range.js';

/** Spans that are joined with their parents; of more, every so many-th trace stands for the others. */
const MOST_JOINED = 1_000_000;

export interface Dependency {
  readonly parent: string;
  readonly child: string;
  readonly calls: number;
}

/** Which service calls which, counted by spans whose parent belongs to another service. */
export async function dependencies(reader: Reader, range: TimeRange): Promise<Dependency[]> {
  const counting = createBindings();
  const [row] = await reader.rows<{ readonly total: string }>(
    `SELECT count() AS total FROM otel_traces WHERE ${withinRange(range, counting)}`,
    counting,
  );
  const every = Math.max(1, Math.ceil(Number(row?.total ?? 0) / MOST_JOINED));
  const bindings = createBindings();
  const chosen = `${withinRange(range, bindings)} AND cityHash64(TraceId) % ${every} = 0`;
  const rows = await reader.rows<{ readonly parent: string; readonly child: string; readonly calls: string }>(
    `SELECT p.service AS parent, c.service AS child, count() AS calls
     FROM (SELECT TraceId AS trace, ParentSpanId AS parentId, ServiceName AS service FROM otel_traces WHERE ${chosen} AND ParentSpanId != '') AS c
     INNER JOIN (SELECT TraceId AS trace, SpanId AS id, ServiceName AS service FROM otel_traces WHERE ${chosen}) AS p
       ON c.trace = p.trace AND c.parentId = p.id
     WHERE p.service != c.service
     GROUP BY parent, child ORDER BY parent, child LIMIT 10000`,
    bindings,
  );
  return rows.map(({ parent, child, calls }) => ({ parent, child, calls: Number(calls) * every }));
}
