import type { Batch } from '../core/batch.js';
import type { ClaimOptions, Locks, StoreSize } from '../core/ports.js';
import {
  type BatchHead,
  before,
  headOf,
  isHead,
  isHeld,
  joinParts,
  type OpenStore,
  rank,
  type SharedEntry,
  sizeOf,
  WHOLE,
} from './open-store.js';
import { type WhoLives, whoLives } from './who-lives.js';

export interface IndexedDbStoreOptions {
  /** Of the database. All pages of an origin that name the same share it. Default `throughline`. */
  readonly name?: string | undefined;
  /** Default 10 MiB. A browser may grant less; then that is the bound. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds of the wall clock, which all tabs share, for leases. Default `Date.now`. */
  readonly nowMs?: (() => number) | undefined;
  /** With it, what a page that has crashed or was closed held is free at once, not only when its lease ends. */
  readonly locks?: Locks | undefined;
  /** What other stores of the same page take for it. */
  readonly lives?: WhoLives | undefined;
  /** Before what dead pages left is taken over: brings what they left elsewhere. */
  readonly bring?: (() => Promise<void>) | undefined;
}

/** A batch in the database; its bytes stand apart, so that looking for one does not read them all. */
interface Entry extends SharedEntry {
  /** `[0 for high or 1 for normal priority, a number that rises]`: the order of claims. */
  readonly key: [number, number];
  readonly id: string;
  /** The page that holds it or put it there. */
  readonly by: string;
}

/** A part of a batch that still grows. */
interface OpenEntry {
  readonly id: string;
  readonly at: number;
  readonly head: BatchHead;
  readonly bytes: Uint8Array;
  readonly heldUntilMs: number;
  readonly by: string;
}

const STORES = ['entries', 'bytes', 'open', 'gone'] as const;
type Stores = Readonly<Record<(typeof STORES)[number], IDBObjectStore>>;

/** Without locks: how long a part of an open batch is its page's alone. Longer than a batch is open. */
const OPEN_LEASE_MS = 120_000;
/** Of one page, beside `maxBytes`: an open batch is sealed long before. */
const MOST_OPEN_BYTES = 1024 * 1024;
/** Settled batches that are remembered. One can come back only out of what a killed browser had of the last seconds. */
const REMEMBERED = 500;

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The same; `undefined` for what cannot be read (its file is gone or torn), which must not take the rest of the transaction with it. */
const readable = (request: IDBRequest<unknown>): Promise<unknown> =>
  new Promise((resolve) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = (event) => {
      event.preventDefault();
      resolve(undefined);
    };
  });

/**
 * Batches in the browser's database. What was put has survived the page and the browser's process (`relaxed` durability: the operating system has
 * it); a power cut may take the last seconds. The database is opened at the first call; a call that fails rejects, and the next one tries again.
 */
