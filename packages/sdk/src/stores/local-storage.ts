import type { Batch } from '../core/batch.js';
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
} from './open-store.js';
import { type WhoLives, whoLives } from './who-lives.js';

export interface LocalStorageStoreOptions {
  /** What the keys begin with. All pages of an origin that say the same share the store. Default `throughline:`. */
  readonly prefix?: string | undefined;
  /** Bytes of batches; in the storage they take a third more. Default 1 MiB: browsers grant 5 MiB to all of an origin. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds of the wall clock, which all tabs share, for leases. Default `Date.now`. */
  readonly nowMs?: (() => number) | undefined;
  /** Tells which pages live, so that what others held is free at once. Default: nobody knows, leases have to end. */
  readonly lives?: WhoLives | undefined;
  /** Default: the page's `localStorage`. Where storage is forbidden, asking for that throws, and so does this function. What stands in it are properties of its own. */
  readonly storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
}

/** A batch, or a part of an open one. */
interface PlaceInStorage {
  readonly id: string;
  readonly part?: number | undefined;
}

export interface LocalStorageStore extends OpenStore {
  putSync(batch: Batch): boolean;
  /** The same before the call returns. */
  appendSync(part: Batch, at: number, by?: string): boolean;
  /** Whether a batch stands there, whole. */
  has(id: string): boolean;
  /** What a store that takes over from this one is to be handed: batches; of dead pages the parts of open ones as well, behind them. */
  left(of: 'this page' | 'dead pages'): Promise<readonly PlaceInStorage[]>;
  /** What stands there now, if anything, and the page that wrote it. */
  read(place: PlaceInStorage): { readonly batch: Batch; readonly by: string } | undefined;
  /** It has been taken over. */
  forget(place: PlaceInStorage): void;
}

/** What stands in a value before the bytes. */
interface Entry extends SharedEntry {
  /** Of an open batch: which part. */
  readonly part?: number | undefined;
  /** Rises with each `put`: the order of claims. */
  readonly place: number;
  /** The page that wrote it. */
  readonly by: string;
  /** Of the bytes as they stand in the value. */
  readonly check: number;
  /** Nobody could see yet that the page lives: that it does not look so says nothing until the lease has ended. */
  readonly early?: boolean | undefined;
}

type Read = Entry & { readonly key: string; readonly text: string };

/** How long a part of an open batch is its page's alone, where nobody knows who lives. */
const OPEN_LEASE_MS = 120_000;
const EARLY_LEASE_MS = 10_000;
const PIECE = 8192;

/**
 * Batches in `localStorage`: little room, but written before a call returns, so that a page can store what it has while it is being closed. A value
 * is a line of JSON and the bytes in Base64, with a checksum over them. There are no transactions: two tabs may claim the same batch in the same
 * moment, and it is then sent twice under one id. What was put has survived the page; the browser writes it to disk within seconds.
 */
