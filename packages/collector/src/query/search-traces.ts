import type { TracesAnswer } from '../shapes/api.js';
import type { Clause } from '../shapes/filter.js';
import { type Bindings, createBindings } from './bindings.js';
import { type Cursor, MOST_SHOWN, readCursor, SHOWN_DIGITS, writeCursor } from './cursor.js';
import { filterBranches, filterCondition } from './filter-sql.js';
import type { Reader } from './reader.js';
import { statusName } from './stored-names.js';
import { type MatchedSpan, summariseTraces } from './summarise-traces.js';
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

/** Spans looked at in one statement, from the top of the list; four times as many each time that they make no page, up to a bound. */
const FIRST_SPANS = 2_000;
const MORE_SPANS = 4;
const MOST_SPANS = 32_000;

interface Candidate {
  readonly id: string;
  readonly key: bigint;
  /** Its matching spans that were met; none where nothing was asked for. */
  readonly matched: MatchedSpan[];
}

/** A span as it is met in a search. */
interface Met {
  readonly id: string;
  readonly key: bigint;
  readonly span?: MatchedSpan | undefined;
}

/**
 * Finds traces of which one span meets every clause.
 *
 * A page is found through the topmost matching spans alone, which the engine finds without grouping what lies below them; only the
 * traces of the page are then looked at whole.
 *
 * Paging is stable while data arrives: the range is pinned by the first page, a page holds traces with a matching span below the
 * last key, and traces already shown are left out by name. So no trace comes twice, and none that was there at the first page is skipped.
 */
export async function searchTraces(reader: Reader, search: TraceSearch): Promise<TracesAnswer> {
  const cursor = search.cursor === undefined ? undefined : readCursor(search.cursor, search.question);
  const range = cursor ?? search.range;
  const wanted = search.limit + 1;
  const found = new Map<string, Candidate>();
  for (const [bottom, top] of windows(search, range, cursor)) {
    await fill(reader, { search, range, cursor, bottom, top, wanted }, found);
    if (found.size >= wanted) break;
  }
  const page = [...found.values()].slice(0, search.limit);
  const traces = await summariseTraces(reader, page);
  const nextCursor = found.size > search.limit ? nextOf(page, range, cursor, search.question) : undefined;
  return { traces, ...(nextCursor === undefined ? {} : { nextCursor }), stats: reader.stats() };
}

