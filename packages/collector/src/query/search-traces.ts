import type { TracesAnswer } from '../shapes/api.js';
import type { Clause } from '../shapes/filter.js';
import { type Bindings, createBindings } from './bindings.js';
import { type Cursor, MOST_SHOWN, readCursor, SHOWN_DIGITS, writeCursor } from './cursor.js';
import { filterCondition } from './filter-sql.js';
import type { Reader } from './reader.js';
import { summariseTraces } from './summarise-traces.js';
import { LAST_NANO, nanoTime, type TimeRange, withinRange } from './time-range.js';

export type TraceSort = 'newest' | 'slowest';

export interface TraceSearch {
  readonly clauses: readonly Clause[];
  readonly range: TimeRange;
  /** 1 … 200. */
  readonly limit: number;
  /** `newest`: by the start of a trace's newest matching span; `slowest`: by the duration of its longest matching span. */
  readonly sort: TraceSort;
  /** From the answer before this one. The range is then the one of the first page, whatever `range` says. */
  readonly cursor?: string | undefined;
  /** Names this list (filter and sort as they were asked), so that a cursor of another one is refused. */
  readonly question: string;
}

/** So many spans are grouped by trace in some tens of milliseconds; the list is filled in steps of about this size. */
const SPANS_PER_STEP = 150_000;
const COUNTED_BUCKETS = 128n;

interface Candidate {
  readonly id: string;
  readonly key: string;
}

/**
 * Finds traces of which one span meets every clause.
 *
 * A page is found through the narrow columns alone, from the top of the list downwards in steps, because a list of twenty must
 * not cost the grouping of everything in the range; only the traces of the page are then looked at whole.
 *
 * Paging is stable while data arrives: the range is pinned by the first page, a page holds traces with a matching span below the
 * last key, and traces already shown are left out by name. So no trace comes twice, and none that was there at the first page is skipped.
 */
export async function searchTraces(reader: Reader, search: TraceSearch): Promise<TracesAnswer> {
  const cursor = search.cursor === undefined ? undefined : readCursor(search.cursor, search.question);
  const range = cursor ?? search.range;
  const found: Candidate[] = [];
  const wanted = search.limit + 1;
  for await (const [lower, upper] of steps(reader, search, range, cursor)) {
    const known = new Set(found.map((candidate) => candidate.id));
    const rows = await candidates(reader, { search, range, cursor, lower, upper, limit: wanted + known.size });
    for (const row of rows) if (!known.has(row.id)) found.push(row);
    if (found.length >= wanted) break;
  }
  const page = found.slice(0, search.limit);
  const traces = await summariseTraces(reader, { traceIds: page.map(({ id }) => id), clauses: search.clauses, range });
  const nextCursor = found.length > search.limit ? nextOf(page, range, cursor, search.question) : undefined;
  return { traces, ...(nextCursor === undefined ? {} : { nextCursor }), stats: reader.stats() };
}

function nextOf(page: readonly Candidate[], range: TimeRange, cursor: Cursor | undefined, question: string): string {
  const last = page.at(-1)!;
  const shown = [...(cursor?.shown ?? []), ...page.map(({ id }) => id.slice(-SHOWN_DIGITS))];
  const kept = shown.slice(-MOST_SHOWN);
  // What is no longer named is left out by its place: every trace with a span above the horizon was shown.
  const horizon = kept.length < shown.length ? (cursor?.key ?? BigInt(last.key)) : cursor?.horizon;
  return writeCursor(
    {
      key: BigInt(last.key),
      traceId: last.id,
      startNano: range.startNano,
      endNano: range.endNano,
      shown: kept,
      horizon,
    },
    question,
  );
}

interface Step {
  readonly search: TraceSearch;
  readonly range: TimeRange;
  readonly cursor: Cursor | undefined;
  readonly lower: bigint;
  readonly upper: bigint;
  readonly limit: number;
}

