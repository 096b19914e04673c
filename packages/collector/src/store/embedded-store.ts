import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '../ops/log.js';
import type { QueryStats } from '../shapes/api.js';
import { applyMigrations } from './apply-migrations.js';
import { bindParameters } from './bind-parameters.js';
import { type CompactAnswer, compactRows } from './compact-rows.js';
import { engineError } from './engine-error.js';
import type { EngineStart, FromEngine, ToEngine } from './engine-messages.js';
import { foreignSettings, MAX_RESULT_CHARACTERS } from './foreign-settings.js';
import { keepDefinitions, restoreDefinitions } from './kept-definitions.js';
import { createMergePace, keepPace } from './merge-pace.js';
import { separateMergedColumns } from './merged-parts.js';
import { type BrokenPart, notesOfBrokenInserts, removeNotes, setAsideMerged } from './part-files.js';
import { createPartWatch, hasRoomForDefinitions } from './part-watch.js';
import { createPlaces } from './places.js';
import {
  type ForeignOptions,
  type PreparedInsert,
  type QueryOptions,
  type ResultTable,
  type Store,
  StoreError,
} from './store.js';
import { columnNamesOf, structureOf } from './stored-tables.js';
import { brokenEngine, missingEngine, platformProblem, UnusableStoreError } from './unusable-store.js';

export interface EmbeddedStoreOptions {
  /** The engine keeps its files in `<dataDir>/engine`; copies of its tables' definitions are in `<dataDir>/definitions`. The caller holds the directory's lock. */
  readonly dataDir: string;
  readonly retentionDays?: number | undefined;
  /** Bytes the engine may allocate for queries, inserts and merges together. Default: a quarter of the machine, 400 MB to 700 MB. */
  readonly memoryBytes?: number | undefined;
  /** Statements that may read at once; the rest waits in a queue of 64. Default 4. */
  readonly readers?: number | undefined;
  /** The engine's program; tests that run from source name the built one. */
  readonly engineEntry?: URL | undefined;
  /** Told when the engine died and when it is back. */
  readonly onEvent?: Log | undefined;
  /** How often what was merged is looked at. Default 20,000; for tests. */
  readonly partsEveryMs?: number | undefined;
}

const DATABASE = 'otel';
const DEFAULT_QUERY_MS = 30_000;
const FOREIGN_AT_ONCE = 2;
/** How long after its own time limit a statement may still be silent before the waiting ends. */
const GRACE_MS = 5_000;
const STOP_EVERY_MS = 250;
/** An insert of one group takes a second or two; an engine that is silent for this long will never answer. */
const INSERT_MS = 120_000;
const MAX_BACKOFF_MS = 10_000;
const CLOSE_MS = 10_000;
const PARTS_EVERY_MS = 20_000;
/**
 * Of the threads that insert and merge; a question has none. While a sender, the receiver and the engine want more than the processor has, what is to be acknowledged and who asks go first, and the
 * spool holds what comes. Where the process may not say so (`CAP_SYS_NICE`) all are equal.
 */
const INSERT_NICE = 5;
const MERGE_NICE = 10;
const ROOM_EVERY_MS = 250;
/**
 * Two threads share what is read from this on. The engine would have one thread read 160,000 rows, meant for columns of numbers; a trace by its id is 40,000 rows of all columns, from which twenty
 * are taken, and nearly all of its time is unpacking them.
 */
const SHARED_ROWS = 8_192;
const SHARED_BYTES = 10 * 1024 * 1024;

interface Answer {
  readonly bytes: Uint8Array;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly elapsedMs: number;
}
interface Pending {
  readonly settle: (answer: Answer | StoreError) => void;
}

/**
 * Opens (and creates where needed) the embedded engine in a process of its own. Resolves when the schema is in place. Throws
 * `UnusableStoreError` when chDB is not there or the directory cannot be used, `MigrationError` for a database of a newer release.
 *
 * Sessions: number 0 stops statements and does DDL, number 1 inserts, the others read.
 */
