import type { Batch, OpenBuffer } from '../batch.js';
import type { DropReason, TelemetryStatus } from '../options.js';
import type { OutboxRequest } from '../outbox/full-outbox.js';
import type { Outbox } from '../outbox/outbox.js';
import { closeCircuit, createRoute, openCircuit } from '../outbox/route.js';
import { sealIds } from '../outbox/seal-ids.js';
import type { Outcome, Transport } from '../ports.js';

/** A sealed batch that is not settled. */
interface Entry {
  readonly batch: Batch;
  readonly sealedMs: number;
  readonly accepted: Promise<boolean>;
  tell(accepted: boolean): void;
  /** While it is being sent: gives the send up. */
  stop?: (() => void) | undefined;
}

/**
 * The outbox for programs whose bytes count: the same decisions for one destination, with batches in memory only. Other destinations, stores,
 * late resources and splitting need `createOutbox`; both keep the same tests. Everything is counted anew where it is asked for, which a page's few
 * batches allow.
 */
export function createSmallOutbox(options: OutboxRequest): Outbox {
  const { limits, report, quietly = (run) => run() } = options;
  const { clock, timers, entropy } = options.ports;
  const given = (options.destinations ?? {}) as Partial<Transport>;
  const transport = given as Transport;
  const { destination } = transport;
  const route = createRoute(transport);
  const nextId = sealIds(entropy);
  const buffers = new Set<OpenBuffer>();
  let queue: Entry[] = [];
  const counts = {
    sent: { traces: 0, metrics: 0, logs: 0 },
    rejected: 0,
    dropped: { 'queue-full': 0, 'store-full': 0, 'too-old': 0, refused: 0, 'too-large': 0, shutdown: 0, damaged: 0 },
    lastSuccessUnixMs: undefined as number | undefined,
    lastError: undefined as TelemetryStatus['lastError'],
  };
  let failing = false;
  let closed = false;
  let closing: Promise<boolean> | undefined;
  let cancelAge: (() => void) | undefined;
  let cancelWake: (() => void) | undefined;

  function size(open: Iterable<OpenBuffer> = buffers) {
    let [items, bytes] = [0, 0];
    for (const { batch } of queue) {
      items += batch.items;
      bytes += batch.bytes.length;
    }
    for (const buffer of open) {
      items += buffer.items;
      bytes += buffer.byteLength;
    }
    return { items, bytes };
  }

  const isOver = () => {
    const { items, bytes } = size();
    return items > limits.maxQueueItems || bytes > limits.maxQueueBytes;
  };

  const waiting = (high: boolean) => queue.find(({ stop, batch }) => !stop && (batch.priority === 'high') === high);

  function makeRoom(): void {
    for (let victim: Entry | undefined; isOver(); drop(victim, 'queue-full', 'the queue was full')) {
      victim = waiting(false) ?? waiting(true);
      if (!victim) break;
    }
  }

  function settle(entry: Entry, accepted: boolean): void {
    queue = queue.filter((each) => each !== entry);
    entry.tell(accepted);
  }

  function fail(message: string): string {
    counts.lastError = { message, unixMs: clock.wallMs() };
    failing = true;
    return message;
  }

  function drop(entry: Entry, reason: DropReason, why: string): void {
    const { items } = entry.batch;
    counts.dropped[reason] += items;
    report('error', `dropped-${reason}`, fail(`${items} items dropped: ${why}`));
    settle(entry, false);
  }

  function seal(which: Iterable<OpenBuffer> = buffers, leaving = false): void {
    for (const buffer of which) {
      const { signal, priority } = buffer;
      const sealed = buffer.take(options.resource());
      if (!sealed) continue;
      if (closed) counts.dropped.shutdown += sealed.items;
      else {
        let tell!: (accepted: boolean) => void;
        const accepted = new Promise<boolean>((resolve) => {
          tell = resolve;
        });
        const batch: Batch = {
          v: 1,
          id: nextId(),
          signal,
          priority,
          destination,
          createdUnixMs: clock.wallMs(),
          ...sealed,
        };
        queue.push({ batch, sealedMs: clock.monotonicMs(), accepted, tell });
      }
    }
    makeRoom();
    pump(leaving);
  }

  function sealAged(): void {
    cancelAge = undefined;
    seal();
  }

  function pump(leaving = false): void {
    cancelWake?.();
    while (!closed) {
      const nowMs = clock.monotonicMs();
      const sending = queue.filter(({ stop }) => stop).length;
      const entry = waiting(true) ?? waiting(false);
      if (!entry || (sending && route.failures) || (sending >= limits.concurrency && !leaving)) return;
      if (route.nextMs > nowMs && !leaving) {
        cancelWake = timers.after(route.nextMs - nowMs, pump);
        return;
      }
      if (nowMs - entry.sealedMs > limits.maxBatchAgeMs) drop(entry, 'too-old', 'nobody took it');
      else void deliver(entry, leaving);
    }
  }

  async function deliver(entry: Entry, leaving: boolean): Promise<void> {
    const { batch } = entry;
    // Made for one send, so that no listener need be taken away again.
    const listeners: (() => void)[] = [];
    const abort = {
      aborted: false,
      addEventListener: (_type: 'abort', listener: () => void) => void listeners.push(listener),
      removeEventListener() {},
    };
    let cancel!: () => void;
    const outcome = await new Promise<Outcome>((resolve) => {
      const retry = (why: unknown) => resolve({ kind: 'retry', reason: `${destination}: ${why}` });
      entry.stop = () => {
        abort.aborted = true;
        for (const listener of listeners) listener();
        retry('no answer in time');
      };
      cancel = timers.after(limits.sendTimeoutMs, entry.stop);
      (async () => resolve({ ...(await quietly(() => transport.send(batch, { abort, leaving }))) }))().catch(retry);
    });
    cancel();
    entry.stop = undefined;
    if (closed) return;
    const { kind } = outcome;
    if (kind === 'accepted') {
      const lost = Math.min(outcome.rejectedItems || 0, batch.items);
      counts.rejected += lost;
      counts.sent[batch.signal] += batch.items - lost;
      counts.lastSuccessUnixMs = clock.wallMs();
      if (lost || outcome.message)
        report('warn', 'partial-success', fail(`${lost} items rejected: ${outcome.message}`));
      failing = lost > 0;
      settle(entry, !lost);
    } else if (kind === 'refused' || kind === 'too-large') drop(entry, kind, outcome.reason);
    else {
      // Behind the others: one that always fails must not stop them.
      queue.push(...queue.splice(queue.indexOf(entry), 1));
      openCircuit(route, outcome.afterMs, limits, clock.monotonicMs());
      report('warn', 'collector-unreachable', fail(outcome.reason));
      pump();
      return;
    }
    closeCircuit(route);
    pump(leaving);
  }

  function resume(): void {
    if (!route.told) route.nextMs = 0;
    pump();
  }

  function flush(timeoutMs: number): Promise<boolean> {
    seal();
    resume();
    return new Promise((resolve) => {
      const cancel = timers.after(timeoutMs, () => resolve(false));
      void Promise.all(queue.map(({ accepted }) => accepted)).then((each) => {
        cancel();
        resolve(each.every(Boolean));
      });
    });
  }

  if (!given.send || options.store) report('error', 'part-missing', 'This build has one destination and no store');

  return {
    onFragment:
      given.send &&
      ((buffer) => {
        buffers.add(buffer);
        makeRoom();
        if (
          isOver() ||
          buffer.items >= Math.min(limits.maxItems, limits.maxQueueItems) ||
          buffer.byteLength >= limits.maxBytes
        )
          seal([buffer]);
        else if (!cancelAge) {
          cancelAge = limits.maxAgeMs ? timers.after(limits.maxAgeMs, sealAged) : () => {};
          if (!limits.maxAgeMs) void Promise.resolve().then(sealAged);
        }
      }),
    flush: (timeoutMs = limits.flushTimeoutMs) => closing ?? flush(timeoutMs),
    shutdown(timeoutMs = limits.shutdownTimeoutMs) {
      closing ??= flush(timeoutMs).then(async (sentAll) => {
        seal();
        closed = true;
        cancelAge?.();
        cancelWake?.();
        for (const entry of queue) {
          counts.dropped.shutdown += entry.batch.items;
          entry.stop?.();
          entry.tell(false);
        }
        queue = [];
        await given.close?.().catch(() => {});
        return sentAll;
      });
      return closing;
    },
    suspend: () => seal(buffers, true),
    resume,
    status: () => ({
      ...counts,
      sent: { ...counts.sent },
      dropped: { ...counts.dropped },
      state: closed ? 'shut-down' : failing || route.failures ? 'degraded' : 'healthy',
      queued: size(),
      stored: { ...size([]), durability: 'memory' },
      destinations: [
        {
          destination,
          reachable: route.reachable,
          failures: route.failures,
          nextAttemptUnixMs: route.failures ? clock.wallMs() + route.nextMs - clock.monotonicMs() : undefined,
        },
      ],
    }),
  };
}
