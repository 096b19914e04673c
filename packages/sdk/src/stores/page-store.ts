import type { Batch } from '../core/batch.js';
import type { BatchStore, StoreSize, Timers } from '../core/ports.js';
import { type LocalStorageStore, localStorageStore } from './local-storage.js';
import { type OpenStore, WHOLE } from './open-store.js';
import type { WhoLives } from './who-lives.js';

export interface PageStoreOptions {
  /** Where batches wait; `bring` is to be called before it takes over what dead pages left. */
  readonly durable: (bring: () => Promise<void>) => OpenStore;
  /** Where they are put when there is only this turn left. `undefined` where the page has none. */
  readonly sync: LocalStorageStore | undefined;
  /** The same as both have. */
  readonly lives: WhoLives;
  readonly timers: Timers;
  /** Told once, when batches have to wait elsewhere than in `durable`. */
  onFallback(sentence: string): void;
  /** A database that has not opened by then is done without, in milliseconds. Default 5,000. */
  readonly openMs?: number | undefined;
}

type Place = BatchStore & Partial<OpenStore>;

/** What a page has in `status()` when it can store nothing anywhere. */
const MEMORY_BYTES = 4 * 1024 * 1024;
const TAKE_IN_AGAIN_MS = 2_000;

/**
 * What a page stores its batches in: the database, and beside it `localStorage`, which has what it is handed before the call returns: for what a page
 * that is being closed still has, and for open batches until the database has them. That is a place to pass through: what stands there goes to the
 * database as soon as that is open, and what pages left that live no more before anything is claimed. Where the database cannot be opened (some private windows, storage that is forbidden) all waits in `localStorage`, and
 * where that cannot be written either, in memory.
 */
export function pageStore(options: PageStoreOptions): OpenStore {
  const { sync, lives, timers, onFallback, openMs = 5_000 } = options;
  const durable = options.durable(() => takeIn('dead pages'));
  /** Where batches wait, once that is known. */
  let place: Place | undefined;
  let closed = false;
  let cancel = (): void => {};
  const opened: Promise<Place> = choose();

  async function choose(): Promise<Place> {
    let why: unknown = `not open after ${openMs} ms`;
    const size = await new Promise<StoreSize | undefined>((resolve) => {
      const stopWaiting = timers.after(openMs, () => resolve(undefined));
      const failed = (error: unknown): undefined => {
        why = error;
      };
      void durable
        .size()
        .catch(failed)
        .then((size) => {
          stopWaiting();
          resolve(size || undefined);
        });
    });
    const usable = sync !== undefined && (await isWritable(sync));
    place = size ? durable : usable ? sync : inMemory(lives);
    if (place !== durable)
      onFallback(`There is no database for batches (${why}): they wait in ${usable ? 'localStorage' : 'memory only'}`);
    // What this page has put there until now. A database that fails already says so to its callers.
    else await takeIn('this page').catch(() => {});
    // A page that was left a moment ago may not be known to be gone yet.
    if (!closed)
      cancel = timers.after(TAKE_IN_AGAIN_MS, () => void lives.alone(() => takeIn('dead pages')).catch(() => {}));
    return place;
  }

  /** From `localStorage` into the database. What is not there any more has been taken in by another tab, or was sent. */
  async function takeIn(of: 'this page' | 'dead pages'): Promise<void> {
    if (place !== durable) return;
    for (const each of (await sync?.left(of)) ?? []) {
      const left = sync!.read(each);
      if (!left) continue;
      if (each.part !== undefined) await durable.append(left.batch, each.part, left.by);
      else if (!(await durable.put(left.batch))) return;
      sync!.forget(each);
    }
  }

  return {
    get durability() {
      return place?.durability ?? 'memory';
    },
    async put(batch) {
      // Not at once: see `interruptible` of `keepOpenBatches`.
      const stored = await (await (place ?? opened)).put(batch);
      // With the parts of it that were written there while the database was being opened.
      if (stored && place !== sync) await sync?.remove([batch.id]);
      return stored;
    },
    ...(sync && {
      putSync(batch: Batch) {
        const stored = sync.putSync(batch) || place?.putSync?.(batch) || false;
        // The database hears of it in this turn as well, behind all that is put here: it takes its time. The first step needs no other; it is the better place if the page lives on.
        if (stored && place === durable)
          void opened
            .then(() => {
              durable.append(batch, WHOLE).catch(() => {});
              return durable.put(batch);
            })
            .then(
              (put) => (put ? sync.remove([batch.id]) : undefined),
              () => {},
            );
        return stored;
      },
    }),
    async append(part, at, by) {
      // The batch was put there whole, as the page was left.
      if (sync?.has(part.id)) return true;
      // What the database has been handed is lost with a page that crashes before its turn comes.
      const kept = sync?.appendSync(part, at, by) ?? false;
      const where = place ?? (await opened);
      if (where === sync) return kept;
      const stored = (await where.append?.(part, at, by)) ?? false;
      if (stored) sync?.forget({ id: part.id, part: at });
      return stored || kept;
    },
    async claim(owner, claimOptions) {
      await opened;
      await lives.alone(() => takeIn('dead pages'));
      return place!.claim(owner, claimOptions);
    },
    async release(ids) {
      await opened;
      await takeIn('this page');
      await place!.release(ids);
    },
    async remove(ids) {
      await sync?.remove(ids);
      if ((await opened) !== sync) await place!.remove(ids);
    },
    async replace(parentId, parts) {
      return (await opened).replace(parentId, parts);
    },
    async evict(order, bytes) {
      return (await opened).evict(order, bytes);
    },
    async size() {
      const size = await (await opened).size();
      if (!sync || place === sync) return size;
      const { batches, items, bytes, damaged } = await sync.size();
      return {
        ...size,
        batches: size.batches + batches,
        items: size.items + items,
        bytes: size.bytes + bytes,
        damaged: size.damaged + damaged,
      };
    },
    async close() {
      closed = true;
      cancel();
      await (await opened).close?.();
    },
  };
}

/** A `localStorage` that ends with the page. */
function inMemory(lives: WhoLives): Place {
  const storage = Object.create({
    getItem(this: Record<string, string>, key: string) {
      return this[key] ?? null;
    },
    setItem(this: Record<string, string>, key: string, value: string) {
      this[key] = value;
    },
    removeItem(this: Record<string, string>, key: string) {
      delete this[key];
    },
  });
  return { ...localStorageStore({ storage, lives, maxBytes: MEMORY_BYTES }), durability: 'memory' };
}

/** Some browsers have a storage that takes nothing. */
async function isWritable(store: LocalStorageStore): Promise<boolean> {
  const probe: Batch = {
    v: 1,
    id: 'probe',
    signal: 'traces',
    priority: 'normal',
    destination: '',
    createdUnixMs: 0,
    items: 0,
    bytes: new Uint8Array(0),
  };
  const stored = store.putSync(probe);
  await store.remove([probe.id]);
  return stored;
}
