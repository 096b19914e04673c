import type { Destinations, SacrificeOrder } from '../options.js';
import type { BatchStore, Transport } from '../ports.js';
import { splitExportRequest } from '../wire/split-request.js';
import { type AccountOptions, createAccount } from './account.js';
import { createCopies } from './copies.js';
import { memoryQueue } from './memory-queue.js';
import { createOutbox, type Outbox, type OutboxOptions } from './outbox.js';
import { createStoreQueue } from './store-queue.js';

/** What a telemetry asks its outbox for, before anybody has looked at what it is. */
export interface OutboxRequest
  extends Pick<OutboxOptions, 'ports' | 'limits' | 'report' | 'quietly' | 'resource' | 'resourceReady'> {
  readonly destinations?: Destinations | undefined;
  readonly store?: BatchStore | undefined;
  readonly sacrifice?: SacrificeOrder | undefined;
  /** Stands between each account and its queue, for who wants to know what waits and what was given up. */
  readonly wrapQueue?: ((create: CreateQueue) => CreateQueue) | undefined;
}

export type CreateQueue = NonNullable<AccountOptions['createQueue']>;

/** The outbox with everything: one destination, a list, or copies; in memory or in a store; what is too large goes in parts. */
export function createFullOutbox({ destinations, store, wrapQueue, ...options }: OutboxRequest): Outbox {
  const failover = destinations && 'failover' in destinations ? destinations.failover : undefined;
  const copies = destinations && 'copies' in destinations ? destinations.copies : undefined;
  const createQueue = store ? createStoreQueue(store, options) : () => memoryQueue(options.sacrifice);
  const transports = failover ?? copies ?? (destinations ? [destinations as Transport] : []);
  const outbox = createOutbox(
    {
      ...options,
      destinations: transports as OutboxOptions['destinations'],
      split: splitExportRequest,
      createQueue: wrapQueue?.(createQueue) ?? createQueue,
    },
    // Also where one takes some signals only.
    !failover && (copies?.[1] || transports[0]?.signals) ? createCopies : createAccount,
  );
  return transports.length ? outbox : { ...outbox, onFragment: undefined };
}