function nextOf(page: readonly Candidate[], range: TimeRange, cursor: Cursor | undefined, question: string): string {
  const last = page.at(-1)!;
  const shown = [...(cursor?.shown ?? []), ...page.map(({ id }) => id.slice(-SHOWN_DIGITS))];
  const kept = shown.slice(-MOST_SHOWN);
  // What is no longer named is left out by its place: every trace with a span down to the horizon was shown.
  const horizon =
    kept.length < shown.length
      ? { key: cursor?.key ?? last.key, traceId: cursor?.traceId ?? last.id }
      : cursor?.horizon;
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

interface SpanRow {
  readonly id: string;
  readonly key: string;
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
  readonly took: string;
  readonly status: string;
}

interface Window {
  readonly search: TraceSearch;
  readonly range: TimeRange;
  readonly cursor: Cursor | undefined;
  /** Of the sort's axis, half open. */
  readonly bottom: bigint;
  readonly top: bigint;
  readonly wanted: number;
  /** Traces that are found already. Without them a trace of millions of spans would be read to its end to see what lies below it. */
  readonly without: readonly string[];
}

/** Adds traces of the window from the top downwards, in the order of the list, until there are enough or no more. */
async function fill(reader: Reader, window: Omit<Window, 'without'>, found: Map<string, Candidate>): Promise<void> {
  let top = window.top;
  for (let limit = FIRST_SPANS; top > window.bottom; limit = Math.min(MOST_SPANS, limit * MORE_SPANS)) {
    const below = { ...window, top, without: [...found.keys()] };
    const spans = await topmost(reader, below, limit);
    const lowest = spans.at(-1)?.key;
    if (lowest === undefined) return;
    const complete = spans.length < limit;
    // Of spans with the lowest key some may have been cut off; they come with the next statement, or by themselves.
    for (const span of complete ? spans : spans.filter(({ key }) => key > lowest)) take(found, span);
    if (complete || found.size >= window.wanted) return;
    if (spans[0]!.key === lowest) {
      for (const span of await tracesAt(reader, below, lowest, window.wanted)) take(found, span);
      if (found.size >= window.wanted) return;
      top = lowest;
    } else {
      top = lowest + 1n;
    }
  }
}

function take(found: Map<string, Candidate>, { id, key, span }: Met): void {
  const known = found.get(id);
  if (known === undefined) found.set(id, { id, key, matched: span === undefined ? [] : [span] });
  else if (span !== undefined) known.matched.push(span);
}

async function topmost(reader: Reader, window: Window, limit: number): Promise<Met[]> {
  const bindings = createBindings();
  const axis = AXES[window.search.sort];
  const order = `ORDER BY ${axis.column} DESC LIMIT ${limit}`;
  // Without a filter every span matches, and which ones were met is no news.
  const matched = window.search.clauses.length > 0;
  const span = matched
    ? ', SpanId AS spanId, ServiceName AS service, SpanName AS name, Duration AS took, StatusCode AS status'
    : '';
  const branches = conditions(window, bindings).map(
    (condition) => `SELECT TraceId AS id, ${axis.key} AS key ${span} FROM otel_traces WHERE ${condition} ${order}`,
  );
  const all = branches.length === 1 ? branches[0]! : branches.map((branch) => `(${branch})`).join(' UNION ALL ');
  const rows = await reader.rows<SpanRow>(`SELECT * FROM (${all}) ORDER BY key DESC, id DESC LIMIT ${limit}`, bindings);
  return rows.map((row) => ({
    id: row.id,
    key: BigInt(row.key),
    span: matched
      ? {
          spanId: row.spanId,
          service: row.service,
          name: row.name,
          durationNano: Number(row.took),
          status: statusName(row.status),
        }
      : undefined,
  }));
}

/** Traces with a span at exactly this key, where more spans share it than one statement looks at. */
async function tracesAt(reader: Reader, window: Window, key: bigint, limit: number): Promise<Met[]> {
  const bindings = createBindings();
  const [first, ...others] = conditions({ ...window, bottom: key, top: key + 1n }, bindings);
  const rows = await reader.rows<{ readonly id: string }>(
    `SELECT DISTINCT TraceId AS id FROM otel_traces WHERE ${[first, ...others].map((one) => `(${one})`).join(' OR ')} ORDER BY id DESC LIMIT ${limit}`,
    bindings,
  );
  return rows.map(({ id }) => ({ id, key }));
}

/** One or two conditions that exclude each other (`filterBranches`). */
function conditions(window: Window, bindings: Bindings): readonly string[] {
  const { search, range, cursor, without } = window;
  const axis = AXES[search.sort];
  const at = (key: bigint) => axis.value(key, bindings);
  return filterBranches(search.clauses, bindings).map((filter) => {
    const all = [axis.within(window, bindings), filter, "TraceId != ''"];
    if (without.length > 0) all.push(`TraceId NOT IN ${bindings.bind('Array(String)', without)}`);
    if (cursor !== undefined) {
      all.push(
        `(${axis.column} < ${at(cursor.key)} OR (${axis.column} = ${at(cursor.key)} AND TraceId < ${bindings.bind('String', cursor.traceId)}))`,
        `substring(TraceId, -${SHOWN_DIGITS}) NOT IN ${bindings.bind('Array(String)', cursor.shown)}`,
      );
      if (cursor.horizon !== undefined) {
        all.push(
          `TraceId NOT IN (SELECT TraceId FROM otel_traces WHERE ${withinRange(range, bindings)} AND ${filterCondition(search.clauses, bindings)}
             AND (${axis.column} > ${at(cursor.horizon.key)} OR (${axis.column} = ${at(cursor.horizon.key)} AND TraceId >= ${bindings.bind('String', cursor.horizon.traceId)})))`,
        );
      }
    }
    return all.join(' AND ');
  });
}

interface Axis {
  readonly column: string;
  /** The column as a whole number. A trace's key is the greatest of its matching spans. */
  readonly key: string;
  value(key: bigint, bindings: Bindings): string;
  /** SQL that is true for spans of the window, which lies within its range. */
  within(window: Pick<Window, 'range' | 'bottom' | 'top'>, bindings: Bindings): string;
}

const AXES: Readonly<Record<TraceSort, Axis>> = {
  newest: {
    column: 'Timestamp',
    key: 'toUnixTimestamp64Nano(Timestamp)',
    value: nanoTime,
    within: ({ bottom, top }, bindings) => withinRange({ startNano: bottom, endNano: top }, bindings),
  },
  slowest: {
    column: 'Duration',
    key: 'Duration',
    value: durationOf,
    within: ({ range, bottom, top }, bindings) =>
      `${withinRange(range, bindings)} AND Duration >= ${durationOf(bottom, bindings)} AND Duration < ${durationOf(top, bindings)}`,
  },
};

function durationOf(key: bigint, bindings: Bindings): string {
  return `toUInt64(${bindings.bind('UInt64', String(key))})`;
}

/** Half-open pieces of the sort's axis, from the top downwards. */
function windows(
  search: TraceSearch,
  range: TimeRange,
  cursor: Cursor | undefined,
): (readonly [bottom: bigint, top: bigint])[] {
  if (search.sort === 'slowest') return [[0n, cursor === undefined ? LAST_NANO : cursor.key + 1n]];
  const top = cursor === undefined ? range.endNano : cursor.key + 1n;
  const bottom = range.startNano;
  // Most lists are filled by the newest part of the range, which is then all that is read. A value of an attribute is carried by few
  // spans, and would be looked for twice.
  if (search.clauses.some(isRare)) return [[bottom, top]];
  const span = top - bottom;
  const upper = top - span / 64n;
  const lower = top - span / 8n;
  return [
    [upper, top],
    [lower, upper],
    [bottom, lower],
  ];
}

function isRare({ field, operator }: Clause): boolean {
  return operator === '=' && (field === 'attribute' || field === 'trace' || field === 'span');
}
