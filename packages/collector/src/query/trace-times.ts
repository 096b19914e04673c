import { type Bindings, createBindings } from './bindings.js';
import type { Reader } from './reader.js';
import { nanoTime, type TimeRange } from './time-range.js';

/** More stretches than this cost the engine more to analyse than they save it. */
const MOST_STRETCHES = 24;

/**
 * When these traces were, as few stretches of time, from the small table that a materialized view fills. `undefined` when it does
 * not know every one of them (spans that are older than the view): nothing can then be said about where they are.
 */
export async function traceTimes(
  reader: Reader,
  traceIds: readonly string[],
): Promise<readonly TimeRange[] | undefined> {
  const bindings = createBindings();
  const rows = await reader.rows<{ readonly first: string; readonly last: string }>(
    // The table keeps whole seconds, rounded down.
    `SELECT toInt64(toUnixTimestamp(min(Start))) AS first, toInt64(toUnixTimestamp(max(End))) + 1 AS last
     FROM otel_traces_trace_id_ts WHERE TraceId IN ${bindings.bind('Array(String)', traceIds)}
     GROUP BY TraceId ORDER BY first`,
    bindings,
  );
  if (rows.length < new Set(traceIds).size) return undefined;
  const stretches: { startNano: bigint; endNano: bigint }[] = [];
  for (const row of rows) {
    const startNano = BigInt(row.first) * 1_000_000_000n;
    const endNano = BigInt(row.last) * 1_000_000_000n;
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
export function withinAny(stretches: readonly TimeRange[] | undefined, bindings: Bindings): string {
  if (stretches === undefined) return '1';
  const one = (stretch: TimeRange) =>
    `(Timestamp >= ${nanoTime(stretch.startNano, bindings)} AND Timestamp < ${nanoTime(stretch.endNano, bindings)})`;
  return `(${stretches.map(one).join(' OR ')})`;
}
