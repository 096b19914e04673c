import type { Batch, Signal } from '../batch.js';
import type { Report } from '../limit-diagnostics.js';
import type { BatchLimits, DropReason, TelemetryStatus } from '../options.js';
import type { AbortSignalLike, Outcome, Ports, Transport } from '../ports.js';
import type { RequestPart } from '../wire/split-request.js';
import { type BatchQueue, countsAsItem, type QueueHost } from './batch-queue.js';
import { memoryQueue } from './memory-queue.js';
import { closeCircuit, createRoute, isFree, openCircuit, pause, type Route } from './route.js';

// Of the DOM standard: every runtime has it. Core knows no runtime's types, so it is named here.
declare const AbortController: new () => { readonly signal: AbortSignalLike; abort(): void };

export interface AccountOptions {
  readonly ports: Pick<Ports, 'clock' | 'timers' | 'entropy'>;
  readonly limits: BatchLimits;
  /** Default: `memoryQueue`. */
  readonly createQueue?: ((host: QueueHost, destinations: readonly string[]) => BatchQueue) | undefined;
  /** Halves a request, always the same way; `undefined` where it holds one item. Without it nothing is split. */
  readonly split?: ((signal: Signal, bytes: Uint8Array) => readonly RequestPart[] | undefined) | undefined;
  /** Runs the transports' I/O so that it is not traced. */
  readonly quietly: <R>(run: () => R) => R;
  readonly report: Report;
}

/** Batches that must each arrive once, at one destination or at any of a list, and what became of them. Copies are several accounts. */
export interface Account {
  /** Stands in the batches; with a list, its first. */
  readonly destination: string;
  readonly queue: Pick<BatchQueue, 'countedItems'>;
  /** Takes a sealed batch. Waits for `pump` or, where the queue is a store, for that. */
  add(batch: Batch, leaving: boolean): void;
  /** Sends what may be sent now. `leaving`: also past the limits that assume a later. */
  pump(leaving?: boolean): void;
  /** Sacrifices waiting batches until the bounds hold, with so much open beside them (of the items those that count). */
  makeRoom(openItems: number, openBytes: number): void;
  /** Circuits that no server asked for are tried at once. */
  resume(): void;
  /** `true` when all that waits now was accepted in time. `last`: gives up as soon as nothing will be tried in time. */
  drain(timeoutMs: number, last: boolean): Promise<boolean>;
  /** Gives up what is under way, counts what is lost, closes the transports. */
  close(): Promise<unknown>;
  status(): Omit<TelemetryStatus, 'openSpans'>;
}

/**
 * Times are counted by the monotonic clock, so that a jump of the wall clock neither ages nor delays a batch.
 */
