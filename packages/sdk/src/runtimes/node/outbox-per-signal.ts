import type { Signal } from '../../core/batch.js';
import type { BatchLimits, Destinations } from '../../core/options.js';
import { addStatus } from '../../core/outbox/copies.js';
import type { OutboxRequest } from '../../core/outbox/full-outbox.js';
import type { Outbox } from '../../core/outbox/outbox.js';
import type { Transport } from '../../core/ports.js';

type CreateOutbox = (request: OutboxRequest) => Outbox;

/**
 * Where a signal is batched otherwise than the rest (`OTEL_BLRP_*`, a configuration file) it has an outbox of its own: own sizes and ages, own queue, on the same ways
 * out. Without such a wish there is one outbox for all.
 */
export function outboxPerSignal(
  createOutbox: CreateOutbox,
  limits: Readonly<Partial<Record<Signal, Partial<BatchLimits>>>>,
): CreateOutbox {
  const own = (Object.keys(limits) as Signal[]).filter((signal) => Object.keys(limits[signal] ?? {}).length > 0);
  if (!own.length) return createOutbox;
  return (request) => {
    const destinations = mapTransports(request.destinations, (transport) => closedByLast(transport, own.length + 1));
    const outboxes = new Map<Signal | 'rest', Outbox>([['rest', createOutbox({ ...request, destinations })]]);
    for (const signal of own)
      outboxes.set(
        signal,
        createOutbox({
          ...request,
          limits: { ...request.limits, ...limits[signal] },
          // Where nobody takes the signal its batches have nowhere to go, in this outbox as in the other.
          destinations,
        }),
      );
    const all = [...outboxes.values()];
    const each = (of: (outbox: Outbox) => Promise<boolean>) =>
      Promise.all(all.map(of)).then((results) => results.every(Boolean));
    return {
      onFragment: all.some(({ onFragment }) => onFragment)
        ? (buffer) => (outboxes.get(buffer.signal) ?? all[0])!.onFragment?.(buffer)
        : undefined,
      flush: (timeoutMs) => each((outbox) => outbox.flush(timeoutMs)),
      shutdown: (timeoutMs) => each((outbox) => outbox.shutdown(timeoutMs)),
      suspend() {
        for (const outbox of all) outbox.suspend();
      },
      resume() {
        for (const outbox of all) outbox.resume();
      },
      status() {
        const status = all.map((outbox) => outbox.status()).reduce(addStatus);
        return { ...status, destinations: worstOfEach(status.destinations) };
      },
    };
  };
}

/** The same way out for several outboxes: it is closed when the last of them has no more use for it. */
function closedByLast(transport: Transport, users: number): Transport {
  let left = users;
  return {
    ...transport,
    async close() {
      if (--left === 0) await transport.close?.();
    },
  };
}

function mapTransports(
  destinations: Destinations | undefined,
  map: (transport: Transport) => Transport,
): Destinations | undefined {
  if (!destinations) return undefined;
  if ('copies' in destinations) return { copies: destinations.copies.map(map) };
  return 'failover' in destinations ? { failover: destinations.failover.map(map) } : map(destinations);
}

type DestinationStatus = ReturnType<Outbox['status']>['destinations'][number];

/** One line for each destination: that of the outbox which has most trouble with it. */
function worstOfEach(all: readonly DestinationStatus[]): DestinationStatus[] {
  const worst = new Map<string, DestinationStatus>();
  for (const one of all) {
    const known = worst.get(one.destination);
    if (!known || one.failures > known.failures || known.reachable === undefined) worst.set(one.destination, one);
  }
  return [...worst.values()];
}
