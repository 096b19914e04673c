import { StoreError } from '../store/store.js';
import { type Bindings, createBindings } from './bindings.js';
import { readFields, unreadableCursor, writeFields } from './cursor-fields.js';
import { type LogQuestion, timelessConditions } from './log-question.js';
import { LOG_ROW, type LogRow, logRecordsJson } from './log-records.js';
import type { Reader } from './reader.js';

interface TailQuestion extends Omit<LogQuestion, 'range'> {
  /** `cursor` of the answer before; without it the tail begins now. */
  readonly cursor?: string | undefined;
  /** Of a tail that begins: so many of the newest records that are there already. */
  readonly backlog: number;
  /** What one answer holds at most. */
  readonly limit: number;
  /** How long to wait for the first record. */
  readonly waitMs: number;
}

/**
 * Log records as they are stored. The tail is made of answers: each holds what was stored after the `cursor` of the one before and matches, once, whatever
 * time it says it was written at. An answer that was lost is asked for again by the same cursor. Of more than `limit` records an answer holds the
 * newest and says how many it left out.
 *
 * What is new is known by the number of the insert that brought it (`_block_number`), which a record keeps through merges. It holds for tables into which
 * inserts go in turn, as one collector's do; of a cluster that several collectors write to, an insert that was begun earlier and finished later than another is passed over.
 */
export interface LogTails {
  /** Resolves with the JSON of a `LogTailAnswer` when there are records or the waiting is over. Throws `StoreError` `busy` beyond so many at once. */
  next(reader: () => Reader, question: TailQuestion, abort: AbortSignal): Promise<string>;
}

/** The newest insert of each day, the newest day first. */
type Heads = ReadonlyMap<string, number>;

const MOST_TAILS = 16;
const LOOK_MS = 300;
/** Records of days further back are not followed. */
const MOST_DAYS = 64;

export function createLogTails(): LogTails {
  let waiting = 0;
  let looked: { readonly at: number; readonly heads: Promise<Heads> } | undefined;

  /** One look serves all who wait. It ends with whoever has asked for it; the others then look themselves. */
  async function headsNow(reader: Reader): Promise<Heads> {
    if (looked !== undefined && performance.now() - looked.at <= LOOK_MS / 2) {
      const heads = await looked.heads.catch(() => undefined);
      if (heads !== undefined) return heads;
    }
    looked = { at: performance.now(), heads: readHeads(reader) };
    return await looked.heads;
  }

  return {
    async next(readerOf, question, abort) {
      if (waiting >= MOST_TAILS)
        throw new StoreError('busy', 'Too many are following the log records at once; ask again in a moment.', true);
      waiting++;
      try {
        const deadline = performance.now() + question.waitMs;
        if (question.cursor === undefined) {
          const reader = readerOf();
          const heads = await readHeads(reader);
          const rows = question.backlog === 0 ? [] : await readBacklog(reader, question, heads);
          return answerOf(reader, rows, heads, 0);
        }
        let before = readCursor(question.cursor);
        for (;;) {
          const reader = readerOf();
          const heads = await headsNow(reader);
          const changed = daysThatChanged(before, heads);
          if (changed.length > 0) {
            const { rows, leftOut } = await readNew(reader, question, changed);
            if (rows.length > 0) return answerOf(reader, rows, heads, leftOut);
            before = heads;
          }
          if (performance.now() >= deadline || abort.aborted) return answerOf(reader, [], before, 0);
          await pause(Math.min(LOOK_MS, Math.max(1, deadline - performance.now())), abort);
        }
      } finally {
        waiting--;
      }
    },
  };
}

async function readHeads(reader: Reader): Promise<Heads> {
  const rows = await reader.rows<{ readonly day: string; readonly block: string }>(
    `SELECT partition_id AS day, max(max_block_number) AS block FROM system.parts
     WHERE database = currentDatabase() AND table = 'otel_logs' AND active GROUP BY day ORDER BY day DESC LIMIT ${MOST_DAYS}`,
    createBindings(),
  );
  return new Map(rows.map(({ day, block }) => [day, Number(block)]));
}

