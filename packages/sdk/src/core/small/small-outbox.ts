import type { Batch, OpenBuffer, Priority } from '../batch.js';
import type { Diagnostic, DropReason, TelemetryStatus } from '../options.js';
import type { BatchQueue, QueueHost } from '../outbox/batch-queue.js';
import type { OutboxRequest } from '../outbox/full-outbox.js';
import type { Outbox } from '../outbox/outbox.js';
import type { AbortSignalLike, Outcome, Transport } from '../ports.js';
import { within } from '../within.js';
import { randomHex } from './random-hex.js';

// Of the DOM standard: every page has it. Core knows no runtime's types, so it is named here.
declare const AbortController: new () => { readonly signal: AbortSignalLike; abort(): void };

/** Longer waits overflow the timers of some runtimes. */
const LONGEST_WAIT_MS = 864e5;

/**
 * The outbox for programs whose bytes count: the same decisions for one destination. Batches are in memory, or where `createQueue` keeps them. Other
 * destinations, late resources and splitting need `createFullOutbox`; both keep the same tests. What is open is counted anew where it is asked for,
 * which a page's few buffers allow. All times are Unix times of a clock that does not jump.
 */
export function createSmallOutbox(
  options: OutboxRequest,
  createQueue?: (host: QueueHost, destinations: readonly string[]) => BatchQueue,
): Outbox {
  const { limits, report, quietly } = options;
  const { clock, timers, entropy } = options.ports;
  const transport = (options.destinations ?? {}) as Partial<Transport>;
  const { destination = '' } = transport;
  const originMs = clock.wallMs() - clock.monotonicMs();
  const now = () => originMs + clock.monotonicMs();
  const processId = randomHex(entropy, 8);
  const buffers = new Set<OpenBuffer>();
  /** Ids of what is sealed and not settled. */
  const live = new Set<string>();
  /** What waits here, in the order in which it is sent; nothing with a queue, which has the batches then. */
  const kept = new Set<Batch>();
  /** What is being sent, and how to give it up. */
  const sending = new Map<Batch, () => void>();
  /** Flushes that wait, told of each batch that settles. One that gave up is forgotten: a batch may wait for hours. */
  const flushes = new Set<(id: string, accepted: boolean) => void>();
  let sealed = 0;
  const sent = { traces: 0, metrics: 0, logs: 0 };
  const dropped = {
    'queue-full': 0,
    'store-full': 0,
    'too-old': 0,
    refused: 0,
    'too-large': 0,
    shutdown: 0,
    damaged: 0,
  };
  let rejected = 0;
  let lastSuccessUnixMs: number | undefined;
  let lastError: TelemetryStatus['lastError'];
  let failing = false;
  /** Of the destination: failures in a row, when it may be asked again, whether that is its own word. */
  let failures = 0;
  let nextMs = 0;
  let told = false;
  let reachable: boolean | undefined;
  let closed = false;
  let closing: Promise<boolean> | undefined;
  let cancelAge: (() => void) | undefined;
  let cancelWake: (() => void) | undefined;

  const size = (open: Iterable<OpenBuffer> = buffers) => {
    let { items, bytes } = queue ?? { items: 0, bytes: 0 };
    for (const batch of queue ? [] : [...kept, ...sending.keys()]) {
      items += batch.items;
      bytes += batch.bytes.length;
    }
    for (const buffer of open) {
      items += buffer.items;
      bytes += buffer.byteLength;
    }
    return { items, bytes };
  };
  /** The oldest that waits, or the newest, of this priority where there is one. */
  const take = (first: Priority, newest?: boolean): Batch | undefined => {
    const batches = [...kept];
    if (newest) batches.reverse();
    const best = batches.find(({ priority }) => priority === first) ?? batches[0];
    kept.delete(best!);
    return best;
  };

  const fail = (level: Diagnostic['level'], code: string, message: string): void => {
    lastError = { message, unixMs: now() };
    failing = true;
    report(level, code, message);
  };
  const settle = (id: string, accepted: boolean): void => {
    live.delete(id);
    for (const tell of flushes) tell(id, accepted);
  };
  const drop = (batch: Pick<Batch, 'id' | 'items'>, reason: DropReason, why: string = reason): void => {
    dropped[reason] += batch.items;
    fail('error', `dropped-${reason}`, `${batch.items} items dropped: ${why}`);
    settle(batch.id, false);
  };
  const queue = createQueue?.({ wake: () => pump(), lost: drop }, [destination]);
  /** Gives up what waits until the bounds hold; `false` where what is open is too much by itself. */
  const makeRoom = (): boolean => {
    for (;;) {
      const { items, bytes } = size();
      if (items <= limits.maxQueueItems && bytes <= limits.maxQueueBytes) return true;
      const victim = queue ? queue.sacrifice() : take('normal');
      if (!victim) return false;
      drop(victim, 'queue-full');
    }
  };

  const seal = (which: Iterable<OpenBuffer> = buffers, leaving?: boolean): void => {
    for (const buffer of which) {
      const { signal, priority } = buffer;
      const content = buffer.take(options.resource());
      if (!content) continue;
      if (closed) dropped.shutdown += content.items;
      else {
        const batch: Batch = {
          v: 1,
          id: processId + (sealed++).toString(16).padStart(16, '0'),
          signal,
          priority,
          destination,
          createdUnixMs: Math.round(now()),
          ...content,
        };
        live.add(batch.id);
        (queue ?? kept).add(batch, leaving);
      }
    }
    makeRoom();
    pump(leaving);
  };
  const sealAged = (): void => {
    cancelAge = undefined;
    seal();
  };

  const pump = (leaving?: boolean): void => {
    cancelWake?.();
    while (!closed) {
      const waitMs = nextMs - now();
      if ((sending.size && failures) || (sending.size >= limits.concurrency && !leaving)) return;
      if (waitMs > 0 && !leaving) {
        cancelWake = timers.after(waitMs, pump);
        return;
      }
      const batch = queue ? queue.next(leaving) : take('high', leaving);
      if (!batch) return;
      if (now() - batch.createdUnixMs > limits.maxBatchAgeMs) {
        queue?.done(batch);
        drop(batch, 'too-old');
      } else void deliver(batch, leaving);
    }
  };

  const deliver = async (batch: Batch, leaving?: boolean): Promise<void> => {
    const controller = new AbortController();
    let cancel!: () => void;
    const outcome = await new Promise<Outcome>((resolve) => {
      const retry = (why: unknown) => resolve({ kind: 'retry', reason: `${destination}: ${why}` });
      const stop = () => {
        controller.abort();
        retry('no answer in time');
      };
      cancel = timers.after(limits.sendTimeoutMs, stop);
      sending.set(batch, stop);
      quietly(async () => resolve({ ...(await transport.send!(batch, { abort: controller.signal, leaving })) })).catch(
        retry,
      );
    });
    cancel();
    sending.delete(batch);
    // It was counted as dropped, or left to the store.
    if (closed) return;
    const { kind } = outcome;
    if (kind === 'accepted' || kind === 'refused' || kind === 'too-large') {
      // It answered, whatever it said. A wait it has asked for since that was sent still holds.
      if (!told || nextMs <= now()) failures = nextMs = 0;
      reachable = true;
      queue?.done(batch);
      if (kind === 'accepted') {
        const { items } = batch;
        const lost = Math.min(outcome.rejectedItems || 0, items);
        rejected += lost;
        sent[batch.signal] += items - lost;
        lastSuccessUnixMs = now();
        if (lost || outcome.message) fail('warn', 'partial-success', `${lost} items rejected: ${outcome.message}`);
        failing = lost > 0;
        settle(batch.id, !lost);
      } else drop(batch, kind, outcome.reason);
      pump(leaving);
    } else {
      // Behind the others: one that always fails must not stop them.
      if (queue) queue.back(batch);
      else kept.add(batch);
      // Several sends that were under way together fail as one.
      if (nextMs <= now()) failures++;
      reachable = false;
      // The server's word first. A wait of zero is believed once, so that nothing is asked in a hot loop.
      const { afterMs = -1 } = outcome;
      const waitMs =
        afterMs > 0 || (!afterMs && failures < 2)
          ? afterMs
          : Math.min(limits.firstRetryMs * 2 ** (failures - 1), limits.maxRetryMs) * (0.5 + Math.random());
      const untilMs = now() + Math.min(waitMs, LONGEST_WAIT_MS);
      if (untilMs > nextMs) {
        nextMs = untilMs;
        told = afterMs > 0;
      }
      fail('warn', 'collector-unreachable', outcome.reason);
      pump();
    }
  };

  const resume = (): void => {
    if (!told) nextMs = 0;
    pump();
  };
  const flush = async (timeoutMs: number): Promise<boolean> => {
    seal();
    resume();
    const left = new Set<string | undefined>(live);
    let all = true;
    let tell!: (id?: string, accepted?: boolean) => void;
    const over = within(
      timers,
      timeoutMs,
      new Promise((resolve) => {
        tell = (id, accepted) => {
          if (left.delete(id)) all &&= accepted!;
          if (!left.size) resolve(all);
        };
      }),
    );
    flushes.add(tell);
    tell();
    await over;
    flushes.delete(tell);
    return over;
  };

  if (!transport.send || options.store) report('error', 'part-missing', 'Only one destination, and no store');

  return {
    onFragment:
      transport.send &&
      ((buffer) => {
        buffers.add(buffer);
        if (
          !makeRoom() ||
          buffer.items >= Math.min(limits.maxItems, limits.maxQueueItems) ||
          buffer.byteLength >= limits.maxBytes
        )
          seal([buffer]);
        else if (limits.maxAgeMs) cancelAge ??= timers.after(limits.maxAgeMs, sealAged);
        else void Promise.resolve().then(sealAged);
      }),
    flush: (timeoutMs = limits.flushTimeoutMs) => closing ?? flush(timeoutMs),
    shutdown(timeoutMs = limits.shutdownTimeoutMs) {
      closing ??= flush(timeoutMs).then(async (sentAll) => {
        seal();
        closed = true;
        cancelAge?.();
        cancelWake?.();
        dropped.shutdown += queue?.close() ?? size().items;
        for (const stop of sending.values()) stop();
        for (const id of live) settle(id, false);
        kept.clear();
        await transport.close?.().catch(() => {});
        return sentAll;
      });
      return closing;
    },
    suspend: () => seal(buffers, true),
    resume,
    status: () => ({
      sent: { ...sent },
      rejected,
      dropped: { ...dropped },
      lastSuccessUnixMs,
      lastError,
      state: closed ? 'shut-down' : failing || failures ? 'degraded' : 'healthy',
      queued: size(),
      stored: queue?.stored?.() ?? { ...size([]), durability: 'memory' },
      destinations: [{ destination, reachable, failures, nextAttemptUnixMs: failures ? nextMs : undefined }],
    }),
  };
}
