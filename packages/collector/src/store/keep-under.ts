import type { Log } from '../ops/log.js';
import type { Store } from './store.js';

interface Day {
  /** As the engine names it: 20260131. */
  readonly day: string;
  readonly tables: readonly string[];
  readonly bytes: number;
}

interface Dropped {
  readonly days: readonly string[];
  /** What is left. */
  readonly bytes: number;
}

/**
 * Drops the oldest days, all tables of one at a time, until what is kept takes at most `maxBytes` or only today (UTC) and what comes after it is left. The engine gives the
 * disk back some minutes later. Throws `StoreError`.
 */
export async function dropOldestDays(
  store: Pick<Store, 'query' | 'command'>,
  maxBytes: number,
  nowMs = Date.now(),
): Promise<Dropped> {
  const { rows } = await store.query<{ day: string; tables: string[]; bytes: string }>(
    `SELECT partition_id AS day, groupUniqArray(table) AS tables, sum(bytes_on_disk) AS bytes FROM system.parts
     WHERE active AND database = currentDatabase() AND startsWith(table, 'otel_') AND match(partition_id, '^\\\\d{8}$')
     GROUP BY day ORDER BY day`,
  );
  const days: readonly Day[] = rows.map(({ day, tables, bytes }) => ({ day, tables, bytes: Number(bytes) }));
  const today = new Date(nowMs).toISOString().slice(0, 10).replaceAll('-', '');
  let bytes = days.reduce((sum, each) => sum + each.bytes, 0);
  const dropped: string[] = [];
  for (const day of days) {
    if (bytes <= maxBytes || day.day >= today) break;
    for (const table of day.tables) await store.command(`ALTER TABLE ${table} DROP PARTITION ID '${day.day}'`);
    bytes -= day.bytes;
    dropped.push(day.day);
  }
  return { days: dropped, bytes };
}

const MIB = 1024 * 1024;
const LOOK_MS = 30_000;

/** Looks now, and then every half minute. Returns how to stop it. */
export function keepUnder(
  store: Pick<Store, 'query' | 'command'>,
  maxBytes: number,
  onEvent: Log,
  lookMs = LOOK_MS,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let wasTooMuch = false;
  async function look(): Promise<void> {
    try {
      const { days, bytes } = await dropOldestDays(store, maxBytes);
      const left = `${Math.round(bytes / MIB)} MiB`;
      if (days.length > 0)
        onEvent(`Forgot what was kept of ${days.map(named).join(', ')}: beyond --max-size. ${left} are left.`, 'info');
      const isTooMuch = bytes > maxBytes;
      if (isTooMuch && !wasTooMuch)
        onEvent(
          `Today alone takes ${left}, more than --max-size; whole days are forgotten, and today is kept.`,
          'warn',
        );
      wasTooMuch = isTooMuch;
    } catch (error) {
      // Away for the moment: the next look is soon.
      onEvent(`The size could not be kept: ${error instanceof Error ? error.message : String(error)}`, 'debug');
    }
    if (!isStopped) timer = setTimeout(() => void look(), lookMs).unref();
  }
  void look();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

const named = (day: string): string => `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
