import type { Migration } from './migration.js';
import { MIGRATIONS } from './migrations.js';
import type { Store } from './store.js';

const JOURNAL = 'throughline_migrations';

/** A database this version must not touch, or one it could not bring up to date; the message says what to do. */
class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/**
 * Brings the database up to the newest migration and sets its retention. Safe to repeat; called once at start, before anything
 * else uses the tables. Throws `MigrationError` for a database of a newer release, `StoreError` for what the engine says.
 *
 * `retentionDays`: rows older than this leave with their whole day; `undefined` keeps everything, or as long as a table says that
 * somebody else made and gave a limit.
 */
export async function applyMigrations(
  store: Pick<Store, 'query' | 'command'>,
  options: { readonly retentionDays?: number | undefined } = {},
): Promise<void> {
  await store.command(
    `CREATE TABLE IF NOT EXISTS ${JOURNAL} (number UInt32, name String, applied DateTime DEFAULT now())
     ENGINE = MergeTree ORDER BY number SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`,
  );
  const { rows } = await store.query<{ number: number }>(`SELECT DISTINCT number FROM ${JOURNAL}`);
  const applied = new Set(rows.map((row) => Number(row.number)));
  const newest = Math.max(0, ...applied);
  const known = MIGRATIONS.at(-1)?.number ?? 0;
  if (newest > known) {
    throw new MigrationError(
      `This database was written by a newer Throughline (schema ${newest}, this one knows up to ${known}). Start that newer release, or choose another place with --data or --clickhouse.`,
    );
  }
  for (const migration of MIGRATIONS) {
    if (applied.has(migration.number)) continue;
    for (const statement of migration.statements) await store.command(statement);
    for (const statement of await ofPartitions(store, migration)) await store.command(statement);
    await store.command(`INSERT INTO ${JOURNAL} (number, name) VALUES (${migration.number}, '${migration.name}')`);
  }
  await setRetention(store, options.retentionDays);
}

async function ofPartitions(store: Pick<Store, 'query'>, { ofEachPartition }: Migration): Promise<readonly string[]> {
  if (ofEachPartition === undefined) return [];
  const { rows } = await store.query<{ id: string }>(
    `SELECT DISTINCT partition_id AS id FROM system.parts
     WHERE active AND database = currentDatabase() AND table = '${ofEachPartition.table}' ORDER BY id`,
  );
  return rows.map(({ id }) => ofEachPartition.statement(id));
}

/** Its line in the journal says that a limit on the tables is ours to take away. */
const RETENTION_SET = "(number, name) VALUES (0, 'retention')";

const TIME_COLUMN: Readonly<Record<string, string>> = {
  otel_traces: 'toDateTime(Timestamp)',
  otel_traces_trace_id_ts: 'Start',
  otel_traces_summaries: 'toDateTime(Start)',
  otel_logs: 'toDateTime(Timestamp)',
  otel_metrics_gauge: 'toDateTime(TimeUnix)',
  otel_metrics_sum: 'toDateTime(TimeUnix)',
  otel_metrics_histogram: 'toDateTime(TimeUnix)',
  otel_metrics_exp_histogram: 'toDateTime(TimeUnix)',
  otel_metrics_summary: 'toDateTime(TimeUnix)',
  otel_metrics_series: 'Day',
  otel_metrics_sum_steps: 'Time',
  otel_span_metrics: 'Time',
};

async function setRetention(store: Pick<Store, 'query' | 'command'>, days: number | undefined): Promise<void> {
  const { rows } = await store.query<{ name: string; ddl: string }>(
    `SELECT name, create_table_query AS ddl FROM system.tables
     WHERE database = currentDatabase() AND name IN (${Object.keys(TIME_COLUMN)
       .map((name) => `'${name}'`)
       .join(', ')})`,
  );
  const isOurs = await isRetentionOurs(store);
  if (days === undefined && !isOurs) return await takeLimitOver(store, rows);
  if (!isOurs) await store.command(`INSERT INTO ${JOURNAL} ${RETENTION_SET}`);
  for (const { name, ddl } of rows) {
    const present = /\bTTL .*?toIntervalDay\((\d+)\)/.exec(ddl)?.[1];
    const wanted = days === undefined ? undefined : String(days);
    if (present === wanted) continue;
    // Old parts are judged by the new rule when they next merge; rewriting all of them at start would hold the start up.
    if (wanted === undefined) await store.command(`ALTER TABLE ${name} REMOVE TTL`);
    else {
      await store.command(
        `ALTER TABLE ${name} MODIFY TTL ${TIME_COLUMN[name]} + toIntervalDay(${wanted}) SETTINGS materialize_ttl_after_modify = 0`,
      );
    }
  }
}

/** Our tables, each beside one that somebody else may have made and given a limit. */
const BESIDE: readonly (readonly [table: string, source: string])[] = [
  ['otel_traces_summaries', 'otel_traces_trace_id_ts'],
  ['otel_span_metrics', 'otel_traces'],
  ['otel_metrics_series', 'otel_metrics_gauge'],
  ['otel_metrics_sum_steps', 'otel_metrics_sum'],
];

/** Where somebody else gave the tables a limit, ours beside them keep what they keep. */
async function takeLimitOver(
  store: Pick<Store, 'command'>,
  tables: readonly { readonly name: string; readonly ddl: string }[],
): Promise<void> {
  const limitOf = (table: string): string | undefined =>
    /\bTTL .*?\b(toInterval[A-Z][a-z]+\(\d+\))/.exec(tables.find(({ name }) => name === table)?.ddl ?? '')?.[1];
  for (const [table, source] of BESIDE) {
    const wanted = limitOf(source);
    if (wanted === undefined || wanted === limitOf(table)) continue;
    await store.command(
      `ALTER TABLE ${table} MODIFY TTL ${TIME_COLUMN[table]} + ${wanted} SETTINGS materialize_ttl_after_modify = 0`,
    );
  }
}

async function isRetentionOurs(store: Pick<Store, 'query'>): Promise<boolean> {
  const { rows } = await store.query<{ number: number }>(`SELECT number FROM ${JOURNAL} WHERE number = 0 LIMIT 1`);
  return rows.length > 0;
}
