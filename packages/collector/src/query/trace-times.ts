import { type Bindings, createBindings } from './bindings.js';
import type { Reader } from './reader.js';
import { type TimedTable, type TimeRange, withinRange } from './time-range.js';

/** More stretches than this cost the engine more to analyse than they save it. */
const MOST_STRETCHES = 24;

/** What the small table that a materialized view fills knows of a trace. */
export interface TraceTimes extends TimeRange {
  readonly id: string;
  /** Names it in the table of summaries. */
  readonly key: string;
  /** The blocks in which its spans were inserted: the view writes a row for each. */
  readonly blocks: number;
}

/** Of those traces that the table knows, by their start. */
export async function knownTimes(reader: Reader, traceIds: readonly string[]): Promise<readonly TraceTimes[]> {
  const bindings = createBindings();
  const rows = await reader.rows<{
    readonly id: string;
    readonly key: string;
    readonly blocks: string;
    readonly first: string;
    readonly last: string;
  }>(
    // The table keeps whole seconds, rounded down.
    `SELECT TraceId AS id, sipHash64(TraceId) AS key, count() AS blocks,
       toInt64(toUnixTimestamp(min(Start))) AS first, toInt64(toUnixTimestamp(max(End))) + 1 AS last
     FROM otel_traces_trace_id_ts WHERE TraceId IN ${bindings.bind('Array(String)', traceIds)}
     GROUP BY TraceId ORDER BY first`,
    bindings,
  );
  return rows.map(({ id, key, blocks, first, last }) => ({
    id,
    key,
    blocks: Number(blocks),
    startNano: BigInt(first) * 1_000_000_000n,
    endNano: BigInt(last) * 1_000_000_000n,
  }));
}

/**
 * When these traces were, as few stretches of time. `undefined` when the times of one of them are not known (spans that are older than
 * the view): nothing can then be said about where they are.
 */
export async function traceTimes(
  reader: Reader,
  traceIds: readonly string[],
): Promise<readonly TimeRange[] | undefined> {
  const known = await knownTimes(reader, traceIds);
  return known.length < new Set(traceIds).size ? undefined : stretchesOf(known);
}

/** Times in the order of their starts, as few stretches. */
export function stretchesOf(times: readonly TimeRange[]): readonly TimeRange[] {
  const stretches: { startNano: bigint; endNano: bigint }[] = [];
  for (const { startNano, endNano } of times) {
    const previous = stretches.at(-1);
    if (previous !== undefined && startNano <= previous.endNano) {
      if (endNano > previous.endNano) previous.endNano = endNano;
    } else {
      stretches.push({ startNano, endNano });
    }
  }
  if (stretches.length <= MOST_STRETCHES) return stretches;
  // Sorted and apart from each other: the last one ends last.
  return [{ startNano: stretches[0]!.startNano, endNano: stretches.at(-1)!.endNano }];
}

/** A condition that is true inside of any of the stretches; everything when there are none. */
export function withinAny(
  stretches: readonly TimeRange[] | undefined,
  bindings: Bindings,
  table: TimedTable = 'otel_traces',
): string {
  if (stretches === undefined) return '1';
  const one = (stretch: TimeRange) => `(${withinRange(stretch, bindings, table)})`;
  return `(${stretches.map(one).join(' OR ')})`;
}