export async function createEmbeddedStore(options: EmbeddedStoreOptions): Promise<Store> {
  const problem = platformProblem();
  if (problem !== undefined) throw new UnusableStoreError(problem);
  const dataDir = join(resolve(options.dataDir), 'engine');
  const definitions = join(resolve(options.dataDir), 'definitions');
  mkdirSync(dataDir, { recursive: true });

  const readersAtOnce = options.readers ?? 4;
  const firstReader = 2;
  const memoryBytes = options.memoryBytes ?? Math.min(700e6, Math.max(400e6, totalmem() / 4));
  const engineStart: EngineStart = {
    dataDir,
    database: DATABASE,
    sessions: firstReader + readersAtOnce,
    arguments: engineArguments(memoryBytes),
  };
  const engineEntry = fileURLToPath(options.engineEntry ?? new URL('./engine-process.js', import.meta.url));

  let child: ChildProcess | undefined;
  let version = '';
  let closing = false;
  /** Found while the engine ran, to be put aside when it does not. */
  const halfMerged: BrokenPart[] = [];
  let trouble: string | undefined;
  let lastId = 0;
  const pending = new Map<number, Pending>();
  const readers = createPlaces(Array.from({ length: readersAtOnce }, (_, index) => firstReader + index));
  // Statements of people get a session each; few at once, so that they do not starve the views.
  const foreigners = createPlaces(Array.from({ length: FOREIGN_AT_ONCE }, (_, index) => index));
  // One statement at a time per session: these two have no pool, so they have a chain.
  const chains: [Promise<unknown>, Promise<unknown>] = [Promise.resolve(), Promise.resolve()];

  function startChild(): Promise<void> {
    return new Promise((ready, failed) => {
      const started = fork(engineEntry, [JSON.stringify(engineStart)], {
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        execArgv: ['--max-semi-space-size=4', '--max-old-space-size=256'],
        env: {
          ...process.env,
          UV_THREADPOOL_SIZE: String(engineStart.sessions + FOREIGN_AT_ONCE + 4),
          TZ: 'UTC',
          NODE_OPTIONS: '',
        },
      });
      let lastWords = '';
      started.stderr?.on('data', (chunk: Buffer) => {
        lastWords = (lastWords + chunk.toString()).slice(-2000);
      });
      started.on('message', (message: FromEngine) => {
        switch (message.kind) {
          case 'ready':
            child = started;
            version = message.version;
            trouble = undefined;
            ready();
            break;
          case 'unusable':
            failed(
              new UnusableStoreError(
                message.reason === 'missing'
                  ? missingEngine()
                  : message.reason === 'broken'
                    ? brokenEngine(message.message)
                    : `The data directory ${dataDir} cannot be opened (${message.message.trim()}): another program uses it, or its files are damaged.`,
              ),
            );
            break;
          case 'done':
            take(message.id)?.settle(message);
            break;
          case 'failed':
            take(message.id)?.settle(engineError(message.message, message.code));
            break;
        }
      });
      started.on('error', (error) => failed(error));
      started.on('exit', (code, signal) => {
        const wasRunning = child === started;
        if (wasRunning) child = undefined;
        const why = signal ?? `exit code ${code}`;
        failed(
          new UnusableStoreError(`The embedded engine stopped while starting (${why}). ${lastWords.trim()}`.trim()),
        );
        for (const id of [...pending.keys()]) {
          take(id)?.settle(new StoreError('away', `The engine stopped (${why}) and is being started again.`, true));
        }
        if (wasRunning && !closing) {
          trouble = `The engine stopped (${why}); starting it again.`;
          options.onEvent?.(trouble, 'error');
          void restart();
        }
      });
    });
  }

  /** With what a full disk left half-written put right. */
  async function startEngine(): Promise<void> {
    await setAsideMerged(halfMerged.splice(0));
    if ((await restoreDefinitions(dataDir, definitions)) > 0)
      options.onEvent?.('Definitions of tables were empty (the disk was full); they are there again.', 'warn');
    await startChild();
    const notes = await notesOfBrokenInserts((sql) => ask(0, sql));
    if (notes.length === 0) return;
    const engine = child;
    child = undefined;
    await new Promise((done) => {
      engine?.once('exit', done);
      engine?.kill('SIGKILL');
    });
    await removeNotes(notes, options.onEvent);
    await startChild();
  }

  async function restart(): Promise<void> {
    for (let waitMs = 100; !closing; waitMs = Math.min(waitMs * 2, MAX_BACKOFF_MS)) {
      await new Promise((done) => setTimeout(done, waitMs));
      if (closing) return;
      try {
        await startEngine();
        parts.started();
        options.onEvent?.('The engine is back.');
        return;
      } catch (error) {
        trouble = error instanceof Error ? error.message : String(error);
      }
    }
  }

  function take(id: number): Pending | undefined {
    const found = pending.get(id);
    pending.delete(id);
    return found;
  }

  /** One statement on one session. Rejects with `StoreError`; on abort it is stopped in the engine and the session stays taken until it has ended. */
  function run(
    session: number,
    sql: string,
    settings: string,
    format: string,
  ): { id: number; answer: Promise<Answer> } {
    return tell((id) => ({ kind: 'run', id, session, sql: `${markOf(id)} ${sql}`, settings, format }));
  }

  function tell(messageOf: (id: number) => ToEngine): { id: number; answer: Promise<Answer> } {
    const id = ++lastId;
    const answer = new Promise<Answer>((done, failed) => {
      const engine = child;
      if (engine === undefined) {
        failed(new StoreError('away', trouble ?? 'The engine is not running.', true));
        return;
      }
      pending.set(id, { settle: (result) => (result instanceof StoreError ? failed(result) : done(result)) });
      engine.send(messageOf(id), (error) => {
        if (error !== null) take(id)?.settle(new StoreError('away', 'The engine stopped.', true));
      });
    });
    return { id, answer };
  }

  /** A question of our own, on a session that the caller has. */
  async function ask<Row>(session: number, sql: string): Promise<readonly Row[]> {
    return compactRows<Row>(parseAnswer(await run(session, sql, '', 'JSONCompact').answer));
  }

  function inTurn<T>(chain: 0 | 1, work: () => Promise<T>): Promise<T> {
    const result = chains[chain].then(work, work);
    chains[chain] = result.catch(() => undefined);
    return result;
  }

  /** Again and again until the statement has ended: it may not have begun yet, or be past the moment that can be stopped. */
  function stop(id: number): void {
    const kill = (): void => {
      if (!pending.has(id)) {
        clearInterval(timer);
        return;
      }
      const sql = `KILL QUERY WHERE query LIKE '${markOf(id)}%' ASYNC`;
      void inTurn(0, () => run(0, sql, '', 'Null').answer).catch(() => undefined);
    };
    const timer = setInterval(kill, STOP_EVERY_MS);
    timer.unref();
    kill();
  }

  async function query<Row>(sql: string, queryOptions: QueryOptions = {}) {
    const { abort, params, maxExecutionMs = DEFAULT_QUERY_MS } = queryOptions;
    if (abort?.aborted) throw new StoreError('stopped', 'The question was withdrawn.', false);
    const bound = bindParameters(sql, params);
    const session = await readers.take(abort);
    const { id, answer } = run(session, bound, `max_execution_time = ${maxExecutionMs / 1000}`, 'JSONCompact');
    // The session is free when the statement has really ended, which may be after its caller has left.
    void answer.catch(() => undefined).then(() => readers.giveBack(session));
    const result = await untilWithdrawn(answer, abort, maxExecutionMs + GRACE_MS, () => stop(id));
    const parsed = parseAnswer(result);
    return { rows: compactRows<Row>(parsed), stats: statsOf(parsed, result) };
  }

  async function queryForeign(sql: string, foreign: ForeignOptions): Promise<ResultTable> {
    const { abort, maxExecutionMs, maxMemoryBytes } = foreign;
    if (abort?.aborted) throw new StoreError('stopped', 'The question was withdrawn.', false);
    const place = await foreigners.take(abort);
    const settings = [
      ...foreignSettings(maxExecutionMs, maxMemoryBytes).map(([name, value]) => `${name} = ${value}`),
      'readonly = 1',
    ];
    const { id, answer } = tell((statement) => ({
      kind: 'run-alone',
      id: statement,
      sql: `${markOf(statement)} ${sql}`,
      settings,
      format: 'JSONCompact',
      mostBytes: MAX_RESULT_CHARACTERS,
    }));
    void answer.catch(() => undefined).then(() => foreigners.giveBack(place));
    const result = await untilWithdrawn(answer, abort, maxExecutionMs + GRACE_MS, () => stop(id));
    const parsed = parseAnswer(result);
    return { columns: parsed.meta, rows: parsed.data, stats: statsOf(parsed, result) };
  }

  const pace = createMergePace({
    now: () => performance.now(),
    async setParts(parts) {
      if (!(await hasRoomForDefinitions(dataDir))) throw new StoreError('full', 'The disk is nearly full.', true);
      const { rows } = await query<{ name: string }>(
        `SELECT name FROM system.tables WHERE database = currentDatabase() AND create_table_query LIKE '%min_parts_to_merge_at_once = %'
         AND create_table_query NOT LIKE '%min_parts_to_merge_at_once = ${parts}'
         AND create_table_query NOT LIKE '%min_parts_to_merge_at_once = ${parts},%'`,
      );
      for (const { name } of rows)
        await store.command(`ALTER TABLE ${name} MODIFY SETTING min_parts_to_merge_at_once = ${parts}`);
    },
  });
  let stopPace = (): void => undefined;
  const parts = createPartWatch({
    directory: dataDir,
    ask: (sql) => ask(1, sql),
    command: async (sql) => void (await run(1, sql, '', 'Null').answer),
    setMerging: (isMerging) => store.command(`SYSTEM ${isMerging ? 'START' : 'STOP'} MERGES`),
    restartWithout(broken) {
      halfMerged.push(...broken);
      child?.kill('SIGKILL');
    },
    onEvent: options.onEvent,
  });
  const timers: NodeJS.Timeout[] = [];

  const store: Store = {
    kind: 'embedded',
    get engineVersion() {
      return version;
    },
    query,
    queryForeign,
    async insert(insert: PreparedInsert) {
      await inTurn(1, async () => {
        await parts.beforeInsert();
        const engine = child;
        const beganMs = performance.now();
        const watchdog = setTimeout(() => engine?.kill('SIGKILL'), INSERT_MS);
        const settings = `insert_deduplication_token = '${insert.token}'`;
        try {
          await run(1, insertStatement(insert), settings, 'Null').answer;
        } finally {
          clearTimeout(watchdog);
          pace.inserted(beganMs);
          // Also of an insert that failed a part may be there.
          await parts.afterInsert();
        }
      });
    },
    async command(sql: string) {
      await inTurn(0, () => run(0, sql, '', 'Null').answer);
    },
    health: () =>
      child !== undefined ? { healthy: true } : { healthy: false, message: trouble ?? 'The engine is not running.' },
    async close() {
      closing = true;
      stopPace();
      for (const timer of timers) clearInterval(timer);
      const engine = child;
      if (engine === undefined) return;
      await chains[1].catch(() => undefined);
      const exited = new Promise<void>((done) => engine.once('exit', () => done()));
      engine.send({ kind: 'close' } satisfies ToEngine);
      const timer = setTimeout(() => engine.kill('SIGKILL'), CLOSE_MS);
      await exited;
      clearTimeout(timer);
    },
  };

  await startEngine();
  try {
    await applyMigrations(store, { retentionDays: options.retentionDays });
    if (await hasRoomForDefinitions(dataDir)) await separateMergedColumns(store);
    await keepDefinitions(dataDir, definitions);
  } catch (error) {
    await store.close();
    throw error;
  }
  stopPace = keepPace(pace);
  const often = (everyMs: number, look: () => Promise<void>): void => {
    let isLooking = false;
    const timer = setInterval(() => {
      if (isLooking) return;
      isLooking = true;
      const done = (): void => {
        isLooking = false;
      };
      look().then(done, done);
    }, everyMs);
    timers.push(timer.unref());
  };
  often(ROOM_EVERY_MS, () => parts.lookAtRoom());
  often(options.partsEveryMs ?? PARTS_EVERY_MS, () => inTurn(1, () => parts.lookAtMerged()));
  return store;
}