export function createAccount(
  transports: readonly Transport[],
  { ports: { clock, timers }, limits, createQueue = () => memoryQueue(), split, quietly, report }: AccountOptions,
  now: () => number,
): Account {
  const routes = transports.map(createRoute);
  const destinations = transports.map((transport) => transport.destination);
  const queue = createQueue({ wake: () => pump(), lost: drop }, destinations);
  /** Sealed and not settled, by id, and who is to be told. No promises: those of a batch that waits for hours would keep every flush that gave up. */
  const live = new Map<string, Set<(accepted: boolean) => void>>();
  const underWay = new Set<() => void>();
  const counts = {
    sent: { traces: 0, metrics: 0, logs: 0 },
    rejected: 0,
    dropped: { 'queue-full': 0, 'store-full': 0, 'too-old': 0, refused: 0, 'too-large': 0, shutdown: 0, damaged: 0 },
    lastSuccessUnixMs: undefined as number | undefined,
    lastError: undefined as TelemetryStatus['lastError'],
  };
  let failing = false;
  let closed = false;
  let cancelWake: (() => void) | undefined;
  let giveUp: ((nextMs: number) => void) | undefined;

  const size = () => ({ items: queue.items, bytes: queue.bytes });

  const track = ({ id }: Batch) => void live.set(id, new Set());

  function settle(id: string, accepted: boolean): void {
    const waiting = live.get(id) ?? [];
    live.delete(id);
    for (const tell of waiting) tell(accepted);
  }

  /** Tells `done`, once all of these have settled, whether all were accepted. Returns how to no longer wait. */
  function whenSettled(ids: Iterable<string>, done: (all: boolean) => void): () => void {
    const batches = [...ids].map((id) => live.get(id)!);
    let left = batches.length;
    let all = true;
    const tell = (accepted: boolean) => {
      all &&= accepted;
      if (--left === 0) done(all);
    };
    for (const waiting of batches) waiting.add(tell);
    if (!left) done(true);
    return () => {
      for (const waiting of batches) waiting.delete(tell);
    };
  }

  function fail(message: string): void {
    counts.lastError = { message, unixMs: clock.wallMs() };
    failing = true;
  }

  function drop({ id, items }: Pick<Batch, 'id' | 'items'>, reason: DropReason, why: string): void {
    counts.dropped[reason] += items;
    fail(why);
    report('error', `dropped-${reason}`, `${items} items dropped: ${why}`);
    settle(id, false);
  }

  function pump(leaving = false): void {
    cancelWake?.();
    while (!closed) {
      const time = now();
      // Who leaves has no later: the time of an open circuit need not have come.
      const route =
        routes.find((route) => route.nextMs <= time && isFree(route)) ?? (leaving ? routes.find(isFree) : undefined);
      if (!route) {
        sleep(time);
        return;
      }
      if (route.sending >= limits.concurrency && !leaving) return;
      const batch = queue.next(leaving);
      if (!batch) return;
      if (time - batch.createdUnixMs > limits.maxBatchAgeMs) {
        queue.done(batch);
        drop(batch, 'too-old', `not taken in ${limits.maxBatchAgeMs} ms`);
      } else void deliver(route, batch, leaving);
    }
  }

  function sleep(time: number): void {
    const nextMs = Math.min(...routes.map((route) => (isFree(route) ? route.nextMs : Infinity)));
    if (nextMs < Infinity) {
      giveUp?.(nextMs);
      cancelWake = timers.after(nextMs - time, pump);
    }
  }

  async function deliver(route: Route, batch: Batch, leaving: boolean): Promise<void> {
    const { destination, maxBytes } = route.transport;
    const { signal, items } = batch;
    route.sending++;
    const asked = !(batch.bytes.length > maxBytes!);
    const outcome: Outcome = asked
      ? await attempt(route.transport, batch, leaving)
      : { kind: 'too-large', reason: `over ${maxBytes} bytes`, maxBytes };
    route.sending--;
    // It was counted as dropped, or left to the store.
    if (closed) return;
    const { kind } = outcome;
    if (kind === 'accepted') {
      const lost = Math.max(0, Math.min(outcome.rejectedItems || 0, items));
      counts.rejected += lost;
      counts.sent[signal] += items - lost;
      counts.lastSuccessUnixMs = clock.wallMs();
      failing = false;
      if (lost || outcome.message) {
        const message = `${destination} rejected ${lost} items: ${outcome.message}`;
        if (lost) fail(message);
        report('warn', 'partial-success', message);
      }
      queue.done(batch);
      settle(batch.id, !lost);
    } else if (kind === 'refused' || kind === 'too-large') {
      const parts = kind === 'too-large' ? splitBatch(batch, outcome.maxBytes) : undefined;
      queue.done(batch, parts);
      if (parts) {
        parts.forEach(track);
        whenSettled(
          parts.map(({ id }) => id),
          (all) => settle(batch.id, all),
        );
      } else drop(batch, kind, `${destination} will not take it: ${outcome.reason}`);
    } else {
      const { reason, afterMs } = outcome;
      queue.back(batch);
      openCircuit(route, afterMs, limits, now());
      fail(reason);
      // Not yet where it is tried again at once: a kept connection that was over says nothing about the collector.
      if (afterMs !== 0 || route.failures > 1) report('warn', 'collector-unreachable', reason);
      pump();
      return;
    }
    closeCircuit(route, now());
    // One that finds a quarter of a batch too large, and what comes of that, may find anything too large: a second between the questions.
    if (kind === 'too-large' && asked && /\..\./.test(batch.id) && !leaving) pause(route, limits, now());
    pump(leaving);
  }

  /** Parts of at most `maxBytes`, as far as items can be parted; two where nobody knows how many bytes would do. */
  function splitBatch(batch: Batch, maxBytes = Infinity): Batch[] | undefined {
    return split?.(batch.signal, batch.bytes)?.flatMap((half, at) => {
      const part = { ...batch, ...half, id: `${batch.id}.${at}` };
      return (part.bytes.length > maxBytes && splitBatch(part, maxBytes)) || part;
    });
  }

  /** One send that always settles: with `retry` when the transport breaks its contract or its time is over. */
  function attempt(transport: Transport, batch: Batch, leaving: boolean): Promise<Outcome> {
    const controller = new AbortController();
    return new Promise((resolve) => {
      const settle = (outcome: Outcome) => {
        cancel();
        underWay.delete(stop);
        // A copy: a transport that answers nothing counts as one that failed.
        resolve({ ...outcome });
      };
      const retry = (why: unknown) => settle({ kind: 'retry', reason: `${transport.destination}: ${why}` });
      const stop = () => {
        controller.abort();
        retry(`no answer in ${limits.sendTimeoutMs} ms`);
      };
      const cancel = timers.after(limits.sendTimeoutMs, stop);
      underWay.add(stop);
      // Async, so that what is thrown at once is a rejection too; `send` itself is called in this turn.
      (async () => settle(await quietly(() => transport.send(batch, { abort: controller.signal, leaving }))))().catch(
        retry,
      );
    });
  }

  for (const { problem } of transports) if (problem) report('error', 'bad-endpoint', problem);

  return {
    destination: destinations[0]!,
    queue,
    add(batch, leaving) {
      if (closed) {
        counts.dropped.shutdown += batch.items;
        return;
      }
      track(batch);
      queue.add(batch, leaving);
    },
    pump,
    makeRoom(openItems, openBytes) {
      for (;;) {
        const tooLarge = queue.bytes + openBytes > limits.maxQueueBytes;
        if (!tooLarge && queue.countedItems + openItems <= limits.maxQueueItems) break;
        const victim = queue.sacrifice(tooLarge ? undefined : countsAsItem);
        if (!victim) break;
        drop(victim, 'queue-full', 'the queue was full');
      }
    },
    resume() {
      for (const route of routes) if (!route.told) route.nextMs = 0;
      pump();
    },
    drain(timeoutMs, last) {
      const deadlineMs = now() + timeoutMs;
      return new Promise((resolve) => {
        let forget = () => {};
        const finish = (all: boolean) => {
          cancel();
          forget();
          resolve(all);
        };
        const cancel = timers.after(timeoutMs, () => finish(false));
        if (last) giveUp = (nextMs) => nextMs > deadlineMs && finish(false);
        forget = whenSettled(live.keys(), finish);
      });
    },
    close() {
      closed = true;
      cancelWake?.();
      counts.dropped.shutdown += queue.close();
      for (const stop of underWay) stop();
      for (const id of live.keys()) settle(id, false);
      return Promise.allSettled(transports.map(async (transport) => transport.close?.()));
    },
    status: () => ({
      ...counts,
      sent: { ...counts.sent },
      dropped: { ...counts.dropped },
      state: closed ? 'shut-down' : failing || routes.some((route) => route.failures) ? 'degraded' : 'healthy',
      queued: size(),
      stored: queue.stored?.() ?? { ...size(), durability: 'memory' },
      destinations: routes.map(({ transport, reachable, failures, nextMs }) => ({
        destination: transport.destination,
        reachable,
        failures,
        nextAttemptUnixMs: failures ? clock.wallMs() + nextMs - now() : undefined,
      })),
    }),
  };
}
