import { createRequire } from 'node:module';
import { join } from 'node:path';

const { Session } = createRequire(import.meta.url)('chdb');

/**
 * So many inserts make a directory: what a day looks like when the engine has merged what came in the course of it, made at once and not by
 * merging. One part less than the engine merges at a time, so that it leaves them as they are while questions are measured.
 */
const PARTS = 7;
/** Inserts under way at once, one for each core of the smallest machine that the benches are run on. */
const AT_ONCE = 2;

/**
 * Fills a table of a data directory, and what views make of it, by the engine itself. `select(from, count)` gives the rows of these numbers, in the order
 * of time. Tells its parent how many are there, and ends the process.
 */
export async function fillTable({ data, table, columns, rows, select, multipleOf = 1 }) {
  const count = Math.ceil(rows / PARTS / multipleOf) * multipleOf;
  let next = 0;
  let loaded = 0;
  const sessions = Array.from({ length: AT_ONCE }, () => new Session(join(data, 'engine')));
  const wide = tablesOfWideParts(sessions[0]);
  await setWideFrom(sessions[0], wide, 0);
  const fill = async (session) => {
    await session.queryAsync('USE otel', { format: 'TSV' });
    while (next < rows) {
      const from = next;
      const here = Math.min(count, rows - from);
      next += here;
      await session.queryAsync(
        `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM (${select(from, here)})
         SETTINGS async_insert = 0, max_threads = 1, max_insert_threads = 1, max_block_size = 65536, min_insert_block_size_rows = ${count}, min_insert_block_size_bytes = 0`,
        { format: 'Null' },
      );
      loaded += here;
      process.send?.({ loaded });
    }
  };
  await Promise.all(sessions.map(fill));
  for (;;) {
    if (sessions[0].query('SELECT count() FROM system.merges', 'TSV').trim() === '0') break;
    await new Promise((later) => setTimeout(later, 500));
  }
  await setWideFrom(sessions[0], wide, 1);
  for (const session of sessions) session.close();
  process.exit(0);
}

/** Of these the collector has parts with a file for each column made by merges alone (store/merged-parts.ts). What is made here at once is to be as merges would have left it. */
function tablesOfWideParts(session) {
  const names = session.query(
    "SELECT name FROM system.tables WHERE database = 'otel' AND create_table_query LIKE '%min_level_for_wide_part = 1%'",
    'TSV',
  );
  return names.split('\n').filter(Boolean);
}

async function setWideFrom(session, tables, level) {
  for (const table of tables)
    await session.queryAsync(`ALTER TABLE otel.${table} MODIFY SETTING min_level_for_wide_part = ${level}`, {
      format: 'Null',
    });
}