export function indexedDbStore(options: IndexedDbStoreOptions = {}): OpenStore {
  const { name = 'throughline', nowMs = Date.now, locks, lives = whoLives(locks, name) } = options;
  const { me } = lives;
  let maxBytes = options.maxBytes ?? 10 * 1024 * 1024;
  let damaged = 0;
  let opening: Promise<IDBDatabase> | undefined;
  let db: IDBDatabase | undefined;
  /** Bytes of this page's open batches. */
  const openBytes = new Map<string, number>();

  function open(): Promise<IDBDatabase> {
    opening ??= openDatabase(name).then(
      async (opened) => {
        await lives.live();
        db = opened;
        // Another version of the package wants to change the database, or the person has cleared it: the next call opens it again.
        const forget = () => {
          db = opening = undefined;
        };
        opened.onversionchange = () => {
          opened.close();
          forget();
        };
        opened.onclose = forget;
        return opened;
      },
      (error) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  }

  /** All of `run` or nothing. It may wait for requests of this transaction, and for nothing else. */
  async function transact<R>(run: (stores: Stores) => Promise<R> | R): Promise<R> {
    const transaction = (db ?? (await open())).transaction(STORES, 'readwrite', { durability: 'relaxed' });
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
    });
    try {
      const stores = Object.fromEntries(
        STORES.map((each) => [each, transaction.objectStore(each)]),
      ) as unknown as Stores;
      const result = run(stores);
      const value = result instanceof Promise ? await result : result;
      // Without waiting for the page's next turn, which may not come.
      transaction.commit?.();
      await done;
      return value;
    } catch (error) {
      done.catch(() => {});
      try {
        transaction.abort();
      } catch {
        // It has aborted by itself.
      }
      throw transaction.error ?? error;
    }
  }

  /** A browser that is killed brings back, at the next visit, what had left `localStorage` for here; by then it may have been sent. */
  const isGone = async ({ gone }: Stores, id: string): Promise<boolean> =>
    (await settled(gone.index('id').getKey(id))) !== undefined;
  async function remember({ gone }: Stores, id: string): Promise<void> {
    const last = (await settled(gone.add({ id }))) as number;
    gone.delete(IDBKeyRange.upperBound(last - REMEMBERED));
  }

  /** Behind all `entries`, of which it is one then. */
  function add(stores: Stores, entries: Entry[], batch: Batch): void {
    const { id, bytes } = batch;
    const entry: Entry = {
      key: [rank(batch), lastOf(entries) + 1],
      id,
      head: headOf(batch),
      byteLength: bytes.length,
      heldUntilMs: 0,
      by: me,
    };
    entries.push(entry);
    stores.entries.add(entry);
    // A copy: `bytes` may be a view of a larger buffer, all of which would be stored.
    stores.bytes.put(bytes.slice(), id);
  }

  function forget(stores: Stores, { key, id }: Entry): void {
    stores.entries.delete(key);
    stores.bytes.delete(id);
  }

  /** All entries in the order of claims; what cannot be read is forgotten and counted. */
  async function readAll(stores: Stores): Promise<Entry[]> {
    const all = (await settled(stores.entries.getAll())) as Partial<Entry>[];
    for (const each of all)
      if (!isEntry(each)) {
        damaged++;
        stores.entries.delete(each.key as unknown as IDBValidKey);
      }
    return all.filter(isEntry);
  }

  /** What was left by pages known to be dead is everybody's, and their open batches are batches as far as they came. */
  async function takeOver(stores: Stores, dead: readonly string[]): Promise<void> {
    const entries = await readAll(stores);
    for (const entry of entries)
      if (dead.includes(entry.by)) stores.entries.put({ ...entry, heldUntilMs: 0, by: me } satisfies Entry);
    const now = nowMs();
    const left = new Map<string, OpenEntry[]>();
    for (const part of (await settled(stores.open.getAll())) as Partial<OpenEntry>[]) {
      if (!isOpenEntry(part)) {
        damaged++;
        stores.open.delete([part.id, part.at] as IDBValidKey);
      } else if (part.by !== me && (dead.includes(part.by) || (!lives.knows && part.heldUntilMs <= now)))
        left.set(part.id, [...(left.get(part.id) ?? []), part]);
    }
    for (const [id, parts] of left) {
      stores.open.delete(partsOf(id));
      if (!entries.some((entry) => entry.id === id) && !(await isGone(stores, id)))
        add(stores, entries, joinParts(parts));
    }
  }

  async function claimFree(stores: Stores, { leaseMs, limit, destinations }: ClaimOptions) {
    const now = nowMs();
    const batches: Batch[] = [];
    const others = new Set<string>();
    for (const entry of await readAll(stores)) {
      if (batches.length >= limit) break;
      if (destinations && !destinations.includes(entry.head.destination)) continue;
      if (isHeld(entry, now)) {
        if (entry.by !== me) others.add(entry.by);
        continue;
      }
      const bytes = await readable(stores.bytes.get(entry.id));
      if (!(bytes instanceof Uint8Array) || bytes.length !== entry.byteLength) {
        damaged++;
        forget(stores, entry);
        continue;
      }
      stores.entries.put({ ...entry, heldUntilMs: now + leaseMs, by: me } satisfies Entry);
      batches.push({ ...entry.head, bytes });
    }
    for (const each of (await settled(stores.open.getAll())) as Partial<OpenEntry>[])
      if (each.by !== me) others.add(`${each.by}`);
    return { batches, others };
  }

  const store: OpenStore = {
    durability: 'process-crash',
    async put(batch) {
      try {
        return await transact(async (stores) => {
          const entries = await readAll(stores);
          const others = entries.filter(({ id }) => id !== batch.id);
          openBytes.delete(batch.id);
          // Where there is no room, nothing of it is stored, its parts neither.
          stores.open.delete(partsOf(batch.id));
          if (await isGone(stores, batch.id)) return true;
          if (sizeOf(others).bytes + batch.bytes.length > maxBytes) return false;
          for (const known of entries) if (known.id === batch.id) forget(stores, known);
          add(stores, others, batch);
          return true;
        });
      } catch (error) {
        if ((error as Error | undefined)?.name !== 'QuotaExceededError') throw error;
        // The browser grants less than was hoped for: that is the bound from now on. Where it grants nothing, there is no store.
        const { bytes } = await store.size();
        if (!bytes) throw error;
        maxBytes = Math.min(maxBytes, bytes);
        return false;
      }
    },
    async append(part, at, by = me) {
      const open = [...openBytes.values()].reduce((sum, bytes) => sum + bytes, part.bytes.length);
      if (at !== WHOLE && open > MOST_OPEN_BYTES) return false;
      if (by === me) openBytes.set(part.id, (openBytes.get(part.id) ?? 0) + part.bytes.length);
      // Nothing is read, so that all of it is with the browser when the call returns: the page may end there.
      return transact(({ open }) => {
        const entry: OpenEntry = {
          id: part.id,
          at,
          head: headOf(part),
          bytes: part.bytes.slice(),
          heldUntilMs: nowMs() + OPEN_LEASE_MS,
          by,
        };
        open.put(entry);
        return true;
      });
    },
    async claim(_owner, claimOptions) {
      const { batches, others } = await transact((stores) => claimFree(stores, claimOptions));
      const limit = claimOptions.limit - batches.length;
      if (!limit || !others.size) return batches;
      let more: readonly Batch[] = [];
      await lives.alone(async () => {
        const dead = await lives.dead(others);
        if (lives.knows && !dead.length) return;
        await options.bring?.();
        more = await transact(async (stores) => {
          await takeOver(stores, dead);
          return (await claimFree(stores, { ...claimOptions, limit })).batches;
        });
      });
      return [...batches, ...more];
    },
    release(ids) {
      return transact(async (stores) => {
        const entries = await readAll(stores);
        let last = lastOf(entries);
        for (const entry of entries) {
          if (!ids.includes(entry.id)) continue;
          stores.entries.delete(entry.key);
          // Behind those that wait: a batch that fails again and again must not stop the others.
          stores.entries.add({ ...entry, key: [entry.key[0], ++last], heldUntilMs: 0 } satisfies Entry);
        }
      });
    },
    remove(ids) {
      return transact(async (stores) => {
        for (const entry of await readAll(stores)) if (ids.includes(entry.id)) forget(stores, entry);
        for (const id of ids) {
          openBytes.delete(id);
          stores.open.delete(partsOf(id));
          await remember(stores, id);
        }
      });
    },
    replace(parentId, parts) {
      return transact(async (stores) => {
        const entries = await readAll(stores);
        const parent = entries.find(({ id }) => id === parentId);
        const others = entries.filter((entry) => entry !== parent);
        const bytes = parts.reduce((sum, part) => sum + part.bytes.length, sizeOf(others).bytes);
        if (!parent || bytes > maxBytes) return false;
        forget(stores, parent);
        await remember(stores, parentId);
        for (const part of parts) add(stores, others, part);
        return true;
      });
    },
    evict(order, wanted) {
      return transact(async (stores) => {
        const now = nowMs();
        const entries = await readAll(stores);
        let { bytes } = sizeOf(entries);
        const dropped: BatchHead[] = [];
        for (const entry of entries.filter((entry) => !isHeld(entry, now)).sort(before(order))) {
          if (maxBytes - bytes >= wanted) break;
          forget(stores, entry);
          bytes -= entry.byteLength;
          await remember(stores, entry.id);
          dropped.push(entry.head);
        }
        return dropped;
      });
    },
    async size(): Promise<StoreSize> {
      const size = sizeOf(await transact(readAll));
      return { ...size, maxBytes, damaged };
    },
    async close() {
      lives.rest();
      db?.close();
      db = opening = undefined;
    },
  };
  return store;
}

