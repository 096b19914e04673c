import type { Context } from '@opentelemetry/api';
import type { Batch, Signal } from './batch.js';

/*
 * What a runtime must bring. Core asks for nothing by name: each runtime hands over values of these
 * types and core never learns where it runs. A new runtime is a new set of values, never a branch here.
 */

/**
 * The two clocks of a runtime, in milliseconds with whatever fraction the runtime can resolve.
 * Both are read on the hot path; they must not allocate and must not throw.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump in both directions (NTP, the user, sleep). */
  wallMs(): number;
  /** Milliseconds since some fixed moment. Never goes back; may stand still (edge runtimes) or stop in sleep. */
  monotonicMs(): number;
  /**
   * Unix time in milliseconds of `performance.now() === 0`; present only where `monotonicMs` reads `performance.now()`.
   * It says that a number a user gives as a time may be such a reading.
   */
  readonly performanceOriginMs?: number | undefined;
}

/** Cryptographic-quality random bytes, filled in bulk. Must fill the whole array and must not throw. */
export interface Entropy {
  fill(target: Uint8Array<ArrayBuffer>): void;
}

/** One-shot timers. A pending timer must not keep a process alive. Returns how to cancel. */
export interface Timers {
  after(delayMs: number, run: () => void): () => void;
}

/** What became of one send. Results are values; a transport never throws for what a server said. */
export type Outcome =
  | { readonly kind: 'accepted'; readonly rejectedItems: number; readonly message?: string | undefined }
  /** Worth trying again: no answer, or one the OTLP specification calls retryable. `afterMs`: the server's own word. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number | undefined }
  /** The receiver will never take these bytes. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The receiver (or the way there) cannot take this many bytes at once; the outbox splits and sends the halves. */
  | { readonly kind: 'too-large'; readonly reason: string; readonly maxBytes?: number | undefined };

/**
 * One way out of the program. Called by the outbox alone, possibly several times at once (up to the
 * outbox's `concurrency`). It never retries, never batches, never throws for what a server said, keeps no
 * reference to the batch after it settles, and runs its own I/O under suppressed tracing. Like a pending timer, a request under way must
 * not keep a process alive: the runtime holds it at its end, and no longer than the program allows.
 */
export interface Transport {
  /** For messages to people: where this goes, without credentials. Also the batch's `destination`. */
  readonly destination: string;
  /** How it sends, for telemetry's metrics of itself: `otlp_http` (the default there), `otlp_http_json`, `otlp_grpc`, a name of its own. */
  readonly kind?: string | undefined;
  /** One sentence about an address that is wrong or probably wrong, known without sending; said once at start. */
  readonly problem?: string | undefined;
  /** What goes this way; absent: every signal. For a destination alone and for one of several `copies`. */
  readonly signals?: readonly Signal[] | undefined;
  /** Bytes this way can carry at once (a keepalive budget, an MQTT packet); absent: no own limit. */
  readonly maxBytes?: number | undefined;
  send(batch: Batch, options: SendOptions): Promise<Outcome>;
  /** Closes connections. Called once, after the last `send` has settled. */
  close?(): Promise<void>;
}

export interface SendOptions {
  /** The runtime's own `AbortSignal`. Aborted when the outbox no longer waits for the answer; the transport then settles with `retry`. */
  readonly abort: AbortSignalLike;
  /** The program is going away: use whatever outlives it (keepalive). A transport without such a thing ignores it. */
  readonly leaving?: boolean | undefined;
}

/** The part of `AbortSignal` core needs; every runtime's own `AbortSignal` is one. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * A place where batches wait. Shared safely by every tab or process that opens the same place.
 * A torn, foreign or truncated entry is skipped and counted in `damaged`, never fatal.
 */
