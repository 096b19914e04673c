import type { OutboxRequest } from '../../core/outbox/full-outbox.js';
import type { Outbox } from '../../core/outbox/outbox.js';
import { createStoreQueue } from '../../core/outbox/store-queue.js';
import { createSmallOutbox } from '../../core/small/small-outbox.js';
import type { TelemetryParts } from '../../core/start-telemetry-with.js';
import { indexedDbStore } from '../../stores/indexed-db.js';
import { keepOpenBatches } from '../../stores/keep-open-batches.js';
import { localStorageStore } from '../../stores/local-storage.js';
import { pageStore } from '../../stores/page-store.js';
import { whoLives } from '../../stores/who-lives.js';
import { pageLocks } from './ports/locks.js';

export interface OfflineOptions {
  /** Of the database, and what the keys in `localStorage` begin with. Pages of an origin that say the same share what waits. Default `throughline`. */
  readonly name?: string | undefined;
  /** Bytes that may wait in the database. Default 10 MiB. */
  readonly maxBytes?: number | undefined;
  /** `createFullOutbox`, for several destinations, late resources and batches that a collector finds too large. Default: one destination. */
  readonly createOutbox?: TelemetryParts['createOutbox'] | undefined;
}

/**
 * What has ended waits in the browser until a collector has it: `start({ … }, offline())`. Over a network that is away, a page that is closed, crashed
 * or left, and a browser that is ended; the next page of the same origin sends it. When what is safe stands in the guide for pages.
 *
 * Several tabs share what waits. Where the browser keeps nothing (a private window of some, storage that is forbidden), batches wait in memory
 * as without it, and `onDiagnostic` is told `no-database` once.
 */
export function offline({
  name = 'throughline',
  maxBytes,
  createOutbox = createStoredOutbox,
}: OfflineOptions = {}): Pick<TelemetryParts, 'createOutbox'> {
  return {
    createOutbox(request) {
      if (request.store) return createOutbox(request);
      const { ports, report } = request;
      const locks = pageLocks();
      const lives = whoLives(locks, name);
      const store = pageStore({
        durable: (bring) => indexedDbStore({ name, maxBytes, locks, lives, bring }),
        sync: whereAllowed(() => localStorageStore({ prefix: `${name}:`, lives })),
        lives,
        timers: ports.timers,
        onFallback: (sentence) => report('warn', 'no-database', sentence),
      });
      const outbox = keepOpenBatches(createOutbox({ ...request, store }), store, {
        ...request,
        lives,
        interruptible: true,
      });
      // A page that holds a lock is not kept for the way back; and one that is kept does nothing, so others may take what it left.
      // The outbox, which listens on the way down, has sealed what was open.
      const rest = (): void => lives.rest();
      const wake = ({ persisted }: PageTransitionEvent): void => {
        if (persisted) lives.wake();
      };
      globalThis.addEventListener?.('pagehide', rest);
      globalThis.addEventListener?.('pageshow', wake);
      return {
        ...outbox,
        async shutdown(timeoutMs) {
          globalThis.removeEventListener?.('pagehide', rest);
          globalThis.removeEventListener?.('pageshow', wake);
          return outbox.shutdown(timeoutMs);
        },
      };
    },
  };
}

/** The outbox of every page, with its batches in a store. */
const createStoredOutbox = ({ store, ...request }: OutboxRequest): Outbox =>
  createSmallOutbox(request, createStoreQueue(store!, request));

function whereAllowed<T>(create: () => T): T | undefined {
  try {
    return create();
  } catch {
    return undefined;
  }
}
