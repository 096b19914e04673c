import { open } from 'node:fs/promises';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { QueryStats } from '../shapes/api.js';
import { applyMigrations } from './apply-migrations.js';
import { bindParameters } from './bind-parameters.js';
import { compactRows } from './compact-rows.js';
import { engineError } from './engine-error.js';
import { foreignSettings } from './foreign-settings.js';
import { type ForeignOptions, type PreparedInsert, type QueryOptions, type Store, StoreError } from './store.js';
import { columnNamesOf } from './stored-tables.js';

export interface ClusterStoreOptions {
  /** `http://user:password@host:8123/database` */
  readonly url: string;
  readonly retentionDays?: number | undefined;
  /** The same database as another user, for statements that people write. Default: as `url`. */
  readonly foreignUrl?: string | undefined;
  /** Connections at once. Default 8. */
  readonly connections?: number | undefined;
}

const FOREIGN_AT_ONCE = 2;
const DEFAULT_QUERY_MS = 30_000;
const GRACE_MS = 5_000;
const INSERT_MS = 120_000;

const QUERY_SETTINGS = { output_format_json_quote_64bit_integers: 1 } as const;
const INSERT_SETTINGS = {
  async_insert: 0,
  // Views group what they make of a block.
  optimize_on_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_partitions_per_insert_block: '0',
  // One token covers one block: whatever the file holds is squashed into one.
  min_insert_block_size_rows: '100000000',
  min_insert_block_size_bytes: '0',
  input_format_parallel_parsing: 0,
  max_insert_threads: '1',
  wait_end_of_query: 1,
} as const;

/**
 * Any ClickHouse over HTTP. Resolves when the schema is in place. Throws `StoreError` with code `away` while the server cannot be
 * reached (asking again may help), `MigrationError` for a database of a newer release.
 */