interface ChangedDay {
  readonly day: string;
  readonly after: number;
  readonly upTo: number;
}

function daysThatChanged(before: Heads, heads: Heads): readonly ChangedDay[] {
  const known = [...before.keys()];
  const oldest = known.length < MOST_DAYS ? '' : (known.at(-1) ?? '');
  return [...heads]
    .map(([day, upTo]) => ({ day, upTo, after: before.get(day) ?? (day > oldest ? -1 : upTo) }))
    .filter(({ after, upTo }) => upTo > after);
}

/** A part says in its name which inserts are in it: those without a new one are not read at all. */
function newerThan({ day, after, upTo }: ChangedDay, bindings: Bindings): string {
  const number = bindings.bind('Int64', after);
  return `(_partition_id = ${bindings.bind('String', day)} AND toInt64OrZero(splitByChar('_', _part)[3]) > ${number} AND toInt64(_block_number) > ${number} AND toInt64(_block_number) <= ${bindings.bind('Int64', upTo)})`;
}

async function readNew(
  reader: Reader,
  question: TailQuestion,
  changed: readonly ChangedDay[],
): Promise<{ readonly rows: readonly LogRow[]; readonly leftOut: number }> {
  const where = (bindings: Bindings): string =>
    [
      `(${changed.map((day) => newerThan(day, bindings)).join(' OR ')})`,
      ...timelessConditions(question, bindings),
    ].join(' AND ');
  const bindings = createBindings();
  const rows = await reader.rows<LogRow>(
    `SELECT ${LOG_ROW} FROM otel_logs WHERE ${where(bindings)} ORDER BY Timestamp DESC LIMIT ${question.limit + 1}`,
    bindings,
  );
  if (rows.length <= question.limit) return { rows: rows.reverse(), leftOut: 0 };
  const counting = createBindings();
  const [all] = await reader.rows<{ readonly records: string }>(
    `SELECT count() AS records FROM otel_logs WHERE ${where(counting)}`,
    counting,
  );
  const shown = rows.slice(0, question.limit).reverse();
  return { rows: shown, leftOut: Number(all?.records ?? rows.length) - shown.length };
}

async function readBacklog(reader: Reader, question: TailQuestion, heads: Heads): Promise<readonly LogRow[]> {
  const bindings = createBindings();
  const days = [...heads].map(
    ([day, upTo]) =>
      `(_partition_id = ${bindings.bind('String', day)} AND toInt64(_block_number) <= ${bindings.bind('Int64', upTo)})`,
  );
  if (days.length === 0) return [];
  const conditions = [`(${days.join(' OR ')})`, ...timelessConditions(question, bindings)];
  // By the sorting key, so that only its end is read.
  const rows = await reader.rows<LogRow>(
    `SELECT ${LOG_ROW} FROM otel_logs WHERE ${conditions.join(' AND ')}
     ORDER BY toStartOfFiveMinutes(Timestamp) DESC, Timestamp DESC LIMIT ${question.backlog}`,
    bindings,
  );
  return rows.reverse();
}

function answerOf(reader: Reader, rows: readonly LogRow[], heads: Heads, leftOut: number): string {
  const cursor = writeFields([[...heads].map(([day, block]) => `${day}:${block}`).join(',')], 'tail');
  const left = leftOut > 0 ? `,"leftOut":${leftOut}` : '';
  return `{${logRecordsJson(rows)},"cursor":"${cursor}"${left},"stats":${JSON.stringify(reader.stats())}}`;
}

function readCursor(text: string): Heads {
  const [days = ''] = readFields(text, 'tail', 1);
  if (!/^(?:\w{1,32}:\d{1,19}(?:,\w{1,32}:\d{1,19}){0,63})?$/.test(days)) throw unreadableCursor();
  if (days === '') return new Map();
  return new Map(days.split(',').map((day) => [day.split(':')[0]!, Number(day.split(':')[1])]));
}

function pause(ms: number, abort: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(settle, ms);
    function settle(): void {
      clearTimeout(timer);
      abort.removeEventListener('abort', settle);
      done();
    }
    abort.addEventListener('abort', settle);
  });
}
