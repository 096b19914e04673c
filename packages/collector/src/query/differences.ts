import type { DifferencesAnswer } from '../shapes/api.js';
import { type Clause, FILTER_FIELDS } from '../shapes/filter.js';
import { type Bindings, createBindings } from './bindings.js';
import { filterCondition } from './filter-sql.js';
import type { Reader } from './reader.js';
import { nanoTime, type TimeRange, withinRange } from './time-range.js';

/** Spans looked at on each side; more are sampled by a hash of their ids. */
const MOST_COMPARED = 50_000;
const MOST_DIFFERENCES = 50;
/** Long values (statements, stacks) are compared by their beginning. */
const VALUE_LENGTH = 256;

export interface DifferencesQuestion {
  readonly clauses: readonly Clause[];
  readonly range: TimeRange;
  /** The brushed part: spans that start within, and last at least `minDurationNano`. */
  readonly selection: TimeRange;
  readonly minDurationNano?: bigint | undefined;
}

/**
 * Which attributes differ most between a selected part of the matching spans and the rest of them, by the difference of the shares
 * that carry a value. Keys are written as the filter language writes them, so that each is one click away from being a filter.
 */
export async function differences(reader: Reader, question: DifferencesQuestion): Promise<DifferencesAnswer> {
  const { inside, outside } = await sizes(reader, question);
  if (inside === 0 || outside === 0)
    return { differences: [], insideSpans: inside, outsideSpans: outside, stats: reader.stats() };
  const everyInside = Math.ceil(inside / MOST_COMPARED);
  const everyOutside = Math.ceil(outside / MOST_COMPARED);
  const bindings = createBindings();
  const fields = bindings.bind('Array(String)', [...FILTER_FIELDS]);
  const rows = await reader.rows<{
    readonly key: string;
    readonly value: string;
    readonly inside: number;
    readonly outside: number;
  }>(
    `WITH sampled AS (
       SELECT ${isInside(question, bindings)} AS selected, ServiceName, SpanName, SpanKind, StatusCode, SpanAttributes, ResourceAttributes
       FROM otel_traces
       WHERE ${withinRange(question.range, bindings)} AND ${filterCondition(question.clauses, bindings)}
         AND cityHash64(SpanId) % if(selected, ${everyInside}, ${everyOutside}) = 0)
     SELECT item.1 AS key, item.2 AS value, countIf(selected) / any(all_in) AS inside, countIf(NOT selected) / any(all_out) AS outside
     FROM (SELECT selected, arrayJoin(arrayConcat(
         [('service', ServiceName::String), ('name', SpanName::String),
          ('kind', replaceOne(lower(SpanKind::String), 'span_kind_', '')), ('status', replaceOne(lower(StatusCode::String), 'status_code_', ''))],
         arrayMap((k, v) -> (if(has(${fields}, k) OR startsWith(k, 'span.') OR startsWith(k, 'resource.'), concat('span.', k), k::String), substring(v, 1, ${VALUE_LENGTH})),
           mapKeys(SpanAttributes), mapValues(SpanAttributes)),
         arrayMap((k, v) -> (concat('resource.', k), substring(v, 1, ${VALUE_LENGTH})), mapKeys(ResourceAttributes), mapValues(ResourceAttributes))
       )) AS item FROM sampled) AS items
     CROSS JOIN (SELECT greatest(countIf(selected), 1) AS all_in, greatest(countIf(NOT selected), 1) AS all_out FROM sampled) AS totals
     GROUP BY key, value
     HAVING inside != outside
     ORDER BY abs(inside - outside) DESC, key, value LIMIT ${MOST_DIFFERENCES}`,
    bindings,
  );
  return {
    differences: rows.map(({ key, value, inside, outside }) => ({ key, value, inside, outside })),
    insideSpans: inside,
    outsideSpans: outside,
    stats: reader.stats(),
  };
}

async function sizes(
  reader: Reader,
  question: DifferencesQuestion,
): Promise<{ readonly inside: number; readonly outside: number }> {
  const bindings = createBindings();
  const [row] = await reader.rows<{ readonly inside: string; readonly matching: string }>(
    `SELECT countIf(${isInside(question, bindings)}) AS inside, count() AS matching FROM otel_traces
     WHERE ${withinRange(question.range, bindings)} AND ${filterCondition(question.clauses, bindings)}`,
    bindings,
  );
  const inside = Number(row?.inside ?? 0);
  return { inside, outside: Number(row?.matching ?? 0) - inside };
}

function isInside(question: DifferencesQuestion, bindings: Bindings): string {
  const { selection, minDurationNano } = question;
  const within = `Timestamp >= ${nanoTime(selection.startNano, bindings)} AND Timestamp < ${nanoTime(selection.endNano, bindings)}`;
  return minDurationNano === undefined
    ? `(${within})`
    : `(${within} AND Duration >= ${bindings.bind('UInt64', String(minDurationNano))})`;
}