/** The last number that was given to one of them. */
const lastOf = (entries: readonly Entry[]): number => Math.max(0, ...entries.map(({ key }) => key[1]));

/** The keys of all parts of an open batch. */
const partsOf = (id: string): IDBKeyRange => IDBKeyRange.bound([id, WHOLE], [id, Number.POSITIVE_INFINITY]);

const isEntry = (value: Partial<Entry>): value is Entry =>
  isHead(value.head) &&
  value.id === value.head.id &&
  Number.isFinite(value.key?.[1]) &&
  Number.isFinite(value.byteLength) &&
  Number.isFinite(value.heldUntilMs) &&
  typeof value.by === 'string';

const isOpenEntry = (value: Partial<OpenEntry>): value is OpenEntry =>
  isHead(value.head) &&
  value.id === value.head.id &&
  value.bytes instanceof Uint8Array &&
  Number.isFinite(value.heldUntilMs) &&
  typeof value.by === 'string';

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    // Where storage is forbidden, asking for it throws.
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => {
      const db = request.result;
      db.createObjectStore('entries', { keyPath: 'key' }).createIndex('id', 'id', { unique: true });
      db.createObjectStore('open', { keyPath: ['id', 'at'] });
      db.createObjectStore('bytes');
      db.createObjectStore('gone', { autoIncrement: true }).createIndex('id', 'id');
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