export interface BatchStore {
  /** When a `put` has settled, what has the batch survived? Shown to users in `status()`. */
  readonly durability: 'memory' | 'process-crash' | 'power-loss';
  /**
   * Resolves once the batch is as durable as `durability` says; `false`, with nothing stored, where there is no room: the outbox
   * then evicts and asks again. The same id again replaces the batch. Where it rejects, the outbox keeps the batch itself, and has it removed once it is settled.
   */
  put(batch: Batch): Promise<boolean>;
  /** The same before this call returns, where the medium has such a thing (a page that is being closed). */
  putSync?(batch: Batch): boolean;
  /** `putSync` takes no longer than `put` would: it is asked first then, always, so that what a step of the program makes need not fit into memory. */
  readonly atOnce?: boolean | undefined;
  /**
   * Up to `limit` batches that nobody else holds, for one of `destinations` (absent: for any), best first: high priority before
   * normal, then in the order of `put`. Held for `leaseMs` from now, or until `release` or `remove`.
   */
  claim(owner: string, options: ClaimOptions): Promise<readonly Batch[]>;
  /** Gives claimed batches back, behind those of their priority that wait; they may be claimed again at once. */
  release(ids: readonly string[]): Promise<void>;
  /** Forgets batches: they were accepted, refused or dropped. Unknown ids are ignored. */
  remove(ids: readonly string[]): Promise<void>;
  /** One transaction: `parent` disappears and `parts` stand in its place, or nothing changes. */
  replace(parentId: string, parts: readonly Batch[]): Promise<boolean>;
  /** Drops batches nobody holds, in `order`, until at least `bytes` are free; returns what was dropped, for the account. */
  evict(order: EvictionOrder, bytes: number): Promise<readonly Pick<Batch, 'id' | 'signal' | 'items' | 'priority'>[]>;
  size(): Promise<StoreSize>;
  close?(): Promise<void>;
}

export interface ClaimOptions {
  readonly leaseMs: number;
  readonly limit: number;
  readonly destinations?: readonly string[] | undefined;
}

/** `sacrifice`: low priority before high, old before new. */
export type EvictionOrder = 'sacrifice' | 'oldest-first';

export interface StoreSize {
  readonly batches: number;
  readonly items: number;
  readonly bytes: number;
  readonly maxBytes: number;
  /** Entries that could not be read and were skipped since the store was opened. */
  readonly damaged: number;
  /** Items given up since then because nobody had asked for them in the store's own time. */
  readonly expired?: number | undefined;
}

/** Where the active context lives: AsyncLocalStorage, a stack, a zone. The API's ContextManager in core's words. */
export interface ContextStore {
  active(): Context;
  with<A extends unknown[], R>(context: Context, fn: (...args: A) => R, thisArg?: unknown, ...args: A): R;
  bind<T>(context: Context, target: T): T;
  /**
   * For runtimes that cannot follow `await`: whatever still runs in this task, and was called by nothing that is traced,
   * continues `context`. Said by whoever settles a promise of the program (a request, a measured function), at that moment, so
   * that the code behind the `await` finds the context it had before it.
   */
  carry?(context: Context): void;
  /**
   * For the same runtimes: the context of code that neither a caller nor `carry` gives one, for as long as something the
   * person did is under way. Returns how to take it back. The latest one counts.
   */
  surround?(context: Context): () => void;
  enable?(): void;
  /** Nothing is active any more but the root. Also what `context.disable()` of the OpenTelemetry API calls. */
  disable(): void;
}

/** What a program lives through, as far as telemetry must know. Each returns how to stop listening. */
export interface Lifecycle {
  /** Might not come back (hidden tab, `waitUntil` about to end): send what is there, synchronously where needed. */
  onSuspend(run: () => void): () => void;
  /** It came back (visible again, thawed, online). */
  onResume(run: () => void): () => void;
  /** It ends. The runtime waits for the promise as long as it can, and no longer than it was told. */
  onShutdown(run: () => Promise<void>): () => void;
}

/** Compresses a whole body; `encoding` is the HTTP content coding it makes. */
export interface Compressor {
  readonly encoding: 'gzip' | 'deflate' | 'br' | 'zstd';
  compress(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Mutual exclusion among the tabs or processes of one origin or folder. */
export interface Locks {
  /** Runs `run` while nobody else holds `name`; resolves `undefined` at once if it is held and `ifAvailable` was asked. */
  hold<R>(name: string, options: { readonly ifAvailable: boolean }, run: () => Promise<R>): Promise<R | undefined>;
}

/** What a runtime hands to `startTelemetry`. */
export interface Ports {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly timers: Timers;
  readonly contextStore: ContextStore;
  readonly lifecycle: Lifecycle;
  readonly store?: BatchStore | undefined;
  readonly locks?: Locks | undefined;
}