export async function createClusterStore(options: ClusterStoreOptions): Promise<Store> {
  const { client, where } = connect(options.url, options.connections ?? 8);
  const foreign = options.foreignUrl === undefined ? client : connect(options.foreignUrl, FOREIGN_AT_ONCE).client;
  let trouble: string | undefined;

  async function attempt<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      const result = await work();
      trouble = undefined;
      return result;
    } catch (error) {
      throw toStoreError(error, where, signal, (message) => {
        trouble = message;
      });
    }
  }

  const store: Store = {
    kind: 'cluster',
    engineVersion: '',
    async query<Row>(sql: string, { abort, params, maxExecutionMs = DEFAULT_QUERY_MS }: QueryOptions = {}) {
      if (abort?.aborted) throw new StoreError('stopped', 'The question was withdrawn.', false);
      const began = performance.now();
      const timeout = AbortSignal.timeout(maxExecutionMs + GRACE_MS);
      const signal = abort === undefined ? timeout : AbortSignal.any([abort, timeout]);
      const query = bindParameters(sql, params);
      const answer = await attempt(async () => {
        const result = await client.query({
          query,
          format: 'JSONCompact',
          abort_signal: signal,
          clickhouse_settings: {
            max_execution_time: maxExecutionMs / 1000,
            // A caller that leaves closes the connection, and the statement ends with it.
            cancel_http_readonly_queries_on_client_close: 1,
          },
        });
        return result.json<readonly unknown[]>();
      }, abort);
      const stats: QueryStats = {
        elapsedMs: performance.now() - began,
        rowsRead: Number(answer.statistics?.rows_read ?? 0),
        bytesRead: Number(answer.statistics?.bytes_read ?? 0),
      };
      return { rows: compactRows<Row>({ meta: answer.meta ?? [], data: answer.data }), stats };
    },
    async queryForeign(sql: string, { abort, maxExecutionMs, maxMemoryBytes }: ForeignOptions) {
      if (abort?.aborted) throw new StoreError('stopped', 'The question was withdrawn.', false);
      const began = performance.now();
      const timeout = AbortSignal.timeout(maxExecutionMs + GRACE_MS);
      const signal = abort === undefined ? timeout : AbortSignal.any([abort, timeout]);
      const answer = await attempt(async () => {
        const result = await foreign.query({
          query: sql,
          format: 'JSONCompact',
          abort_signal: signal,
          clickhouse_settings: {
            cancel_http_readonly_queries_on_client_close: 1,
            ...Object.fromEntries(
              foreignSettings(maxExecutionMs, maxMemoryBytes).map(([name, value]) => [name, String(value)]),
            ),
            readonly: '1',
          },
        });
        return result.json<readonly unknown[]>();
      }, abort);
      return {
        columns: answer.meta ?? [],
        rows: answer.data,
        stats: {
          elapsedMs: performance.now() - began,
          rowsRead: Number(answer.statistics?.rows_read ?? 0),
          bytesRead: Number(answer.statistics?.bytes_read ?? 0),
        },
      };
    },
    async insert(insert: PreparedInsert) {
      const query = `INSERT INTO ${insert.table} (${columnNamesOf(insert.table)}) FORMAT Native`;
      // Opened before it is a stream: a stream whose file is missing fails where nobody listens, and takes the process with it.
      const file = await open(insert.file).catch((error: NodeJS.ErrnoException) => {
        throw new StoreError('other', `The prepared insert ${insert.file} cannot be read (${error.code}).`, false);
      });
      await attempt(() =>
        client
          .exec({
            query,
            values: file.createReadStream(),
            clickhouse_settings: { ...INSERT_SETTINGS, insert_deduplication_token: insert.token },
          })
          .then(async ({ stream }) => {
            for await (const _ of stream) void _;
          }),
      ).finally(() => file.close());
    },
    async command(sql: string) {
      await attempt(() => client.command({ query: sql, clickhouse_settings: { wait_end_of_query: 1 } }));
    },
    health: () => (trouble === undefined ? { healthy: true } : { healthy: false, message: trouble }),
    async close() {
      await client.close();
      if (foreign !== client) await foreign.close();
    },
  };

  try {
    const { rows } = await store.query<{ version: string }>('SELECT version() AS version');
    await applyMigrations(store, { retentionDays: options.retentionDays });
    return Object.assign(store, { engineVersion: rows[0]?.version ?? '' });
  } catch (error) {
    await store.close();
    throw error;
  }
}

function connect(address: string, connections: number): { readonly client: ClickHouseClient; readonly where: string } {
  const url = new URL(address);
  const where = `${url.protocol}//${url.host}`;
  const client = createClient({
    url: where,
    username: decodeURIComponent(url.username) || 'default',
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.replace(/^\/+|\/+$/g, '')) || 'default',
    application: 'throughline',
    request_timeout: INSERT_MS,
    max_open_connections: connections,
    // An insert's answer is its durability; nothing of it may be left to a buffer on the other side.
    clickhouse_settings: { ...QUERY_SETTINGS },
    // Every failure is thrown to whoever asked; said a second time on stderr it is noise, and a page's bad filter would fill a log.
    log: { level: ClickHouseLogLevel.OFF },
  });
  return { client, where };
}

function toStoreError(
  error: unknown,
  where: string,
  signal: AbortSignal | undefined,
  away: (message: string) => void,
): StoreError {
  if (error instanceof StoreError) return error;
  if (signal?.aborted) return new StoreError('stopped', 'The question was withdrawn.', false);
  const { message = String(error), code, name } = error as { message?: string; code?: string; name?: string };
  if (name === 'AbortError' || name === 'TimeoutError' || /aborted/i.test(message)) {
    return new StoreError('timeout', `ClickHouse at ${where} did not answer in time.`, true);
  }
  // The server's own errors carry its number; everything else happened on the way.
  if (code !== undefined && /^\d+$/.test(code)) return engineError(message, Number(code));
  const text = `ClickHouse at ${where} cannot be reached (${code ?? message}).`;
  away(text);
  return new StoreError('away', text, true);
}
