import type { Batch } from '../../../core/batch.js';
import type { TelemetryStatus } from '../../../core/options.js';
import { type Account, type AccountOptions, createAccount } from '../../../core/outbox/account.js';
import { type BatchQueue, countsAsItem } from '../../../core/outbox/batch-queue.js';
import { addStatus } from '../../../core/outbox/copies.js';
import { memoryQueue } from '../../../core/outbox/memory-queue.js';
import type { Transport } from '../../../core/ports.js';
import { restingTransport } from './resting-transport.js';

type Status = Omit<TelemetryStatus, 'openSpans'>;

/** Batches for one destination (or a list of which the first that works is used) that no request has brought there yet. */
export interface Relay {
  readonly destination: string;
  readonly maxBytes: number;
  /** Takes a sealed batch, in the place of the least important ones where there is no room. */
  add(batch: Batch): void;
  /** Nothing waits that a request could take along. */
  readonly isEmpty: boolean;
  /** The receiver rests, and a request need not live for that: another one does, or the rest is longer than this. */
  isAtRest(timeoutMs: number): boolean;
  /**
   * The request that calls this sends what waits, and lives until the promise settles. `true`: all it took along was accepted. What was not
   * waits for another request.
   */
  carry(timeoutMs: number): Promise<boolean>;
  /** No request will come any more: what waits is lost. */
  close(): void;
  status(): Status;
}

/** What one request takes along at most: each batch is a subrequest, and the smallest plan allows 50 for the program's own together with these. */
const MOST_BATCHES = 16;
/** Beside the time a request has for sending: then it was cut off, and others take over what it had. */
const LEASE_MARGIN_MS = 10_000;

/**
 * For runtimes in which no request may wait for another: a promise that one request made cannot be settled by a second, a timer or a socket
 * ends with the request that began it, and any of them may be cut off in the middle. So each request has an account of its own for what
 * it takes along, and the requests of a program share only what is no promise: the waiting batches, and when a receiver that failed may
 * be asked again.
 */
export function createRelay(transports: readonly Transport[], options: AccountOptions, now: () => number): Relay {
  const { limits } = options;
  const resting = transports.map((transport) => restingTransport(transport, limits, now));
  const openAccount = (createQueue?: () => BatchQueue) =>
    createAccount(
      resting.map((one) => one.forSender()),
      { ...options, createQueue },
      now,
    );
  const waiting = memoryQueue();
  /** What requests have taken along and not brought back, with the moment from which nobody believes in them. */
  const loans = new Map<Account, { readonly batches: Set<Batch>; readonly untilMs: number }>();
  let closed = false;
  /** What became of everything that was brought back, in the words of an account that has nothing of its own. */
  let total: Status = openAccount().status();

  const held = () => [...loans.values()].flatMap(({ batches }) => [...batches]);
  const sum = (batches: readonly Batch[], size: (batch: Batch) => number) =>
    batches.reduce((so, batch) => so + size(batch), 0);

  function makeRoom(): void {
    const onTheWay = held();
    const items = sum(onTheWay.filter(countsAsItem), (batch) => batch.items);
    const bytes = sum(onTheWay, (batch) => batch.bytes.length);
    const overBytes = () => waiting.bytes + bytes > limits.maxQueueBytes;
    while (waiting.countedItems + items > limits.maxQueueItems || overBytes()) {
      const victim = waiting.sacrifice(overBytes() ? () => true : countsAsItem);
      if (!victim) break;
      lose(victim.items, 'queue-full', 'the queue was full');
    }
  }

  function lose(items: number, reason: 'queue-full' | 'shutdown', why: string): void {
    if (!items) return;
    total = {
      ...total,
      dropped: { ...total.dropped, [reason]: total.dropped[reason] + items },
      lastError: { message: why, unixMs: options.ports.clock.wallMs() },
    };
    options.report('error', `dropped-${reason}`, `${items} items dropped: ${why}`);
  }

  function add(batch: Batch): void {
    if (closed) {
      lose(batch.items, 'shutdown', 'telemetry was shut down');
      return;
    }
    waiting.add(batch, false);
    makeRoom();
  }

  function bringBack(batches: Iterable<Batch>): void {
    for (const batch of batches) add(batch);
  }

  function remember({ queued: _, stored: __, ...became }: Status): void {
    const { queued, stored } = total;
    total = { ...addStatus(total, { queued, stored, ...became }), state: became.state };
  }

  /** What was taken along by requests that no longer exist. */
  function reclaim(): void {
    for (const [account, { batches, untilMs }] of loans) {
      if (untilMs > now()) continue;
      loans.delete(account);
      remember(account.status());
      bringBack(batches);
    }
  }

  function isAtRest(timeoutMs: number): boolean {
    const restMs = Math.min(...resting.map(({ route }) => route.nextMs)) - now();
    return restMs > timeoutMs || (restMs > 0 && loans.size > 0);
  }

  /** A request's own queue, which gives back what it still has when it closes. */
  function borrow(batches: Set<Batch>): BatchQueue {
    const queue = memoryQueue();
    const { add, done } = queue;
    return Object.assign(queue, {
      add(batch: Batch, leaving: boolean) {
        batches.add(batch);
        add(batch, leaving);
      },
      done(batch: Batch, parts: readonly Batch[] = []) {
        batches.delete(batch);
        for (const part of parts) batches.add(part);
        done(batch, parts);
      },
      close() {
        bringBack(batches);
        batches.clear();
        return 0;
      },
    });
  }

  for (const { problem } of transports) if (problem) options.report('error', 'bad-endpoint', problem);

  return {
    destination: transports[0]!.destination,
    maxBytes: Math.min(...transports.map(({ maxBytes = Number.POSITIVE_INFINITY }) => maxBytes)),
    add,
    get isEmpty() {
      return !waiting.items;
    },
    isAtRest,
    async carry(timeoutMs) {
      reclaim();
      if (!waiting.items) return true;
      if (isAtRest(timeoutMs)) return false;
      const batches = new Set<Batch>();
      const account = openAccount(() => borrow(batches));
      for (let left = MOST_BATCHES; left > 0; left--) {
        const batch = waiting.next();
        if (!batch) break;
        waiting.done(batch);
        account.add(batch, false);
      }
      loans.set(account, { batches, untilMs: now() + timeoutMs + LEASE_MARGIN_MS });
      account.pump();
      const all = await account.drain(timeoutMs, true);
      // Before it is closed: then it would call itself shut down.
      const status = account.status();
      await account.close();
      if (loans.delete(account)) remember(status);
      return all;
    },
    close() {
      closed = true;
      lose(waiting.close(), 'shutdown', 'telemetry was shut down');
    },
    status() {
      let status = total;
      for (const account of loans.keys()) status = addStatus(status, account.status());
      const size = { items: status.queued.items + waiting.items, bytes: status.queued.bytes + waiting.bytes };
      const failing = resting.some(({ route }) => route.failures);
      return {
        ...status,
        state: closed ? 'shut-down' : failing ? 'degraded' : status.state,
        queued: size,
        stored: { ...size, durability: 'memory' },
        destinations: resting.map(({ route: { transport, reachable, failures, nextMs } }) => ({
          destination: transport.destination,
          reachable,
          failures,
          nextAttemptUnixMs: failures ? options.ports.clock.wallMs() + nextMs - now() : undefined,
        })),
      };
    },
  };
}
