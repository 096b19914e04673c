import type { EncodedResource, OnFragment, OpenBuffer } from '../batch.js';
import type { TelemetryStatus } from '../options.js';
import type { Transport } from '../ports.js';
import { type Account, type AccountOptions, createAccount } from './account.js';
import { countsAsItem } from './batch-queue.js';
import { sealIds } from './seal-ids.js';

export interface OutboxOptions extends AccountOptions {
  /** One destination, or a list of which the first that works is used. */
  readonly destinations: readonly Transport[];
  /** The resource as far as it is known now. */
  readonly resource: () => EncodedResource;
  /** Settles when it is complete; sealing waits a second for it at most, 200 ms at shutdown, not at all when the page is left. */
  readonly resourceReady?: Promise<unknown> | undefined;
}

export interface Outbox {
  /** Absent where there is nowhere to send: then nothing need be encoded. */
  readonly onFragment: OnFragment | undefined;
  /** Seals and sends what there is now. `true` when all of it was accepted; `false` on refusal, rejection, loss or time-out. */
  flush(timeoutMs?: number): Promise<boolean>;
  /** `flush`, then closes the transports. What is left is counted as dropped unless a store keeps it. Idempotent. */
  shutdown(timeoutMs?: number): Promise<boolean>;
  /** The program might not come back: seal all and send it in this turn, by what outlives the program. */
  suspend(): void;
  /** It came back, or is online again: try at once. */
  resume(): void;
  status(): Omit<TelemetryStatus, 'openSpans'>;
}

const RESOURCE_WAIT_MS = 1_000;
const RESOURCE_WAIT_AT_EXIT_MS = 200;

/** Seals open buffers into batches, by size and age, within the bounds of memory; the account does the rest. */
export function createOutbox(options: OutboxOptions, open: typeof createAccount = createAccount): Outbox {
  const { limits, resource, resourceReady, destinations } = options;
  const { clock, timers, entropy } = options.ports;
  const originMs = clock.wallMs() - clock.monotonicMs();
  const now = () => originMs + clock.monotonicMs();
  const account: Account = open(destinations, options, now);
  // Sealed small enough for the narrowest way, so that little has to be split.
  const maxBytes = Math.min(limits.maxBytes, ...destinations.map((transport) => transport.maxBytes ?? limits.maxBytes));
  const nextId = sealIds(entropy);
  const buffers = new Set<OpenBuffer>();
  /** Items in open buffers, as far as they count. */
  let openItems = 0;
  let lastBuffer: OpenBuffer | undefined;
  let lastCounts = 0;
  let cancelAge: (() => void) | undefined;
  let complete = !resourceReady;
  let closing: Promise<boolean> | undefined;

  const isOver = () => openItems + account.queue.countedItems > limits.maxQueueItems;

  const onFragment: OnFragment = (buffer) => {
    if (buffer !== lastBuffer) {
      lastBuffer = buffer;
      buffers.add(buffer);
      lastCounts = +countsAsItem(buffer);
    }
    openItems += lastCounts;
    if (lastCounts && isOver()) account.makeRoom(openItems, 0);
    if (
      (lastCounts && (isOver() || openItems >= limits.maxQueueItems)) ||
      buffer.byteLength >= maxBytes ||
      (complete && buffer.items >= limits.maxItems)
    ) {
      seal([buffer], false);
    } else cancelAge ??= limits.maxAgeMs ? timers.after(limits.maxAgeMs, sealAged) : sealSoon();
  };

  function sealSoon(): () => void {
    void Promise.resolve().then(sealAged);
    return () => {};
  }

  function sealAged(): void {
    cancelAge = undefined;
    if (complete) seal(buffers, false);
  }

  function sum(size: 'items' | 'byteLength', of: (buffer: OpenBuffer) => boolean = () => true): number {
    let total = 0;
    for (const buffer of buffers) if (of(buffer)) total += buffer[size];
    return total;
  }

  /** `watch` is called when all is with the account and nothing has been decided about it yet. */
  function seal(which: Iterable<OpenBuffer>, leaving: boolean, watch?: () => void): void {
    for (const buffer of which) {
      const { signal, priority } = buffer;
      const sealed = buffer.take(resource());
      if (sealed)
        account.add(
          {
            v: 1,
            id: nextId(),
            signal,
            priority,
            destination: account.destination,
            createdUnixMs: Math.round(now()),
            ...sealed,
          },
          leaving,
        );
    }
    openItems = sum('items', countsAsItem);
    if (!sum('items')) {
      cancelAge?.();
      cancelAge = undefined;
    }
    watch?.();
    account.makeRoom(openItems, sum('byteLength'));
    account.pump(leaving);
  }

  const whenComplete = () => {
    if (!complete) {
      complete = true;
      seal(buffers, false);
    }
  };

  async function flush(timeoutMs: number, resourceWaitMs: number, last: boolean): Promise<boolean> {
    if (!complete) {
      await new Promise((resolve) => {
        timers.after(Math.min(resourceWaitMs, timeoutMs), () => resolve(0));
        resourceReady!.then(resolve, resolve);
      });
    }
    let drained: Promise<boolean> | undefined;
    // What is given up at once, without being sent, counts too.
    seal(buffers, false, () => {
      drained = account.drain(timeoutMs, last);
    });
    account.resume();
    return drained!;
  }

  if (resourceReady) {
    resourceReady.then(whenComplete, whenComplete);
    timers.after(RESOURCE_WAIT_MS, whenComplete);
  }

  return {
    onFragment,
    flush: (timeoutMs = limits.flushTimeoutMs) => closing ?? flush(timeoutMs, RESOURCE_WAIT_MS, false),
    shutdown(timeoutMs = limits.shutdownTimeoutMs) {
      closing ??= flush(timeoutMs, RESOURCE_WAIT_AT_EXIT_MS, true).then(async (sentAll) => {
        seal(buffers, false);
        const closed = account.close();
        await new Promise((resolve) => {
          timers.after(500, () => resolve(0));
          void closed.then(resolve);
        });
        return sentAll;
      });
      return closing;
    },
    suspend: () => seal(buffers, true),
    resume: () => account.resume(),
    status() {
      const status = account.status();
      const { items, bytes } = status.queued;
      return { ...status, queued: { items: items + sum('items'), bytes: bytes + sum('byteLength') } };
    },
  };
}
