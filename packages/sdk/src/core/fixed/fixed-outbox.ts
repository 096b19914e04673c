import type { EncodedResource } from '../batch.js';
import type { Report } from '../limit-diagnostics.js';
import type { BatchLimits, DropReason, TelemetryStatus } from '../options.js';
import type { Outbox } from '../outbox/outbox.js';
import type { AbortSignalLike, Clock, Outcome, Timers, Transport } from '../ports.js';
import { within } from '../within.js';
import type { BatchRing, OnLost, WaitingBatch } from './batch-ring.js';
import type { FixedBatch } from './fixed-batch.js';

export interface FixedOutboxOptions {
  readonly resource: EncodedResource;
  readonly openRing: (onLost: OnLost) => BatchRing;
  /** The open batch, no larger than the ring takes. */
  readonly createBatch: (maxBytes: number) => FixedBatch;
  /** What the next span may take: a batch without that much room is sealed. */
  readonly spanBytes: number;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Without timers nothing happens by itself but what a full batch does: the program calls `flush`. */
  readonly timers: Timers | undefined;
  readonly limits: Pick<BatchLimits, 'maxItems' | 'maxAgeMs' | 'firstRetryMs' | 'maxRetryMs'>;
  readonly report: Report;
  readonly quietly: <R>(run: () => R) => R;
}

export interface FixedOutbox extends Outbox {
  readonly batch: FixedBatch;
  readonly onFragment: () => void;
  /** Seals what has ended and sends nothing. `false`: the ring did not take it, and it is lost. */
  persist(): boolean;
  /** A span that found no room. */
  lose(items: number, reason: DropReason, why: string): void;
}

/** Nothing here gives a send up: its bytes could not be used again while a transport may still read them. */
const never: AbortSignalLike = { aborted: false, addEventListener() {}, removeEventListener() {} };

/**
 * The outbox for programs whose memory does not grow: one open batch, a ring behind it, one send under way, the oldest first. What is sealed is
 * in the ring before it is sent, and leaves the ring when it was accepted or refused.
 */
