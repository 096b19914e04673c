import type { Log } from '../ops/log.js';
import { type Store, StoreError } from './store.js';

export interface DeferredStore extends Store {
  /** Resolves when the store is open; rejects when it never will be. */
  readonly opened: Promise<void>;
}

const MAX_BACKOFF_MS = 10_000;
/** How long `close` waits for a store that is being opened. An engine opens within two seconds; a server may never answer. */
const CLOSE_MS = 5_000;
const OPENING = 'The store is being opened.';

/**
 * A store that is still being opened, so that receivers and pages can answer first. What is asked of it waits until then. A
 * store that is away (`StoreError` `away`) is tried again for ever; any other failure of `open` is final and rejects `opened`.
 */
export function createDeferredStore(kind: Store['kind'], open: () => Promise<Store>, onEvent: Log): DeferredStore {
  let store: Store | undefined;
  let trouble = OPENING;
  let closed = false;
  let wake = (): void => {};
  const opening = (async () => {
    for (let waitMs = 250; ; waitMs = Math.min(waitMs * 2, MAX_BACKOFF_MS)) {
      try {
        store = await open();
        if (trouble !== OPENING) onEvent('The store is there.');
        return store;
      } catch (error) {
        if (closed || !(error instanceof StoreError) || error.code !== 'away') throw error;
        if (trouble === OPENING) onEvent(`${error.message} What arrives is kept in the spool until it can be.`, 'warn');
        trouble = error.message;
      }
      await new Promise<void>((done) => {
        const timer = setTimeout(done, waitMs);
        wake = () => {
          clearTimeout(timer);
          done();
        };
      });
      if (closed) throw new StoreError('away', 'The collector is stopping.', true);
    }
  })();
  opening.catch((error: unknown) => {
    trouble = error instanceof Error ? error.message : String(error);
  });
  return {
    kind,
    opened: opening.then(() => undefined),
    get engineVersion() {
      return store?.engineVersion ?? '';
    },
    async query(sql, options) {
      // A person would rather hear it than wait for a server that may never come.
      if (store === undefined && trouble !== OPENING) throw new StoreError('away', trouble, true);
      return (await opening).query(sql, options);
    },
    async queryForeign(sql, options) {
      if (store === undefined && trouble !== OPENING) throw new StoreError('away', trouble, true);
      return (await opening).queryForeign(sql, options);
    },
    insert: async (insert) => (await opening).insert(insert),
    command: async (sql) => (await opening).command(sql),
    health: () => store?.health() ?? { healthy: false, message: trouble },
    async close() {
      closed = true;
      wake();
      // One that opens meanwhile is closed as well: an engine left behind keeps its directory from the next collector.
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<undefined>((done) => {
        timer = setTimeout(done, CLOSE_MS, undefined);
      });
      const opened = await Promise.race([opening.catch(() => undefined), late]);
      clearTimeout(timer);
      await opened?.close();
    },
  };
}
