import { type Bindings, createBindings } from './bindings.js';
import { readFields, unreadableCursor, writeFields } from './cursor-fields.js';
import { type LogQuestion, logCondition } from './log-question.js';
import { LOG_ROW, type LogRow, logRecordsJson } from './log-records.js';
import type { Reader } from './reader.js';
import { nanoTime, type TimeRange } from './time-range.js';

export interface LogSearch extends LogQuestion {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * Where a page ends. Records have no id: their place is their time and, among those of one time, a hash of what they say. `equal` are those of
 * exactly this place that were shown already: records that are the same in everything.
 */
interface Place {
  readonly atNano: bigint;
  readonly hash: string;
  readonly equal: number;
}

/** Enough to tell any two records apart that differ in what a person would look at. */
const HASH =
  'cityHash64(TraceId, SpanId, ServiceName, SeverityNumber, SeverityText, EventName, Body, LogAttributes, ResourceAttributes, ScopeName)';

/** Where matching records are, and how many. */
interface Found {
  readonly at: string;
  readonly service: string;
  readonly records: string;
}

type HashedRow = LogRow & { readonly hash: string };

/**
 * Log records, newest first, as the JSON of a `LogsAnswer`. The first page pins the time range; while data arrives no record comes twice, and none that
 * was there at the first page is skipped.
 */
export async function searchLogs(reader: Reader, search: LogSearch): Promise<string> {
  const question = JSON.stringify([
    search.service,
    search.leastSeverity,
    search.filterText,
    search.traceId,
    search.spanId,
  ]);
  const page = search.cursor === undefined ? undefined : readCursor(search.cursor, question);
  const range = page?.range ?? search.range;
  const rows = await readPage(reader, { ...search, range }, page?.last);
  const shown = rows.slice(0, search.limit);
  const next = rows.length > search.limit ? `,"nextCursor":"${cursorAfter(shown, page?.last, range, question)}"` : '';
  return `{${logRecordsJson(shown)}${next},"stats":${JSON.stringify(reader.stats())}}`;
}

async function readPage(reader: Reader, search: LogSearch, last: Place | undefined): Promise<HashedRow[]> {
  const wanted = search.limit + 1;
  const skipped = last?.equal ?? 0;
  // First where the records of the page are, all those of its last moment included. What is dear (bodies, hashes) is then read of those places alone.
  const bindings = createBindings();
  const places = await reader.rows<Found>(
    `SELECT toUnixTimestamp64Nano(Timestamp) AS at, ServiceName AS service, count() AS records FROM (
       SELECT Timestamp, ServiceName FROM otel_logs WHERE ${conditionOf(search, last, bindings)}
       ORDER BY toStartOfFiveMinutes(Timestamp) DESC, Timestamp DESC LIMIT ${wanted + skipped} WITH TIES)
     GROUP BY at, service`,
    bindings,
  );
  if (places.length === 0) return [];
  const dear = createBindings();
  const lowest = places.map(({ at }) => BigInt(at)).reduce((one, other) => (one < other ? one : other));
  // Usually they are no more than the page holds. Where there is a limit, the engine comes back for what it does not sort by, and unpacks as much again.
  const found = places.reduce((sum, { records }) => sum + Number(records), 0);
  const limit = skipped > 0 || found > wanted ? `LIMIT ${wanted} OFFSET ${skipped}` : '';
  // Where words may be is known by now: their index is as large as all else that is read.
  return reader.rows<HashedRow>(
    `SELECT ${LOG_ROW}, ${HASH} AS hash FROM otel_logs
     PREWHERE ${placesSql(places, dear)} WHERE ${conditionOf({ ...search, range: { ...search.range, startNano: lowest } }, last, dear)}
     ORDER BY Timestamp DESC, hash ${limit} SETTINGS use_skip_indexes = 0`,
    dear,
  );
}

/**
 * As the sorting key has them, so that only blocks are read in which a record of the page is. The engine asks the primary index for the rows of a statement; a computed
 * array it compares with each row, which took a second of processor for 400,000 rows, and tuples one by one take it longer to analyse than to look for.
 */
function placesSql(places: readonly Found[], bindings: Bindings): string {
  const services = [...new Set(places.map(({ service }) => service))];
  const names = services.map((service) => bindings.bind('String', service)).join(', ');
  const pairs = places.map(({ at, service }) => `(${at}, ${services.indexOf(service) + 1})`).join(', ');
  return `(toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp) IN (
    SELECT toStartOfFiveMinutes(fromUnixTimestamp64Nano(place.1)), [${names}][place.2], fromUnixTimestamp64Nano(place.1)
    FROM (SELECT arrayJoin([${pairs}]::Array(Tuple(Int64, UInt32))) AS place))`;
}

function conditionOf(search: LogSearch, last: Place | undefined, bindings: Bindings): string {
  const all = [logCondition(search, bindings)];
  if (last !== undefined) {
    const at = nanoTime(last.atNano, bindings);
    all.push(
      `Timestamp <= ${at} AND (Timestamp < ${at} OR ${HASH} >= toUInt64(${bindings.bind('UInt64', last.hash)}))`,
    );
  }
  return all.join(' AND ');
}

function cursorAfter(
  shown: readonly HashedRow[],
  before: Place | undefined,
  range: TimeRange,
  question: string,
): string {
  const { at, hash } = shown.at(-1)!;
  const same = shown.filter((row) => row.at === at && row.hash === hash).length;
  const goesOn = before !== undefined && before.hash === hash && String(before.atNano) === at;
  const equal = same + (goesOn ? before.equal : 0);
  return writeFields([at, hash, String(equal), String(range.startNano), String(range.endNano)], question);
}

function readCursor(text: string, question: string): { readonly last: Place; readonly range: TimeRange } {
  const fields = readFields(text, question, 5);
  if (!fields.every((field) => /^\d{1,20}$/.test(field))) throw unreadableCursor();
  const [at = '', hash = '', equal = '', start = '', end = ''] = fields;
  if (Number(equal) > 1_000_000) throw unreadableCursor();
  return {
    last: { atNano: BigInt(at), hash, equal: Number(equal) },
    range: { startNano: BigInt(start), endNano: BigInt(end) },
  };
}