export function createFixedOutbox(options: FixedOutboxOptions): FixedOutbox {
  const { resource, transport, clock, timers, limits, report, quietly } = options;
  const { destination } = transport;
  const counts = {
    sent: { traces: 0, metrics: 0, logs: 0 },
    rejected: 0,
    dropped: { 'queue-full': 0, 'store-full': 0, 'too-old': 0, refused: 0, 'too-large': 0, shutdown: 0, damaged: 0 },
    lastSuccessUnixMs: undefined as number | undefined,
    lastError: undefined as TelemetryStatus['lastError'],
  };
  let isFailing = false;
  let failures = 0;
  let reachable: boolean | undefined;
  /** Of the monotonic clock. */
  let nextMs = Number.NEGATIVE_INFINITY;
  let losses = 0;
  let underWay: WaitingBatch | undefined;
  /** The ring needed the room of the batch that is under way. */
  let lostUnderWay = 0;
  let cancelAge: (() => void) | undefined;
  let cancelRetry: (() => void) | undefined;
  let waiting: ((emptied: boolean) => void)[] = [];
  let isClosed = false;
  let closing: Promise<boolean> | undefined;

  const fail = (level: 'warn' | 'error', code: string, message: string): void => {
    counts.lastError = { message, unixMs: clock.wallMs() };
    isFailing = true;
    report(level, code, message);
  };
  const lose = (items: number, reason: DropReason, why: string): void => {
    counts.dropped[reason] += items;
    losses += items;
    fail('error', `dropped-${reason}`, `${items} items dropped: ${why}`);
  };
  const ring = options.openRing((id, items, reason) => {
    if (id === underWay?.id) lostUnderWay = items;
    else lose(items, reason, reason === 'damaged' ? 'not written to its end, or decayed' : 'the ring was full');
  });

  const batch = options.createBatch(ring.maxBytes);
  const fullBytes = batch.bytes.length - options.spanBytes;

  function settle(emptied: boolean): void {
    const settled = waiting;
    waiting = [];
    for (const tell of settled) tell(emptied);
  }

  function persist(): boolean {
    cancelAge?.();
    cancelAge = undefined;
    const sealed = batch.take(resource);
    if (!sealed || ring.append(sealed.bytes, sealed.items, clock.wallMs())) return true;
    lose(sealed.items, 'store-full', 'the ring does not take them');
    return false;
  }

  const sealAged = (): void => {
    cancelAge = undefined;
    persist();
    pump();
  };

  function onFragment(): void {
    if (batch.byteLength > fullBytes || batch.items >= limits.maxItems) sealAged();
    else cancelAge ??= timers?.after(limits.maxAgeMs, sealAged);
  }

  function pump(): void {
    if (underWay || isClosed || clock.monotonicMs() < nextMs) return;
    cancelRetry?.();
    cancelRetry = undefined;
    try {
      underWay = ring.oldest();
    } catch (error) {
      fail('error', 'store-failed', `The ring cannot be read: ${error}`);
      settle(false);
      return;
    }
    if (!underWay) {
      settle(true);
      return;
    }
    const { id, items, createdUnixMs, bytes } = underWay;
    lostUnderWay = 0;
    const sent = { v: 1, id, signal: 'traces', priority: 'normal', destination, createdUnixMs, items, bytes } as const;
    quietly(() => transport.send(sent, { abort: never })).then(decide, (error) =>
      decide({ kind: 'retry', reason: `${error}` }),
    );
  }

  function decide(outcome: Outcome): void {
    const sent = underWay!;
    underWay = undefined;
    if (isClosed) {
      settle(false);
      return;
    }
    if (outcome.kind === 'retry') {
      if (lostUnderWay) lose(lostUnderWay, 'store-full', 'the ring was full');
      reachable = false;
      const waitMs = outcome.afterMs ?? Math.min(limits.firstRetryMs * 2 ** failures++, limits.maxRetryMs);
      nextMs = clock.monotonicMs() + waitMs * (0.5 + Math.random());
      fail('warn', 'collector-unreachable', outcome.reason);
      cancelRetry = timers?.after(nextMs - clock.monotonicMs() + 1, pump);
      settle(false);
      return;
    }
    failures = 0;
    reachable = true;
    try {
      ring.remove(sent);
    } catch (error) {
      // It will be sent again, with the same id.
      fail('error', 'store-failed', `The ring cannot be written: ${error}`);
      settle(false);
      return;
    }
    if (outcome.kind === 'accepted') {
      const rejected = Math.min(outcome.rejectedItems, sent.items);
      counts.rejected += rejected;
      losses += rejected;
      counts.sent.traces += sent.items - rejected;
      counts.lastSuccessUnixMs = clock.wallMs();
      isFailing = false;
      if (rejected || outcome.message)
        fail('warn', 'partial-success', `${rejected} items rejected: ${outcome.message}`);
    } else lose(sent.items, outcome.kind, outcome.reason);
    pump();
  }

  function resume(): void {
    nextMs = Number.NEGATIVE_INFINITY;
    pump();
  }

  function flush(timeoutMs?: number): Promise<boolean> {
    const before = losses;
    persist();
    const emptied = new Promise<boolean>((resolve) => {
      waiting.push((all) => resolve(all && losses === before));
    });
    resume();
    return timers && timeoutMs !== undefined ? within(timers, timeoutMs, emptied) : emptied;
  }

  return {
    batch,
    onFragment,
    persist,
    lose,
    flush: (timeoutMs) => closing ?? flush(timeoutMs),
    shutdown(timeoutMs) {
      closing ??= flush(timeoutMs).then((sentAll) => {
        isClosed = true;
        cancelRetry?.();
        if (ring.durability === 'memory' && ring.items) lose(ring.items, 'shutdown', 'not sent in time');
        return sentAll;
      });
      return closing;
    },
    suspend: () => void persist(),
    resume,
    status() {
      const { items, bytes, durability } = ring;
      const inMemory = durability === 'memory';
      return {
        ...counts,
        state: isClosed ? 'shut-down' : isFailing || reachable === false ? 'degraded' : 'healthy',
        queued: {
          items: batch.items + (inMemory ? items : 0),
          bytes: (batch.items ? batch.byteLength : 0) + (inMemory ? bytes : 0),
        },
        stored: { items, bytes, durability },
        sent: { ...counts.sent },
        dropped: { ...counts.dropped },
        destinations: [{ destination, reachable, failures, nextAttemptUnixMs: undefined }],
      };
    },
  };
}