const markOf = (id: number): string => `/* tl-${id} */`;

function parseAnswer({ bytes }: Answer): CompactAnswer {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as CompactAnswer;
}

function statsOf({ statistics }: CompactAnswer, result: Answer): QueryStats {
  return {
    elapsedMs: result.elapsedMs,
    rowsRead: Number(statistics?.rows_read ?? result.rowsRead),
    bytesRead: Number(statistics?.bytes_read ?? result.bytesRead),
  };
}

/** The block is read from the very file that made it durable; all of it becomes one insert, and so one token. */
function insertStatement(insert: PreparedInsert): string {
  const file = insert.file.replace(/[\\']/g, '\\$&');
  const structure = structureOf(insert.table).replace(/[\\']/g, '\\$&');
  return (
    `INSERT INTO ${insert.table} (${columnNamesOf(insert.table)}) SELECT ${columnNamesOf(insert.table)} FROM file('${file}', 'Native', '${structure}') ` +
    `SETTINGS async_insert = 0, max_threads = 1, max_insert_threads = 1, max_execution_time = 0, max_memory_usage = 0, ` +
    // One token covers one block: whatever the file holds is squashed into one.
    `min_insert_block_size_rows = 100000000, min_insert_block_size_bytes = 0, max_partitions_per_insert_block = 0, ` +
    `os_threads_nice_value_query = ${INSERT_NICE}, os_threads_nice_value_materialized_view = ${INSERT_NICE}, ` +
    // Views group what they make of a block; that it is not put together a second time saves a fifth of what they cost.
    `optimize_on_insert = 0, insert_deduplicate = 1, insert_select_deduplicate = 1, deduplicate_blocks_in_dependent_materialized_views = 1`
  );
}

function engineArguments(memoryBytes: number): string[] {
  const cores = availableParallelism();
  const share = (part: number): number => Math.floor(memoryBytes * part);
  return [
    `--max_server_memory_usage=${Math.floor(memoryBytes)}`,
    `--max_memory_usage=${share(0.6)}`,
    `--max_bytes_before_external_group_by=${share(0.2)}`,
    `--max_bytes_before_external_sort=${share(0.2)}`,
    `--mark_cache_size=${share(0.08)}`,
    `--index_mark_cache_size=${share(0.03)}`,
    `--primary_index_cache_size=${share(0.03)}`,
    '--uncompressed_cache_size=0',
    '--index_uncompressed_cache_size=0',
    '--compiled_expression_cache_size=4194304',
    '--query_condition_cache_size=8388608',
    `--max_threads=${Math.max(2, cores)}`,
    `--merge_tree_min_rows_for_concurrent_read=${SHARED_ROWS}`,
    `--merge_tree_min_bytes_for_concurrent_read=${SHARED_BYTES}`,
    `--os_threads_nice_value_merge_mutate=${MERGE_NICE}`,
    '--output_format_json_quote_64bit_integers=1',
    '--output_format_json_escape_forward_slashes=0',
  ];
}

/** Ends the waiting when the caller withdraws or when the engine outlives its own limit; either way the statement is stopped too. */
function untilWithdrawn(
  answer: Promise<Answer>,
  abort: AbortSignal | undefined,
  limitMs: number,
  stop: () => void,
): Promise<Answer> {
  return new Promise((done, failed) => {
    const end = (error: StoreError): void => {
      stop();
      failed(error);
    };
    const onAbort = (): void => end(new StoreError('stopped', 'The question was withdrawn.', false));
    const timer = setTimeout(() => end(new StoreError('timeout', `No answer within ${limitMs} ms.`, true)), limitMs);
    abort?.addEventListener('abort', onAbort, { once: true });
    const settled = (): void => {
      clearTimeout(timer);
      abort?.removeEventListener('abort', onAbort);
    };
    answer.then(done, failed).finally(settled);
  });
}
