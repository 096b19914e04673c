import type { Batch, OpenBuffer, Priority } from '../batch.js';
import type { Diagnostic, DropReason, TelemetryStatus } from '../options.js';
import type { OutboxRequest } from '../outbox/full-outbox.js';
import type { Outbox } from '../outbox/outbox.js';
import type { AbortSignalLike, Outcome, Transport } from '../ports.js';
import { within } from '../within.js';
import { randomHex } from './random-hex.js';

// Of the DOM standard: every page has it. Core knows no runtime's types, so it is named here.
declare const AbortController: new () => { readonly signal: AbortSignalLike; abort(): void };

/** A sealed batch that is not settled. */
interface Entry {
  readonly batch: Batch;
  readonly items: number;
  readonly byteLength: number;
  /** While it is being sent: gives the send up. */
  stop?: (() => void) | undefined;
}

/** Longer waits overflow the timers of some runtimes. */
const LONGEST_WAIT_MS = 864e5;

/**
 * The outbox for programs whose bytes count: the same decisions for one destination, with batches in memory only. Other destinations, stores,
 * late resources and splitting need `createFullOutbox`; both keep the same tests. Everything is counted anew where it is asked for, which a
 * page's few batches allow. All times are Unix times of a clock that does not jump.
 */
export function createSmallOutbox(options: OutboxRequest): Outbox {
  const { limits, report, quietly = (run) => run() } = options;
  const { clock, timers, entropy } = options.ports;
  const transport = (options.destinations ?? {}) as Partial<Transport>;
  const { destination = '' } = transport;
  const originMs = clock.wallMs() - clock.monotonicMs();
  const now = () => originMs + clock.monotonicMs();
  const processId = randomHex(entropy, 8);
  const buffers = new Set<OpenBuffer>();
  const queue = new Set<Entry>();
  const sending = new Set<Entry>();
  /** Flushes that wait, told of each batch that settles. One that gave up is forgotten: a batch may wait for hours. */
  const flushes = new Set<(entry: Entry, accepted: boolean) => void>();
  let sealed = 0;
  const counts = {
    sent: { traces: 0, metrics: 0, logs: 0 },
    rejected: 0,
    dropped: { 'queue-full': 0, 'store-full': 0, 'too-old': 0, refused: 0, 'too-large': 0, shutdown: 0, damaged: 0 },
    lastSuccessUnixMs: undefined as number | undefined,
    lastError: undefined as TelemetryStatus['lastError'],
  };
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

  const kept = () => [...sending, ...queue];
  const size = (open: Iterable<OpenBuffer> = buffers) => {
    let items = 0;
    let bytes = 0;
    for (const part of [...kept(), ...open]) {
      items += part.items;
      bytes += part.byteLength;
    }
    return { items, bytes };
  };
  const isOver = () => {
    const { items, bytes } = size();
    return items > limits.maxQueueItems || bytes > limits.maxQueueBytes;
  };
  /** The oldest that waits, or the newest, of this priority where there is one. */
  const waiting = (first: Priority, newest?: boolean) => {
    const entries = [...queue];
    if (newest) entries.reverse();
    return entries.find(({ batch }) => batch.priority === first) ?? entries[0];
  };

  const fail = (level: Diagnostic['level'], code: string, message: string): void => {
    counts.lastError = { message, unixMs: now() };
    failing = true;
    report(level, code, message);
  };
  const settle = (entry: Entry, accepted: boolean): void => {
    queue.delete(entry);
    sending.delete(entry);
    for (const tell of flushes) tell(entry, accepted);
  };
  const drop = (entry: Entry, reason: DropReason, why: string = reason): void => {
    counts.dropped[reason] += entry.items;
    fail('error', `dropped-${reason}`, `${entry.items} items dropped: ${why}`);
    settle(entry, false);
  };
  const makeRoom = (): void => {
    while (queue.size && isOver()) drop(waiting('normal')!, 'queue-full');
  };

  const seal = (which: Iterable<OpenBuffer> = buffers, leaving?: boolean): void => {
    for (const buffer of which) {
      const { signal, priority } = buffer;
      const content = buffer.take(options.resource());
      if (!content) continue;
      const { items, bytes } = content;
      if (closed) counts.dropped.shutdown += items;
      else {
        const id = processId + (sealed++).toString(16).padStart(16, '0');
        const batch: Batch = {
          v: 1,
          id,
          signal,
          priority,
          destination,
          createdUnixMs: Math.round(now()),
          items,
          bytes,
        };
        queue.add({ batch, items, byteLength: bytes.length });
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
      // Of a page that is left not everything may be carried on: what was last says why.
      const entry = waiting('high', leaving);
      const waitMs = nextMs - now();
      if (!entry || (sending.size && failures) || (sending.size >= limits.concurrency && !leaving)) return;
      if (waitMs > 0 && !leaving) {
        cancelWake = timers.after(waitMs, pump);
        return;
      }
      if (now() - entry.batch.createdUnixMs > limits.maxBatchAgeMs) drop(entry, 'too-old');
      else void deliver(entry, leaving);
    }
  };

  const deliver = async (entry: Entry, leaving?: boolean): Promise<void> => {
    const { batch, items } = entry;
    queue.delete(entry);
    sending.add(entry);
    const controller = new AbortController();
    let cancel!: () => void;
    const outcome = await new Promise<Outcome>((resolve) => {
      const retry = (why: unknown) => resolve({ kind: 'retry', reason: `${destination}: ${why}` });
      entry.stop = () => {
        controller.abort();
        retry('no answer in time');
      };
      cancel = timers.after(limits.sendTimeoutMs, entry.stop);
      quietly(async () => resolve({ ...(await transport.send!(batch, { abort: controller.signal, leaving })) })).catch(
        retry,
      );
    });
    cancel();
    if (closed) return;
    const { kind } = outcome;
    if (kind === 'accepted' || kind === 'refused' || kind === 'too-large') {
      // It answered, whatever it said. A wait it has asked for since that was sent still holds.
      if (!told || nextMs <= now()) failures = nextMs = 0;
      reachable = true;
      if (kind === 'accepted') {
        const lost = Math.min(outcome.rejectedItems || 0, items);
        counts.rejected += lost;
        counts.sent[batch.signal] += items - lost;
        counts.lastSuccessUnixMs = now();
        if (lost || outcome.message) fail('warn', 'partial-success', `${lost} items rejected: ${outcome.message}`);
        failing = lost > 0;
        settle(entry, !lost);
      } else drop(entry, kind, outcome.reason);
      pump(leaving);
    } else {
      // Behind the others: one that always fails must not stop them.
      sending.delete(entry);
      queue.add(entry);
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
    const left = new Set<Entry | undefined>(kept());
    let all = true;
    let tell!: (entry?: Entry, accepted?: boolean) => void;
    const sent = within(
      timers,
      timeoutMs,
      new Promise((resolve) => {
        tell = (entry, accepted) => {
          if (left.delete(entry)) all &&= accepted!;
          if (!left.size) resolve(all);
        };
      }),
    );
    flushes.add(tell);
    tell();
    await sent;
    flushes.delete(tell);
    return sent;
  };

  if (!transport.send || options.store) report('error', 'part-missing', 'Only one destination, and no store');

  return {
    onFragment:
      transport.send &&
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
        for (const entry of kept()) {
          counts.dropped.shutdown += entry.items;
          entry.stop?.();
          settle(entry, false);
        }
        await transport.close?.().catch(() => {});
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
      state: closed ? 'shut-down' : failing || failures ? 'degraded' : 'healthy',
      queued: size(),
      stored: { ...size([]), durability: 'memory' },
      destinations: [{ destination, reachable, failures, nextAttemptUnixMs: failures ? nextMs : undefined }],
    }),
  };
}
