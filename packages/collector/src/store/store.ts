import type { QueryStats } from '../shapes/api.js';
import type { TableName } from './stored-tables.js';

/** A ClickHouse parameter, bound as `{name:Type}` in the SQL; arrays bind to `Array(…)`. */
export type QueryParameter = string | number | boolean | readonly (string | number)[];

export interface QueryOptions {
  readonly params?: Readonly<Record<string, QueryParameter>> | undefined;
  /** Default 30,000. The engine stops the statement itself; the caller sees a `StoreError` with code `timeout`. */
  readonly maxExecutionMs?: number | undefined;
  /** Stops the statement (`KILL QUERY … ASYNC`), not only the waiting. */
  readonly abort?: AbortSignal | undefined;
}

/** Of a statement that somebody else wrote. */
export interface ForeignOptions {
  readonly maxExecutionMs: number;
  readonly maxMemoryBytes: number;
  /** Stops the statement, not only the waiting. */
  readonly abort?: AbortSignal | undefined;
}

export interface ResultTable {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** 64-bit integers as strings. */
  readonly rows: readonly (readonly unknown[])[];
  readonly stats: QueryStats;
}

/** One block of rows in ClickHouse's `Native` format, lying in a file that is already fsynced. */
export interface PreparedInsert {
  readonly table: TableName;
  readonly file: string;
  readonly rows: number;
  /** `insert_deduplication_token`: the same token and the same bytes again change nothing. */
  readonly token: string;
}

/**
 * One ClickHouse, embedded in a child process or reached over HTTP. Same SQL, same schema; only the connection differs.
 * Every call may be made concurrently; the store bounds how many statements run at once and queues the rest.
 */
export interface Store {
  readonly kind: 'embedded' | 'cluster';
  readonly engineVersion: string;
  /** Rows as objects (64-bit integers as strings). Throws `StoreError`. */
  query<Row>(sql: string, options?: QueryOptions): Promise<{ readonly rows: Row[]; readonly stats: QueryStats }>;
  /**
   * One SELECT that somebody else wrote, alone in a session in which limits and then `readonly = 1` are set. What it may name is for the caller to check:
   * `readonly` refuses writing, not reading. Throws `StoreError`.
   */
  queryForeign(sql: string, options: ForeignOptions): Promise<ResultTable>;
  /** Resolves when the rows are committed and fsynced. Throws `StoreError`; `retryable` says whether the same again may help. */
  insert(insert: PreparedInsert): Promise<void>;
  /** DDL and housekeeping. */
  command(sql: string): Promise<void>;
  health(): { readonly healthy: boolean; readonly message?: string };
  close(): Promise<void>;
}

export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** `denied`: it is there and does not let us, until a person puts that right. */
  readonly code: 'timeout' | 'stopped' | 'too-much-memory' | 'bad-sql' | 'busy' | 'away' | 'denied' | 'full' | 'other';
  readonly retryable: boolean;
  constructor(code: StoreError['code'], message: string, retryable: boolean) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}
