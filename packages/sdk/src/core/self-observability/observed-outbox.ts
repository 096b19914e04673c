import type { OpenBuffer, Signal } from '../batch.js';
import type { Destinations } from '../options.js';
import type { BatchQueue } from '../outbox/batch-queue.js';
import type { CreateQueue, OutboxRequest } from '../outbox/full-outbox.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Outcome, Transport } from '../ports.js';
import { ExportCounts } from './export-counts.js';

/** What an outbox tells of itself when metrics are collected. */
export interface OutboxCounts {
  /** One for each destination, or list of which one is used. */
  readonly accounts: ExportCounts[];
  /** Spans, data points or log records that are not sealed yet. */
  open(signal: Signal): number;
  /** `maxQueueItems`: of spans and log records together. */
  readonly capacity: number;
}

type CreateOutbox = (request: OutboxRequest) => Outbox;

/**
 * An outbox whose batches are followed, from outside: at its queues, which know what waits and what was given up, and at its transports, which know
 * what was answered. Made around the outbox that seals: whoever keeps open buffers stands outside of this one.
 */
export function observedOutbox(create: CreateOutbox, onCreated: (counts: OutboxCounts) => void): CreateOutbox {
  return (request) => {
    const buffers = new Set<OpenBuffer>();
    const accounts: ExportCounts[] = [];
    const nowMs = () => request.ports.clock.monotonicMs();
    /** Each knows the account it works for, which is made after it. */
    const transports = transportsOf(request.destinations).map((transport) => observedTransport(transport));
    let made = 0;
    const outbox = create({
      ...request,
      destinations: withTransports(
        request.destinations,
        transports.map(({ transport }) => transport),
      ),
      wrapQueue:
        (createQueue): CreateQueue =>
        (host, destinations) => {
          const own = transports.slice(made, made + destinations.length);
          made += destinations.length;
          const counts = new ExportCounts(
            own.map(({ transport }) => transport),
            nowMs,
          );
          accounts.push(counts);
          for (const one of own) one.counts = counts;
          const inner = createQueue(
            {
              ...host,
              lost(batch, reason, why) {
                counts.lost(batch.id, reason === 'too-old' ? 'too_old' : 'queue_full');
                host.lost(batch, reason, why);
              },
            },
            destinations,
          );
          return observedQueue(inner, counts);
        },
    });
    onCreated({
      accounts,
      capacity: request.limits.maxQueueItems,
      open(signal) {
        let items = 0;
        for (const buffer of buffers) if (buffer.signal === signal) items += buffer.items;
        return items;
      },
    });
    const { onFragment } = outbox;
    return {
      ...outbox,
      onFragment:
        onFragment &&
        ((buffer) => {
          buffers.add(buffer);
          onFragment(buffer);
        }),
    };
  };
}

function transportsOf(destinations: Destinations | undefined): readonly Transport[] {
  if (!destinations) return [];
  if ('failover' in destinations) return destinations.failover;
  return 'copies' in destinations ? destinations.copies : [destinations];
}

function withTransports(
  destinations: Destinations | undefined,
  transports: readonly Transport[],
): Destinations | undefined {
  if (!destinations) return undefined;
  if ('failover' in destinations) return { failover: transports };
  return 'copies' in destinations ? { copies: transports } : transports[0];
}

interface ObservedTransport {
  readonly transport: Transport;
  counts: ExportCounts | undefined;
}

function observedTransport(inner: Transport): ObservedTransport {
  const observed: ObservedTransport = {
    counts: undefined,
    transport: {
      destination: inner.destination,
      kind: inner.kind,
      problem: inner.problem,
      signals: inner.signals,
      maxBytes: inner.maxBytes,
      async send(batch, options) {
        observed.counts?.sending(batch, observed.transport);
        let outcome: Outcome = { kind: 'retry', reason: '' };
        try {
          outcome = await inner.send(batch, options);
          return outcome;
        } finally {
          observed.counts?.answered(batch, outcome);
        }
      },
      close: inner.close && (() => inner.close!()),
    },
  };
  return observed;
}

/** The queue itself, which was made for this account: its sizes are read on the way of every fragment, and stay where they are. */
function observedQueue(queue: BatchQueue, counts: ExportCounts): BatchQueue {
  const { add, done, sacrifice } = queue;
  queue.add = (batch, leaving) => {
    counts.added(batch);
    add(batch, leaving);
  };
  queue.done = (batch, parts) => {
    counts.settled(batch, parts);
    done(batch, parts);
    if (!queue.items && !queue.stored?.().items) counts.forgetOld();
  };
  queue.sacrifice = (eligible) => {
    const victim = sacrifice(eligible);
    if (victim) counts.lost(victim.id, 'queue_full');
    return victim;
  };
  return queue;
}