async function candidates(reader: Reader, step: Step): Promise<Candidate[]> {
  const { search, cursor } = step;
  const bindings = createBindings();
  const axis = AXES[search.sort];
  const conditions = [
    withinRange(step.range, bindings),
    filterCondition(search.clauses, bindings),
    `${axis.column} >= ${axis.value(step.lower, bindings)}`,
    `${axis.column} < ${axis.value(step.upper, bindings)}`,
    "TraceId != ''",
  ];
  let having = '';
  if (cursor !== undefined) {
    conditions.push(
      `(${axis.column} < ${axis.value(cursor.key, bindings)} OR (${axis.column} = ${axis.value(cursor.key, bindings)} AND TraceId < ${bindings.bind('String', cursor.traceId)}))`,
    );
    having = `HAVING substring(TraceId, -${SHOWN_DIGITS}) NOT IN ${bindings.bind('Array(String)', cursor.shown)}`;
    if (cursor.horizon !== undefined) {
      conditions.push(
        `TraceId NOT IN (SELECT TraceId FROM otel_traces WHERE ${withinRange(step.range, bindings)} AND ${filterCondition(search.clauses, bindings)}
           AND ${axis.column} >= ${axis.value(cursor.horizon, bindings)})`,
      );
    }
  }
  return await reader.rows<Candidate>(
    `SELECT TraceId AS id, ${axis.key} AS key FROM otel_traces WHERE ${conditions.join(' AND ')}
     GROUP BY TraceId ${having} ORDER BY key DESC, id DESC LIMIT ${step.limit}`,
    bindings,
  );
}

interface Axis {
  readonly column: string;
  /** The key of a trace: the greatest of its matching spans. */
  readonly key: string;
  value(key: bigint, bindings: Bindings): string;
}

const AXES: Readonly<Record<TraceSort, Axis>> = {
  newest: { column: 'Timestamp', key: 'toUnixTimestamp64Nano(max(Timestamp))', value: nanoTime },
  slowest: {
    column: 'Duration',
    key: 'max(Duration)',
    value: (key, bindings) => `toUInt64(${bindings.bind('UInt64', String(key))})`,
  },
};

/** Half-open pieces of the sort's axis from the top downwards, each holding about as many spans as are cheaply grouped. */
async function* steps(
  reader: Reader,
  search: TraceSearch,
  range: TimeRange,
  cursor: Cursor | undefined,
): AsyncGenerator<readonly [lower: bigint, upper: bigint]> {
  const newest = search.sort === 'newest';
  const bottom = newest ? range.startNano : 0n;
  let upper = cursor === undefined ? (newest ? range.endNano : LAST_NANO) : cursor.key + 1n;
  if (newest && !search.clauses.some(isRare)) {
    // Most lists are filled by the newest part of the range; only where this one is not is the rest counted.
    const guess = upper - (upper - bottom) / 16n;
    yield [guess, upper];
    upper = guess;
  }
  if (upper <= bottom) return;
  let spans = 0;
  let most = SPANS_PER_STEP;
  for (const { lower, count } of await countDownwards(reader, search, range, bottom, upper)) {
    spans += count;
    if (spans < most || lower >= upper) continue;
    yield [lower, upper];
    upper = lower;
    spans = 0;
    most *= 2;
  }
  if (spans > 0 && upper > bottom) yield [bottom, upper];
}

/** A value of an attribute is carried by few spans: the newest part of the range would rarely fill a page. */
function isRare({ field, operator }: Clause): boolean {
  return operator === '=' && (field === 'attribute' || field === 'trace' || field === 'span');
}

/** How many matching spans lie in each bucket below `upper`, with the bucket's lower bound, from the top downwards. */
async function countDownwards(
  reader: Reader,
  search: TraceSearch,
  range: TimeRange,
  bottom: bigint,
  upper: bigint,
): Promise<{ readonly lower: bigint; readonly count: number }[]> {
  const bindings = createBindings();
  const newest = search.sort === 'newest';
  const width = (upper - bottom) / COUNTED_BUCKETS + 1n;
  const bucket = newest
    ? `intDiv(toUnixTimestamp64Nano(Timestamp) - toInt64(${bindings.bind('Int64', String(bottom))}), toInt64(${bindings.bind('Int64', String(width))}))`
    : 'toUInt16(floor(log2(Duration + 1) * 4))';
  const axis = AXES[search.sort];
  const rows = await reader.rows<{ readonly bucket: string | number; readonly spans: string }>(
    `SELECT ${bucket} AS bucket, count() AS spans FROM otel_traces
     WHERE ${withinRange(range, bindings)} AND ${axis.column} < ${axis.value(upper, bindings)} AND ${filterCondition(search.clauses, bindings)}
     GROUP BY bucket ORDER BY bucket DESC`,
    bindings,
  );
  return rows.map((row) => {
    const index = Number(row.bucket);
    const lower = newest ? bottom + BigInt(index) * width : BigInt(Math.max(0, Math.floor(2 ** (index / 4)) - 1));
    return { lower, count: Number(row.spans) };
  });
}
