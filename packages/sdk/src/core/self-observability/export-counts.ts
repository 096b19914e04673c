import type { Batch, Signal } from '../batch.js';
import type { Outcome, Transport } from '../ports.js';

/** What one signal's items went through on the way to one destination. */
export interface SignalCounts {
  /** Sealed, and not handed to the exporter. */
  queued: number;
  /** Handed to the exporter (`''`), or given up before, by `error.type`. */
  readonly processed: Map<string, number>;
  inflight: number;
  /** Taken (`''`), or not, by `error.type`. */
  readonly exported: Map<string, number>;
}

/** How long one export took, from its first attempt to its end. */
export interface ExportDuration {
  readonly signal: Signal;
  readonly seconds: number;
  /** Where the last attempt went. */
  readonly transport: Transport;
  readonly errorType: string;
  readonly status: Readonly<Record<string, number | string>>;
}

/** A batch on its way, as far as it is looked at here. */
interface Underway {
  readonly signal: Signal;
  readonly items: number;
  /** Left by another process: it was in no queue of this one. */
  readonly isForeign: boolean;
  readonly addedMs: number;
  firstMs: number | undefined;
  transport: Transport | undefined;
  outcome: Outcome | undefined;
}

/** Durations kept between two collections at most; of more, the newest. */
const maxDurations = 4_096;
const forgottenAfterMs = 60_000;

/**
 * Follows the batches of one account (one destination, or a list of which one takes them). An account is, in OpenTelemetry's words, a batching
 * processor for each signal and an exporter that retries: a batch is in the queue until its first attempt, and is being exported until its last.
 */
export class ExportCounts {
  readonly transports: readonly Transport[];
  readonly signals: Readonly<Record<Signal, SignalCounts>> = { traces: none(), metrics: none(), logs: none() };
  durations: ExportDuration[] = [];
  readonly #batches = new Map<string, Underway>();
  readonly #nowMs: () => number;

  constructor(transports: readonly Transport[], nowMs: () => number) {
    this.transports = transports;
    this.#nowMs = nowMs;
  }

  added({ id, signal, items }: Batch): void {
    this.#batches.set(id, { ...begun, signal, items, isForeign: false, addedMs: this.#nowMs() });
    this.signals[signal].queued += items;
  }

  /** It is handed to a transport, for the first time or again. */
  sending({ id, signal, items }: Batch, transport: Transport): void {
    const batch = this.#batches.get(id) ?? {
      ...begun,
      signal,
      items,
      isForeign: true,
      addedMs: this.#nowMs(),
    };
    this.#batches.set(id, batch);
    batch.transport = transport;
    if (batch.firstMs !== undefined) return;
    batch.firstMs = this.#nowMs();
    const counts = this.signals[signal];
    counts.inflight += items;
    if (batch.isForeign) return;
    counts.queued -= items;
    add(counts.processed, '', items);
  }

  answered({ id }: Batch, outcome: Outcome): void {
    const batch = this.#batches.get(id);
    if (batch) batch.outcome = outcome;
  }

  /** Nothing more will be done about it, unless `parts` go on in its place. */
  settled(sealed: Batch, parts: readonly Batch[] | undefined): void {
    const batch = this.#take(sealed.id);
    if (!batch) return;
    // As parts they are the same items, of the same export.
    if (parts) for (const { id, items } of parts) this.#batches.set(id, { ...batch, items, outcome: undefined });
    else if (batch.firstMs === undefined) {
      const tooLarge = this.transports.some(({ maxBytes }) => sealed.bytes.length > maxBytes!);
      this.#unprocessed(batch, tooLarge ? 'too_large' : 'too_old');
    } else this.#exported(batch);
  }

  /** Given up where it waited. */
  lost(id: string, errorType: string): void {
    const batch = this.#take(id);
    if (!batch) return;
    if (batch.firstMs === undefined) this.#unprocessed(batch, errorType);
    else this.#exported(batch);
  }

  /**
   * Nothing waits any more: what is still remembered here went another way (another tab has sent it from a store that is shared). Not yet what is new:
   * a store may not have counted it.
   */
  forgetOld(): void {
    const before = this.#nowMs() - forgottenAfterMs;
    for (const [id, { signal, items, addedMs, firstMs, isForeign }] of this.#batches) {
      if (addedMs > before) continue;
      this.#batches.delete(id);
      if (firstMs !== undefined) this.signals[signal].inflight -= items;
      else if (!isForeign) this.signals[signal].queued -= items;
    }
  }

  #take(id: string): Underway | undefined {
    const batch = this.#batches.get(id);
    this.#batches.delete(id);
    return batch;
  }

  #unprocessed({ signal, items, isForeign }: Underway, errorType: string): void {
    if (isForeign) return;
    const counts = this.signals[signal];
    counts.queued -= items;
    add(counts.processed, errorType, items);
  }

  #exported({ signal, items, firstMs, transport, outcome }: Underway): void {
    const { exported } = this.signals[signal];
    this.signals[signal].inflight -= items;
    const rejected = outcome?.kind === 'accepted' ? Math.max(0, Math.min(outcome.rejectedItems || 0, items)) : items;
    const { errorType, status } = failureOf(outcome, rejected);
    if (items > rejected) add(exported, '', items - rejected);
    if (rejected) add(exported, errorType, rejected);
    if (this.durations.length >= maxDurations) this.durations.shift();
    const seconds = Math.max(0, this.#nowMs() - firstMs!) / 1e3;
    this.durations.push({ signal, seconds, transport: transport!, errorType: rejected ? errorType : '', status });
  }
}

const begun = { firstMs: undefined, transport: undefined, outcome: undefined };

const none = (): SignalCounts => ({ queued: 0, processed: new Map(), inflight: 0, exported: new Map() });

const add = (counts: Map<string, number>, key: string, items: number): void =>
  void counts.set(key, (counts.get(key) ?? 0) + items);

/**
 * Why an export ended without success, in few words: a status where the receiver gave one. It stands in the reason, which is text for people in the words
 * of this package's transports; a transport that speaks otherwise falls to the kind of its outcome.
 */
function failureOf(
  outcome: Outcome | undefined,
  rejected: number,
): { readonly errorType: string; readonly status: Readonly<Record<string, number | string>> } {
  if (outcome?.kind === 'accepted') return { errorType: rejected ? 'rejected' : '', status: {} };
  const http = outcome && /\bHTTP (\d{3})\b/.exec(outcome.reason)?.[1];
  if (http) return { errorType: http, status: { 'http.response.status_code': Number(http) } };
  const grpc = outcome && /\bgRPC ([A-Z_]+)\b/.exec(outcome.reason)?.[1];
  if (grpc) return { errorType: grpc, status: { 'rpc.response.status_code': grpc } };
  const kinds = { retry: 'unreachable', refused: 'refused', 'too-large': 'too_large' } as const;
  // It was given up before any answer: the account no longer waited.
  return { errorType: outcome ? kinds[outcome.kind] : 'timeout', status: {} };
}
