import { FieldReader } from './any-value-json.js';
import { Malformed } from './malformed.js';
import type { Signal } from './signal.js';

/** Field numbers from the request down to the items. */
export const ITEM_PATHS: Readonly<Record<Signal, readonly (readonly number[])[]>> = {
  // resource_spans, scope_spans, spans
  traces: [[1], [2], [2]],
  // resource_logs, scope_logs, log_records
  logs: [[1], [2], [2]],
  // resource_metrics, scope_metrics, metrics, gauge | sum | histogram | exponential_histogram | summary, data_points
  metrics: [[1], [2], [2], [5, 7, 9, 10, 11], [1]],
};

/** Spans, log records or data points of a protobuf export request. */
export function countItems(
  bytes: Uint8Array,
  signal: Signal,
): { readonly kind: 'counted'; readonly items: number } | { readonly kind: 'malformed'; readonly message: string } {
  try {
    return { kind: 'counted', items: count(bytes, 0, bytes.length, ITEM_PATHS[signal], 0) };
  } catch (error) {
    if (error instanceof Malformed)
      return { kind: 'malformed', message: `This is not an OTLP export request: ${error.message}.` };
    throw error;
  }
}

function count(
  bytes: Uint8Array,
  start: number,
  end: number,
  path: readonly (readonly number[])[],
  level: number,
): number {
  const reader = new FieldReader(bytes, start, end);
  let items = 0;
  while (reader.next()) {
    if (reader.wire !== 2 || !path[level]?.includes(reader.field)) continue;
    items += level === path.length - 1 ? 1 : count(bytes, reader.from, reader.to, path, level + 1);
  }
  return items;
}
