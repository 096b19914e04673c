import type { SqlAnswer, SqlProgressAnswer, SqlSchemaAnswer } from '../shapes/api.js';
import { type ForeignOptions, type Store, StoreError } from '../store/store.js';
import { createBindings } from './bindings.js';
import { checkSql } from './check-sql.js';
import { QueryProblem } from './query-problem.js';
import type { Reader } from './reader.js';
import { readSqlCatalog, type SqlCatalog } from './sql-catalog.js';
import type { TimeRange } from './time-range.js';

export interface SqlLimits {
  readonly maxExecutionMs: number;
  /** Of the answer; what a statement reads is bounded by its time. */
  readonly maxRows: number;
  readonly maxMemoryBytes: number;
}

const DEFAULT_SQL_LIMITS: SqlLimits = {
  maxExecutionMs: 15_000,
  maxRows: 10_000,
  maxMemoryBytes: 256 * 1024 * 1024,
};

/** Longer ones do not fit an address. */
export const MOST_SQL_CHARACTERS = 10_000;

const CATALOG_MS = 10_000;

interface SqlQuestion {
  readonly sql: string;
  /** What `{start:…}` and `{end:…}` mean. */
  readonly range: TimeRange;
  /** By which its progress is asked for: hexadecimal digits of the client's choice. */
  readonly id?: string | undefined;
}

/** Runs statements that people write. */
export interface SqlDesk {
  run(reader: Reader, question: SqlQuestion, abort: AbortSignal | undefined): Promise<SqlAnswer>;
  progress(reader: Reader, id: string): Promise<SqlProgressAnswer>;
  schema(reader: Reader): Promise<SqlSchemaAnswer>;
}

const markOf = (id: string): string => `/* sql-${id} */`;

export function createSqlDesk(store: Pick<Store, 'queryForeign'>, limits: SqlLimits = DEFAULT_SQL_LIMITS): SqlDesk {
  let catalog: Promise<SqlCatalog> | undefined;
  let readAtMs = 0;
  /** Of a server, others make databases and functions: what is to be refused is asked for again, also after a failure. */
  function catalogOf(reader: Reader): Promise<SqlCatalog> {
    if (performance.now() - readAtMs > CATALOG_MS) catalog = undefined;
    if (catalog !== undefined) return catalog;
    readAtMs = performance.now();
    const reading = readSqlCatalog(reader).catch((error: unknown) => {
      if (catalog === reading) catalog = undefined;
      throw error;
    });
    catalog = reading;
    return reading;
  }

  return {
    async run(reader, { sql, range, id = '' }, abort) {
      const began = performance.now();
      const known = await catalogOf(reader);
      const select = checkSql(await ownForm(reader, sql), known, range);
      const options: ForeignOptions = { ...limits, abort };
      try {
        const { columns, rows, stats } = await store.queryForeign(
          `${markOf(id)} SELECT * FROM (${select}) LIMIT ${limits.maxRows + 1}`,
          options,
        );
        return {
          columns,
          rows: rows.slice(0, limits.maxRows),
          ...(rows.length > limits.maxRows ? { truncated: true } : {}),
          stats: { ...stats, elapsedMs: Math.round((performance.now() - began) * 10) / 10 },
        };
      } catch (error) {
        throw asProblem(error, limits);
      }
    },

    async progress(reader, id) {
      const bindings = createBindings();
      const [row] = await reader.rows<
        Readonly<Record<'running' | 'rowsRead' | 'totalRows' | 'bytesRead' | 'memory', string>>
      >(
        `SELECT count() AS running, sum(read_rows) AS rowsRead, sum(total_rows_approx) AS totalRows, sum(read_bytes) AS bytesRead,
           sum(greatest(memory_usage, 0)) AS memory
         FROM system.processes WHERE position(query, ${bindings.bind('String', markOf(id))}) > 0 AND position(query, 'FROM system.processes') = 0`,
        bindings,
      );
      return {
        running: Number(row?.running ?? 0) > 0,
        rowsRead: Number(row?.rowsRead ?? 0),
        totalRows: Number(row?.totalRows ?? 0),
        bytesRead: Number(row?.bytesRead ?? 0),
        memoryBytes: Number(row?.memory ?? 0),
      };
    },

    async schema(reader) {
      const { database, functions } = await catalogOf(reader);
      const rows = await reader.rows<{
        readonly name: string;
        readonly names: readonly string[];
        readonly types: readonly string[];
      }>(
        `SELECT table AS name, groupArray(column) AS names, groupArray(type) AS types
         FROM (SELECT table, name AS column, type FROM system.columns WHERE database = currentDatabase() ORDER BY table, position)
         GROUP BY table HAVING NOT startsWith(table, '.inner') ORDER BY table`,
        createBindings(),
      );
      const tables = rows.map(({ name, names, types }) => ({
        name,
        columns: names.map((column, index) => ({ name: column, type: types[index] ?? '' })),
      }));
      return { database, tables, functions, limits: { ...limits }, stats: reader.stats() };
    },
  };
}

