import type { OpenBuffer } from '../../../core/batch.js';
import { addStatus } from '../../../core/outbox/copies.js';
import type { OutboxRequest } from '../../../core/outbox/full-outbox.js';
import type { Outbox } from '../../../core/outbox/outbox.js';
import { sealIds } from '../../../core/outbox/seal-ids.js';
import { splitExportRequest } from '../../../core/wire/split-request.js';
import { createRelay } from './create-relay.js';

export interface RequestOutbox extends Outbox {
  /** There is something that a request could take along: open fragments, or batches that wait. */
  readonly hasWork: boolean;
}

/**
 * The outbox of a runtime whose requests do the sending: fragments of all requests grow in the same buffers, and nothing leaves by
 * itself. Who calls `flush` in a request (and keeps that alive until it settles) takes along what has ended by then, whosever it is, and what
 * others could not deliver. `onWritten` is told of each fragment, and whether a batch is full.
 */
export function createRequestOutbox(request: OutboxRequest, onWritten: (full: boolean) => void): RequestOutbox {
  const { destinations, limits, ports, quietly, report, resource, store } = request;
  const { clock, entropy } = ports;
  const originMs = clock.wallMs() - clock.monotonicMs();
  const now = () => originMs + clock.monotonicMs();
  const groups =
    destinations && 'copies' in destinations
      ? destinations.copies.map((one) => [one])
      : destinations && 'failover' in destinations
        ? [destinations.failover]
        : destinations
          ? [[destinations]]
          : [];
  // A copy is a batch of its own, with an id of its own.
  const relays = groups
    .filter((group) => group.length)
    .map((group) => ({
      relay: createRelay(group, { ports, limits, split: splitExportRequest, quietly, report }, now),
      nextId: sealIds(entropy),
    }));
  const maxBytes = Math.min(limits.maxBytes, ...relays.map(({ relay }) => relay.maxBytes));
  const buffers = new Set<OpenBuffer>();
  let closing: Promise<boolean> | undefined;
  let leftToOthers = false;

  if (store) report('error', 'part-missing', 'Batches wait in memory: a store has no part in this runtime.');

  const open = () => {
    let [items, bytes] = [0, 0];
    for (const buffer of buffers) {
      items += buffer.items;
      bytes += buffer.byteLength;
    }
    return { items, bytes };
  };

  function seal(): void {
    for (const buffer of buffers) {
      const { signal, priority } = buffer;
      const sealed = buffer.take(resource());
      if (!sealed) continue;
      for (const { relay, nextId } of relays)
        relay.add({
          v: 1,
          id: nextId(),
          signal,
          priority,
          destination: relay.destination,
          createdUnixMs: Math.round(now()),
          ...sealed,
        });
    }
  }

  async function flush(timeoutMs: number): Promise<boolean> {
    const untilMs = now() + timeoutMs;
    for (;;) {
      const leftMs = Math.max(untilMs - now(), 0);
      if (relays.every(({ relay }) => relay.isAtRest(leftMs))) {
        // Not sealed: what waits grows into one batch, however many requests leave it.
        leftToOthers = true;
        return !relays.length;
      }
      leftToOthers = false;
      seal();
      const all = (await Promise.all(relays.map(({ relay }) => relay.carry(leftMs)))).every(Boolean);
      // Where others left something because this request was waiting anyway, it takes that along.
      if (!all || !leftToOthers) return all;
    }
  }

  return {
    onFragment: relays.length
      ? (buffer) => {
          buffers.add(buffer);
          const full = open().items >= limits.maxItems || buffer.byteLength >= maxBytes;
          // Also where nobody will send it soon: what is sealed is bounded.
          if (full) seal();
          onWritten(full);
        }
      : undefined,
    get hasWork() {
      return [...buffers].some(({ items }) => items) || relays.some(({ relay }) => !relay.isEmpty);
    },
    flush: (timeoutMs = limits.flushTimeoutMs) => closing ?? flush(timeoutMs),
    shutdown(timeoutMs = limits.shutdownTimeoutMs) {
      closing ??= flush(timeoutMs).then((all) => {
        seal();
        for (const { relay } of relays) relay.close();
        return all;
      });
      return closing;
    },
    suspend: () => void flush(limits.flushTimeoutMs),
    resume() {},
    status() {
      const { items, bytes } = open();
      const status = relays.map(({ relay }) => relay.status()).reduce(addStatus, nothing);
      return { ...status, queued: { items: status.queued.items + items, bytes: status.queued.bytes + bytes } };
    },
  };
}

const nothing: ReturnType<Outbox['status']> = {
  state: 'healthy',
  queued: { items: 0, bytes: 0 },
  stored: { items: 0, bytes: 0, durability: 'memory' },
  sent: { traces: 0, metrics: 0, logs: 0 },
  rejected: 0,
  dropped: { 'queue-full': 0, 'store-full': 0, 'too-old': 0, refused: 0, 'too-large': 0, shutdown: 0, damaged: 0 },
  lastSuccessUnixMs: undefined,
  lastError: undefined,
  destinations: [],
};
