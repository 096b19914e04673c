import { createBindings } from './bindings.js';
import type { Reader } from './reader.js';
import { type TimeRange, withinRange } from './time-range.js';
import type { TracePiece } from './trace-piece.js';
import type { TraceTimes } from './trace-times.js';

interface KeptRow {
  readonly key: string;
  readonly start: string;
  readonly length: string;
  readonly headAfter: string;
  readonly hasRoot: boolean;
  readonly headService: string;
  readonly headName: string;
  readonly services: readonly string[];
  readonly spans: readonly number[];
  readonly errors: readonly number[];
}

/** A summary as it was kept when a block of spans was inserted, under the key of its trace. */
type KeptSummary = Omit<TracePiece, 'traceId'> & { readonly key: string };

/** From the table of summaries: what was kept of these traces within these times. */
async function readKept(reader: Reader, times: readonly TraceTimes[]): Promise<readonly KeptSummary[]> {
  const bindings = createBindings();
  const keys = times.map(({ key }) => bindings.bind('UInt64', key));
  const rows = await reader.rows<KeptRow>(
    // The values stand one by one, because the engine asks the primary key only for what it sees to be constant; the range leaves out parts.
    `SELECT TraceKey AS key, toUnixTimestamp64Nano(Start) AS start, Length AS length, HeadAfter AS headAfter, HasRoot AS hasRoot,
       HeadService AS headService, HeadName AS headName, Services AS services, Spans AS spans, Errors AS errors
     FROM otel_traces_summaries
     WHERE TraceKey IN (${keys.join(', ')}) AND ${withinRange(rangeOf(times), bindings, 'otel_traces_summaries')}`,
    bindings,
  );
  return rows.map((row) => {
    const firstNano = BigInt(row.start);
    return {
      key: row.key,
      firstNano,
      lastNano: firstNano + BigInt(row.length),
      head: {
        service: row.headService,
        name: row.headName,
        atNano: firstNano + BigInt(row.headAfter),
        isRoot: row.hasRoot,
      },
      services: row.services.map((name, index) => ({
        name,
        spans: row.spans[index] ?? 0,
        errors: row.errors[index] ?? 0,
      })),
    };
  });
}

/** From the first to the last. */
function rangeOf(times: readonly TimeRange[]): TimeRange {
  let { startNano, endNano } = times[0]!;
  for (const time of times) {
    if (time.startNano < startNano) startNano = time.startNano;
    if (time.endNano > endNano) endNano = time.endNano;
  }
  return { startNano, endNano };
}

/**
 * The pieces of those traces of which every span was counted. Spans may be older than the table of summaries, or just be on their way into it, and a
 * list that shows too few would be worse than a slow one. Two views write one row for each trace of each block, this one's and that of
 * the times, which is the older: where there are as many rows in both, no block is missing (nor do two traces share a key).
 */
export async function keptPieces(reader: Reader, times: readonly TraceTimes[]): Promise<readonly TracePiece[]> {
  if (times.length === 0) return [];
  const byKey = new Map<string, KeptSummary[]>();
  for (const summary of await readKept(reader, times)) {
    const known = byKey.get(summary.key);
    if (known === undefined) byKey.set(summary.key, [summary]);
    else known.push(summary);
  }
  return times.flatMap(({ id, key, blocks }) => {
    const kept = byKey.get(key) ?? [];
    return kept.length === blocks ? kept.map(({ key: _, ...piece }) => ({ ...piece, traceId: id })) : [];
  });
}
