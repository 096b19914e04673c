import type { Batch } from '../batch.js';
import type { Report } from '../limit-diagnostics.js';
import type { BatchLimits, SacrificeOrder } from '../options.js';
import type { BatchStore, Ports } from '../ports.js';
import type { AccountOptions } from './account.js';
import { type BatchQueue, countsAsItem } from './batch-queue.js';
import { firstToGo } from './first-to-go.js';

export interface StoreQueueOptions {
  readonly ports: Pick<Ports, 'clock' | 'timers' | 'entropy'>;
  readonly limits: Pick<BatchLimits, 'concurrency' | 'sendTimeoutMs'>;
  readonly report: Report;
  readonly sacrifice?: SacrificeOrder | undefined;
}

/** Beside the time one send may take: what passes between claiming and sending. */
const LEASE_MARGIN_MS = 30_000;

/**
 * Batches wait in a store that other tabs and processes may share: each is put there before its first attempt and claimed for it, and stays
 * until it is settled. What an earlier run of the program left is claimed like the rest. Where the store fails, batches are kept in memory
 * instead and the program is told.
 */
export function createStoreQueue(
  store: BatchStore,
  options: StoreQueueOptions,
): NonNullable<AccountOptions['createQueue']> {
  const { ports, limits, report, sacrifice: order } = options;
  const { clock, timers } = ports;
  const leaseMs = limits.sendTimeoutMs + LEASE_MARGIN_MS;
  const random = new Uint8Array(8);
  ports.entropy.fill(random);
  const owner = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');

  /** Of what the store says of itself, as far as it was counted; accounts of several destinations may share it. */
  const told = { damaged: 0, expired: 0 };

  return (host, destinations): BatchQueue => {
    /** On the way into the store. */
    const entering = new Map<string, Batch>();
    /** Claimed, or never stored, and ready to be sent; with the moment until which they are ours. */
    let ready: { batch: Batch; untilMs: number }[] = [];
    /** Not in the store: it had no part in them, or failed. */
    const unstored = new Set<string>();
    const underWay = new Set<Batch>();
    /** Stored and sent in one turn, because the page was left: in the store they are held by nobody. */
    const unclaimed = new Set<string>();
    /** Sent before the store has answered, because the program was left. */
    const ahead = new Set<string>();
    /** Settled while a claim was on its way back, which may still list them. */
    const settled = new Set<string>();
    /** Given back meanwhile: such a claim may be of before, or hold them anew. */
    const released = new Set<string>();
    /** Sacrificed, or settled, on the way into the store; to be taken out of it again. */
    const givenUp = new Set<string>();
    let size = { items: 0, bytes: 0 };
    let claiming = false;
    let again = false;
    let closed = false;
    const queue = { items: 0, bytes: 0, countedItems: 0 };

    function count(batch: Batch, sign: 1 | -1): void {
      queue.items += sign * batch.items;
      queue.bytes += sign * batch.bytes.length;
      if (countsAsItem(batch)) queue.countedItems += sign * batch.items;
    }

    const failed = (error: unknown) =>
      report('error', 'store-failed', `Batches cannot be stored and wait in memory: ${error}`);

    async function measure(): Promise<void> {
      const now = await store.size();
      size = now;
      const { damaged, expired = 0 } = now;
      const [torn, old] = [damaged - told.damaged, expired - told.expired];
      Object.assign(told, { damaged, expired });
      // How many items a record had that nobody can read, nobody knows.
      if (torn > 0) host.lost({ id: '', items: torn }, 'damaged', `${torn} records of the store cannot be read`);
      if (old > 0) host.lost({ id: '', items: old }, 'too-old', 'nothing is sent any more to where they were to go');
    }

    /** Runs one change of the store; the size is read again after it. */
    async function change<T>(run: () => Promise<T>): Promise<T | undefined> {
      try {
        const result = await run();
        await measure();
        return result;
      } catch (error) {
        failed(error);
        return undefined;
      }
    }

    function putNow(batch: Batch): boolean {
      try {
        return store.putSync?.(batch) ?? false;
      } catch (error) {
        failed(error);
        return false;
      }
    }

    function keepInMemory(batch: Batch): void {
      unstored.add(batch.id);
      count(batch, 1);
      ready.push({ batch, untilMs: Number.POSITIVE_INFINITY });
    }

    /** A page that is left sends what it has not claimed. */
    const isHere = (id: string) => [...ready.map(({ batch }) => batch), ...underWay].some((batch) => batch.id === id);

    /** It is no longer on its way; `false` where that was known. */
    function arrived(id: string): boolean {
      const batch = entering.get(id);
      if (batch) count(batch, -1);
      return entering.delete(id);
    }

    async function enter(batch: Batch): Promise<void> {
      let stored: boolean | undefined;
      try {
        stored = await store.put(batch);
        // What comes last goes first: this one.
        if (!stored && order !== 'newest-first') {
          const evicted = await store.evict(order === 'oldest-first' ? order : 'sacrifice', batch.bytes.length);
          for (const each of evicted) {
            // Given up before, or on its way out at this moment.
            if (givenUp.has(each.id)) continue;
            if (unclaimed.has(each.id)) {
              if (isHere(each.id)) unstored.add(each.id);
              continue;
            }
            arrived(each.id);
            host.lost(each, 'store-full', 'the store was full');
          }
          stored = await store.put(batch);
        }
        await measure();
      } catch (error) {
        failed(error);
      }
      if (givenUp.has(batch.id)) {
        await change(() => store.remove([batch.id]));
        givenUp.delete(batch.id);
        return;
      }
      ahead.delete(batch.id);
      // A claim or an eviction may have been quicker.
      if (!arrived(batch.id)) return;
      if (closed) return;
      if (stored === undefined) keepInMemory(batch);
      else if (!stored) host.lost(batch, 'store-full', 'the store was full');
      void claim();
    }

    async function claim(): Promise<void> {
      if (closed) return;
      again = claiming;
      if (claiming) return;
      claiming = true;
      const claimedMs = clock.monotonicMs();
      const limit = limits.concurrency * destinations.length;
      const batches = ready.length
        ? []
        : ((await change(() => store.claim(owner, { leaseMs, limit, destinations }))) ?? []);
      claiming = false;
      if (closed) {
        void change(() => store.release(batches.map(({ id }) => id)));
        return;
      }
      const unclear: string[] = [];
      for (const batch of batches) {
        if (givenUp.has(batch.id) || settled.has(batch.id) || isHere(batch.id)) continue;
        if (released.has(batch.id)) {
          unclear.push(batch.id);
          continue;
        }
        arrived(batch.id);
        count(batch, 1);
        ready.push({ batch, untilMs: claimedMs + leaseMs - limits.sendTimeoutMs });
      }
      settled.clear();
      released.clear();
      if (unclear.length) void change(() => store.release(unclear)).then(claim);
      if (ready.length) host.wake();
      else if (again) void claim();
    }

    /** What others left behind, or held and did not finish, is found without anything happening here. */
    function watch(): void {
      if (closed) return;
      void claim();
      timers.after(leaseMs, watch);
    }
    void Promise.resolve().then(watch);

    return {
      get items() {
        return queue.items;
      },
      get bytes() {
        return queue.bytes;
      },
      get countedItems() {
        return queue.countedItems;
      },
      add(batch, leaving) {
        if (leaving) {
          count(batch, 1);
          entering.set(batch.id, batch);
          const stored = putNow(batch);
          // A script may be cut off in the midst of that, and be told once more that it is left; by then all has to be where it is looked for.
          if (!entering.delete(batch.id)) return;
          // No time to claim: sent from here, and forgotten in the store once it was accepted.
          ready.push({ batch, untilMs: Number.POSITIVE_INFINITY });
          unclaimed.add(batch.id);
          if (stored) return;
          unstored.add(batch.id);
          void change(() => store.put(batch)).then((put) => {
            if (!put) return;
            if (isHere(batch.id)) unstored.delete(batch.id);
            else void change(() => store.remove([batch.id]));
          });
          return;
        }
        if (store.atOnce && putNow(batch)) {
          void change(async () => {}).then(claim);
          return;
        }
        count(batch, 1);
        entering.set(batch.id, batch);
        void enter(batch);
      },
      next(leaving) {
        // Nobody may be there to claim them when they have arrived. What is not stored as it is sent might be found there otherwise: as its parts.
        if (leaving)
          for (const [id, batch] of [...entering].reverse()) {
            if (!putNow(batch) || !entering.delete(id)) continue;
            ahead.add(id);
            unclaimed.add(id);
            ready.unshift({ batch, untilMs: Number.POSITIVE_INFINITY });
          }
        const now = clock.monotonicMs();
        const late = ready.filter(({ untilMs }) => untilMs < now);
        if (late.length) {
          ready = ready.filter(({ untilMs }) => untilMs >= now);
          for (const { batch } of late) count(batch, -1);
          void change(() => store.release(late.map(({ batch }) => batch.id)));
        }
        let best = ready[0];
        if (leaving)
          for (const each of ready) if (each.batch.priority === 'high' || best!.batch.priority !== 'high') best = each;
        ready = ready.filter((each) => each !== best);
        const batch = best?.batch;
        if (batch) underWay.add(batch);
        else void claim();
        return batch;
      },
      back(batch) {
        underWay.delete(batch);
        unclaimed.delete(batch.id);
        if (claiming) released.add(batch.id);
        count(batch, -1);
        if (unstored.has(batch.id)) keepInMemory(batch);
        else void change(() => store.release([batch.id]));
      },
      done(batch, parts) {
        underWay.delete(batch);
        if (ahead.delete(batch.id)) givenUp.add(batch.id);
        if (claiming) settled.add(batch.id);
        count(batch, -1);
        if (unstored.delete(batch.id)) {
          parts?.forEach(keepInMemory);
          // A store that failed may have it all the same, or parts of it.
          void change(() => store.remove([batch.id]));
          return;
        }
        void change(async () => {
          if (!parts) await store.remove([batch.id]);
          else if (!(await store.replace(batch.id, parts))) parts.forEach(keepInMemory);
        }).then(() => {
          unclaimed.delete(batch.id);
          void claim();
        });
      },
      sacrifice(eligible = () => true) {
        // Only what the store has not taken yet is ours alone to give up.
        const inMemory = ready.map(({ batch }) => batch).filter(({ id }) => unstored.has(id));
        const victim = firstToGo([...entering.values(), ...inMemory].filter(eligible), order);
        if (!victim) return undefined;
        if (arrived(victim.id)) givenUp.add(victim.id);
        else {
          ready = ready.filter(({ batch }) => batch !== victim);
          unstored.delete(victim.id);
          count(victim, -1);
        }
        return victim;
      },
      // Its durability is asked anew: a store may find out later where it can keep anything.
      stored: () => ({ items: size.items, bytes: size.bytes, durability: store.durability }),
      close() {
        closed = true;
        const held = [...ready.map(({ batch }) => batch), ...underWay].filter(({ id }) => !unstored.has(id));
        void change(() => store.release(held.map(({ id }) => id))).then(() => store.close?.());
        let lost = 0;
        for (const batch of [...ready.map(({ batch }) => batch), ...underWay])
          if (unstored.has(batch.id)) lost += batch.items;
        for (const batch of entering.values()) if (!putNow(batch)) lost += batch.items;
        return lost;
      },
    };
  };
}
