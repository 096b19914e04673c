import type { Log } from '../ops/log.js';
import { type PreparedInsert, StoreError } from '../store/store.js';
import type { TableName } from '../store/stored-tables.js';
import type { Ledger } from './ledger.js';
import { type ClosedGroup, removeGroup, setAside } from './spool-files.js';

const MAX_BACKOFF_MS = 10_000;
/** A group that the store cannot take (too large for its memory just now) lets the others pass after waiting this long at once. */
const PATIENCE_MS = 400;

export interface InsertQueueOptions {
  readonly directory: string;
  readonly insert: (insert: PreparedInsert) => Promise<void>;
  readonly ledger: Ledger | undefined;
  readonly onEvent: Log;
  /** After a group has gone in: its table's next one may be due. */
  /** Rows are put aside that the store refuses for good. */
  readonly onRefused: () => void;
  readonly onFree: () => void;
  /** Whether anything could pass a group that has to wait. */
  readonly hasOthers: () => boolean;
  /** Brings what could pass into the queue. */
  readonly bringOthers: () => Promise<void>;
}

/**
 * Hands closed groups to the store, one at a time and the oldest first, until each is in. The name of a group is its deduplication
 * token, so an insert that is repeated (a crash, a lost answer) changes nothing.
 */
export class InsertQueue {
  lastInsertMs = 0;
  insertedRows = 0;
  /** Inserts that the store refuses for good; their files are kept beside the spool. */
  refusedInserts = 0;
  lastError: string | undefined;
  private readonly options: InsertQueueOptions;
  private readonly groups: ClosedGroup[];
  private inserting: Promise<void> | undefined;
  private letsOthersPass = false;
  private stopped = false;

  constructor(options: InsertQueueOptions, recovered: readonly ClosedGroup[]) {
    this.options = options;
    this.groups = [...recovered];
    if (this.groups.length > 0) this.start();
  }

  get rows(): number {
    return this.groups.reduce((sum, group) => sum + group.rows, 0);
  }

  get bytes(): number {
    return this.groups.reduce((sum, group) => sum + group.bytes, 0);
  }

  get isEmpty(): boolean {
    return this.groups.length === 0 && this.inserting === undefined;
  }

  isFree(table: TableName): boolean {
    return this.letsOthersPass || !this.groups.some((group) => group.table === table);
  }

  add(group: ClosedGroup): void {
    this.groups.push(group);
    this.start();
  }

  /** Resolves when the queue has been worked off, or at the next turn when nothing is under way. */
  async settled(): Promise<void> {
    await (this.inserting ?? new Promise((done) => setImmediate(done)));
  }

  /** What is left waits for the next start. */
  stop(): void {
    this.stopped = true;
  }

  private start(): void {
    this.inserting ??= this.insertGroups().finally(() => {
      this.inserting = undefined;
    });
  }

  private async insertGroups(): Promise<void> {
    const { groups, options } = this;
    for (let group = groups[0]; group !== undefined && !this.stopped; group = groups[0]) {
      const isDone = await this.insertGroup(group);
      if (this.stopped) return;
      this.lastInsertMs = performance.now();
      groups.shift();
      if (isDone) setImmediate(options.onFree);
      else {
        groups.push(group);
        this.letsOthersPass = true;
        await options.bringOthers();
        this.letsOthersPass = false;
      }
    }
  }

  /** `false`: this group does not go in for now, and its neighbours should not wait for it. */
  private async insertGroup(group: ClosedGroup): Promise<boolean> {
    const { directory, insert, ledger, onEvent } = this.options;
    const rows = `${group.rows} ${rowNoun(group.table)}`;
    // Once per reason: a server that was away and now refuses is news, each new attempt is none.
    let said: StoreError['code'] | undefined;
    for (let waitMs = 100; !this.stopped; waitMs = Math.min(waitMs * 2, MAX_BACKOFF_MS)) {
      let isAway = false;
      try {
        await insert({ table: group.table, file: group.file, rows: group.rows, token: `tl-${group.name}` });
        // From here on the ledger knows them instead of the journal.
        await ledger?.keep(group.keys);
        await removeGroup(directory, group.name);
        this.insertedRows += group.rows;
        this.lastError = undefined;
        return true;
      } catch (error) {
        this.lastError = error instanceof Error ? error.message : String(error);
        if (error instanceof StoreError && !error.retryable) {
          this.refusedInserts++;
          this.options.onRefused();
          await ledger
            ?.keep(group.keys)
            .catch((failure) => onEvent(`The ledger could not be written: ${String(failure)}`, 'error'));
          const where = await setAside(directory, group.name).then(
            (kept) => `They are kept in ${kept}.`,
            (failure) =>
              `Their file could not be put aside (${String(failure)}); if it is still there, the next start tries it again.`,
          );
          onEvent(`The store refuses ${rows} for good (${this.lastError}). ${where}`, 'error');
          return true;
        }
        isAway = error instanceof StoreError && (error.code === 'away' || error.code === 'denied');
        const reason = error instanceof StoreError ? error.code : 'other';
        if (reason !== said) {
          said = reason;
          onEvent(`The store did not take ${rows} (${this.lastError}); trying again until it does.`, 'warn');
        }
      }
      await new Promise((done) => setTimeout(done, waitMs));
      if (!isAway && waitMs >= PATIENCE_MS && (this.groups.length > 1 || this.options.hasOthers())) return false;
    }
    return false;
  }
}

/** What the rows of a table are called. */
export function rowNoun(table: TableName): string {
  return table === 'otel_traces' ? 'spans' : table === 'otel_logs' ? 'log records' : 'data points';
}