const off = (): never => {
  throw new QueryProblem('sql-off', 'Statements of SQL are not run here.', {
    hint: 'Whoever started the collector has switched them off with --sql-seconds 0.',
  });
};
/** Where the person who runs the collector wants none. */
export const NO_SQL: SqlDesk = { run: async () => off(), progress: async () => off(), schema: async () => off() };

/** The statement as the engine writes it, which says that it is one, and can be read. */
async function ownForm(reader: Reader, sql: string): Promise<string> {
  const bindings = createBindings();
  try {
    const [row] = await reader.rows<{ readonly sql: string }>(
      `SELECT formatQuerySingleLine(${bindings.bind('String', sql)}) AS sql`,
      bindings,
    );
    return row?.sql ?? '';
  } catch (error) {
    // `other`: nested too deep, and what else the engine finds in a text that it only formats.
    if (!(error instanceof StoreError) || (error.code !== 'bad-sql' && error.code !== 'other')) throw error;
    if (/Multi-statements are not allowed/.test(error.message))
      throw new QueryProblem('bad-sql', 'Only one statement is run at a time.');
    const found = /failed at position (\d+)(?: \(([^)]*)\))?/.exec(error.message);
    const expected = /Expected (.*?)\. ?(?::|While|In scope|\(SYNTAX|$)/s.exec(error.message)?.[1];
    throw new QueryProblem(
      'bad-sql',
      found === null
        ? `This cannot be read as SQL: ${plain(error.message)}`
        : `This cannot be read as SQL from ${found[2] === undefined || found[2] === '' ? 'here' : `“${found[2]}”`} on.`,
      {
        ...(found === null ? {} : { position: Number(found[1]) - 1 }),
        ...(expected === undefined ? {} : { hint: `Expected ${expected.slice(0, 300)}.` }),
      },
    );
  }
}

/** What the engine says of a statement is for the person who wrote it. */
function asProblem(error: unknown, { maxExecutionMs, maxMemoryBytes }: SqlLimits): unknown {
  if (!(error instanceof StoreError)) return error;
  switch (error.code) {
    case 'timeout':
      return new QueryProblem('sql-limit', `The statement took longer than ${maxExecutionMs / 1000} s.`, {
        hint: 'Ask about a shorter time: Timestamp >= {start:DateTime64(9)} reads the days that are needed alone.',
      });
    case 'too-much-memory':
      return new QueryProblem(
        'sql-limit',
        `The statement needs more than the ${Math.round(maxMemoryBytes / 1024 / 1024)} MiB of memory that one may have.`,
        { hint: 'Group by fewer values, or read fewer columns.' },
      );
    case 'bad-sql':
    case 'other':
      return new QueryProblem('bad-sql', plain(error.message));
    default:
      return error;
  }
}

function plain(message: string): string {
  return message
    .replace(/^(?:Query failed: )?(?:Code: \d+\. DB::Exception: )*/, '')
    .replace(/(?::? In scope | While executing | \(version )[\s\S]*$/, '')
    .replace(/\/\* sql-\w* \*\/ /g, '')
    .slice(0, 600);
}