export function localStorageStore(options: LocalStorageStoreOptions = {}): LocalStorageStore {
  const { prefix = 'throughline:', maxBytes = 1024 * 1024, nowMs = Date.now, lives = whoLives(undefined) } = options;
  const storage = options.storage ?? localStorage;
  const { me } = lives;
  let damaged = 0;

  /** `unread`: what is left out is what takes its time, whether the bytes are whole. */
  function read(key: string, unread?: boolean): Read | undefined {
    const value = storage.getItem(key);
    if (value === null) return undefined;
    const end = value.indexOf('\n');
    const text = value.slice(end + 1);
    try {
      const entry: Entry = JSON.parse(value.slice(0, end));
      const { head, byteLength, part, place, heldUntilMs, by, check } = entry;
      const whole =
        isHead(head) &&
        key === keyOf(head.id, part) &&
        [byteLength, place, heldUntilMs].every(Number.isFinite) &&
        typeof by === 'string';
      if (whole && (unread || check === checksum(text))) return { ...entry, key, text };
    } catch {
      // Torn: no JSON.
    }
    damaged++;
    storage.removeItem(key);
    return undefined;
  }

  const keyOf = (id: string, part?: number): string => prefix + id + (part === undefined ? '' : `/${part}`);

  const has = (id: string): boolean => storage.getItem(keyOf(id)) !== null;
  const keys = (): string[] => Object.keys(storage).filter((key) => key.startsWith(prefix));
  const everything = (unread?: boolean): Read[] =>
    keys()
      .map((key) => read(key, unread))
      .filter((entry) => entry !== undefined);
  /** Batches, in the order of claims. */
  const batches = (unread?: boolean): Read[] =>
    everything(unread)
      .filter(({ part }) => part === undefined)
      .sort((a, b) => rank(a.head) - rank(b.head) || a.place - b.place);
  const parts = (): Read[] => everything().filter(({ part }) => part !== undefined);

  /** `false` where there is no room, in the storage of the whole origin included. */
  function write({ text, key, ...entry }: Read): boolean {
    try {
      storage.setItem(key, `${JSON.stringify(entry satisfies Entry)}\n${text}`);
      return true;
    } catch {
      return false;
    }
  }

  let place = 0;
  /** Behind all that stand there, by the clock that all pages have, so that nobody has to read them for it. */
  const nextPlace = (): number => {
    place = Math.max(place + 1, nowMs());
    return place;
  };

  function add(batch: Batch, more?: Pick<Entry, 'part' | 'heldUntilMs' | 'by' | 'early'>): boolean {
    const text = toBase64(batch.bytes);
    return write({
      head: headOf(batch),
      byteLength: batch.bytes.length,
      place: nextPlace(),
      heldUntilMs: 0,
      by: me,
      check: checksum(text),
      ...more,
      key: keyOf(batch.id, more?.part),
      text,
    });
  }
  /** Bytes of all that stands there, by its characters: unread, because this is called often, and as a page is closed. */
  const taken = (): number => keys().reduce((sum, key) => sum + (storage.getItem(key)?.length ?? 0) * (3 / 4), 0);
  function put(batch: Batch): boolean {
    const others = batches(true).filter(({ head }) => head.id !== batch.id);
    const stored = sizeOf(others).bytes + batch.bytes.length <= maxBytes && add(batch);
    // It takes the place of its parts.
    if (stored) forgetParts(batch.id);
    return stored;
  }
  function append(batch: Batch, part: number, by = me): boolean {
    if (taken() + batch.bytes.length > maxBytes) return false;
    const early = lives.knows && !lives.living;
    return add(batch, { part, by, early, heldUntilMs: nowMs() + (early ? EARLY_LEASE_MS : OPEN_LEASE_MS) });
  }
  void lives.live().then(() => {
    for (const entry of everything())
      if (entry.by === me && entry.early) write({ ...entry, early: false, heldUntilMs: nowMs() + OPEN_LEASE_MS });
  });

  const forget = (key: string): void => storage.removeItem(key);
  const forgetParts = (id: string): void => {
    for (const key of keys()) if (key.startsWith(`${keyOf(id)}/`)) forget(key);
  };
  const remove = (ids: readonly string[]): void => {
    for (const id of ids) {
      forget(keyOf(id));
      forgetParts(id);
    }
  };
  const batchOf = ({ head, text }: Read): Batch => ({ ...head, bytes: fromBase64(text) });
  const deadAmong = (entries: readonly Entry[]): Promise<readonly string[]> =>
    lives.dead(new Set(entries.filter(({ by }) => by !== me).map(({ by }) => by)));
  /** Whether it is another page's, and anybody may take it. */
  const isLeft = (entry: Entry, dead: readonly string[], now: number): boolean =>
    entry.by !== me &&
    (lives.knows ? dead.includes(entry.by) && !(entry.early && isHeld(entry, now)) : !isHeld(entry, now));

  /** Open batches of pages that live no more are batches, as far as they came. */
  function recover(dead: readonly string[], now: number): void {
    const left = parts().filter((entry) => isLeft(entry, dead, now));
    for (const id of new Set(left.map(({ head }) => head.id))) {
      const own = left.filter(({ head }) => head.id === id).sort((a, b) => a.part! - b.part!);
      if (!has(id)) put(joinParts(own.map(({ part, head, text }) => ({ at: part!, head, bytes: fromBase64(text) }))));
    }
  }

  return {
    durability: 'process-crash',
    put: async (batch) => put(batch),
    putSync: put,
    append: async (batch, at, by) => append(batch, at, by),
    appendSync: append,
    has,
    async claim(_owner, { leaseMs, limit, destinations }) {
      await lives.live();
      const dead = await deadAmong(everything());
      const now = nowMs();
      recover(dead, now);
      const free = batches().filter(
        (entry) =>
          (!isHeld(entry, now) || dead.includes(entry.by)) &&
          (!destinations || destinations.includes(entry.head.destination)),
      );
      const best = free.slice(0, limit);
      for (const entry of best) write({ ...entry, heldUntilMs: now + leaseMs, by: me });
      return best.map(batchOf);
    },
    async left(of) {
      if (of === 'this page')
        return batches()
          .filter(({ by }) => by === me)
          .map(placeOf);
      const dead = await deadAmong(everything());
      const now = nowMs();
      return [...batches(), ...parts()].filter((entry) => isLeft(entry, dead, now)).map(placeOf);
    },
    read({ id, part }) {
      const entry = read(keyOf(id, part));
      return entry && { batch: batchOf(entry), by: entry.by };
    },
    forget: ({ id, part }) => forget(keyOf(id, part)),
    async release(ids) {
      // A clock that was set back would have them before those that wait.
      place = Math.max(place, ...batches(true).map((entry) => entry.place));
      for (const id of ids) {
        const entry = read(keyOf(id));
        // Behind those that wait: a batch that fails again and again must not stop the others.
        if (entry) write({ ...entry, heldUntilMs: 0, place: nextPlace() });
      }
    },
    remove: async (ids) => remove(ids),
    async replace(parentId, parts) {
      const parent = read(keyOf(parentId));
      if (!parent) return false;
      remove([parentId]);
      if (parts.every(put)) return true;
      remove(parts.map(({ id }) => id));
      write(parent);
      return false;
    },
    async evict(order, wanted) {
      const now = nowMs();
      const entries = batches();
      let { bytes } = sizeOf(entries);
      const dropped: BatchHead[] = [];
      for (const { head, byteLength } of entries.filter((entry) => !isHeld(entry, now)).sort(before(order))) {
        if (maxBytes - bytes >= wanted) break;
        remove([head.id]);
        bytes -= byteLength;
        dropped.push(head);
      }
      return dropped;
    },
    async size() {
      return { ...sizeOf(batches()), maxBytes, damaged };
    },
  };
}

const placeOf = ({ head, part }: Entry): PlaceInStorage => ({ id: head.id, part });

/** By pieces, as many arguments as every engine takes. */
function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE)
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + PIECE) as unknown as number[]);
  return btoa(text);
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** FNV-1a over four characters at a time: the code is cold when a page is closed, and each step counts. Base64 is a multiple of four long, and what is cut says so by its length. */
function checksum(text: string): number {
  let hash = 0x811c9dc5 ^ text.length;
  for (const word of new Uint32Array(new TextEncoder().encode(text).buffer, 0, text.length >> 2))
    hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}
