import type { DifferencesAnswer } from '../shapes/api.js';
import { type Clause, FILTER_FIELDS } from '../shapes/filter.js';
import { type Bindings, createBindings } from './bindings.js';
import { everyBlock } from './every-block.js';
import { filterCondition } from './filter-sql.js';
import type { Reader } from './reader.js';
import { nanoTime, type TimeRange, withinRange } from './time-range.js';

/** Spans whose attributes are unpacked; more are sampled by blocks of rows. */
const MOST_READ = 1_000_000;
/** Spans compared on each side; more are thinned out. */
const MOST_COMPARED = 50_000;
const MOST_DIFFERENCES = 50;
const MOST_VALUES = 2_000;
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
  const every = Math.max(1, Math.ceil((inside + outside) / MOST_READ));
  const thinInside = Math.ceil(inside / every / MOST_COMPARED);
  const thinOutside = Math.ceil(outside / every / MOST_COMPARED);
  const sampled = (bindings: Bindings, columns: string) =>
    `SELECT ${isInside(question, bindings)} AS selected ${columns} FROM otel_traces ${everyBlock(every)}
     WHERE ${withinRange(question.range, bindings)} AND ${filterCondition(question.clauses, bindings)}
       AND cityHash64(_part_offset) % if(selected, ${thinInside}, ${thinOutside}) = 0`;
  const [sizesOfSample, rows] = await Promise.all([sampleSizes(reader, sampled), valuesOf(reader, sampled)]);
  const share = (count: string, all: number) => (all === 0 ? 0 : Number(count) / all);
  const found = rows.map((row) => ({
    key: row.key,
    value: row.value,
    inside: share(row.inside, sizesOfSample.inside),
    outside: share(row.outside, sizesOfSample.outside),
  }));
  return {
    differences: found
      .filter((one) => one.inside !== one.outside)
      .sort(
        (a, b) =>
          Math.abs(b.inside - b.outside) - Math.abs(a.inside - a.outside) ||
          (a.key < b.key ? -1 : a.key > b.key ? 1 : a.value < b.value ? -1 : 1),
      )
      .slice(0, MOST_DIFFERENCES),
    insideSpans: sizesOfSample.inside,
    outsideSpans: sizesOfSample.outside,
    stats: reader.stats(),
  };
}

type Sampled = (bindings: Bindings, columns: string) => string;

async function sampleSizes(
  reader: Reader,
  sampled: Sampled,
): Promise<{ readonly inside: number; readonly outside: number }> {
  const bindings = createBindings();
  const [row] = await reader.rows<{ readonly inside: string; readonly outside: string }>(
    `SELECT countIf(selected) AS inside, countIf(NOT selected) AS outside FROM (${sampled(bindings, '')})`,
    bindings,
  );
  return { inside: Number(row?.inside ?? 0), outside: Number(row?.outside ?? 0) };
}

/** The values carried most often on either side; what differs most is among them. */
async function valuesOf(reader: Reader, sampled: Sampled) {
  const bindings = createBindings();
  const fields = bindings.bind('Array(String)', [...FILTER_FIELDS]);
  return await reader.rows<{
    readonly key: string;
    readonly value: string;
    readonly inside: string;
    readonly outside: string;
  }>(
    `SELECT item.1 AS key, item.2 AS value, countIf(selected) AS inside, countIf(NOT selected) AS outside
     FROM (SELECT selected, arrayJoin(arrayConcat(
         [('service', ServiceName::String), ('name', SpanName::String),
          ('kind', replaceOne(lower(SpanKind::String), 'span_kind_', '')), ('status', replaceOne(lower(StatusCode::String), 'status_code_', ''))],
         arrayMap((k, v) -> (if(has(${fields}, k) OR startsWith(k, 'span.') OR startsWith(k, 'resource.'), concat('span.', k), k::String), substring(v, 1, ${VALUE_LENGTH})),
           mapKeys(SpanAttributes), mapValues(SpanAttributes)),
         arrayMap((k, v) -> (concat('resource.', k), substring(v, 1, ${VALUE_LENGTH})), mapKeys(ResourceAttributes), mapValues(ResourceAttributes))
       )) AS item
       FROM (${sampled(bindings, ', ServiceName, SpanName, SpanKind, StatusCode, SpanAttributes, ResourceAttributes')}))
     GROUP BY key, value
     ORDER BY greatest(inside / (SELECT greatest(countIf(selected), 1) FROM (${sampled(bindings, '')})),
                       outside / (SELECT greatest(countIf(NOT selected), 1) FROM (${sampled(bindings, '')}))) DESC
     LIMIT ${MOST_VALUES}`,
    bindings,
  );
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
