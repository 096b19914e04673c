/** What the collector and its engine process say to each other over IPC (structured clone). */

export interface EngineStart {
  readonly dataDir: string;
  readonly database: string;
  readonly sessions: number;
  /** Passed to the engine as on a `clickhouse local` command line. */
  readonly arguments: readonly string[];
}

export type ToEngine =
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly session: number;
      readonly sql: string;
      readonly settings: string;
      readonly format: string;
    }
  /** In a session of its own, which the settings are for and which ends with the statement. */
  | {
      readonly kind: 'run-alone';
      readonly id: number;
      readonly sql: string;
      readonly settings: readonly string[];
      readonly format: string;
      /** A longer answer is not handed over. */
      readonly mostBytes: number;
    }
  | { readonly kind: 'close' };

export type FromEngine =
  | { readonly kind: 'ready'; readonly version: string }
  /** The engine cannot run here at all; starting it again would not help. */
  | { readonly kind: 'unusable'; readonly reason: 'missing' | 'broken' | 'data'; readonly message: string }
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly bytes: Uint8Array;
      readonly rowsRead: number;
      readonly bytesRead: number;
      readonly elapsedMs: number;
    }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string; readonly code?: number };
