import type { Batch } from '../core/batch.js';
import type { BatchStore, EvictionOrder } from '../core/ports.js';

export interface MemoryStoreOptions {
  /** Default 16 MiB. */
  readonly maxBytes?: number | undefined;
  /** Milliseconds of a clock that does not go back, for leases. Default `Date.now`. */
  readonly nowMs?: (() => number) | undefined;
}

interface Entry {
  readonly batch: Batch;
  heldUntilMs: number;
}

/**
 * Batches in this program's memory: what every other store is measured by. Two outboxes of one program may share it. The outbox
 * needs none to hold its own batches; this one is for tests and for handing batches from one telemetry to the next.
 */
export function memoryStore({ maxBytes = 16 * 1024 * 1024, nowMs = Date.now }: MemoryStoreOptions = {}): BatchStore {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  let items = 0;

  function add(batch: Batch): void {
    forget(batch.id);
    entries.set(batch.id, { batch, heldUntilMs: Number.NEGATIVE_INFINITY });
    bytes += batch.bytes.length;
    items += batch.items;
  }

  function forget(id: string): Batch | undefined {
    const batch = entries.get(id)?.batch;
    if (batch) {
      entries.delete(id);
      bytes -= batch.bytes.length;
      items -= batch.items;
    }
    return batch;
  }

  function put(batch: Batch): boolean {
    const replaced = entries.get(batch.id)?.batch.bytes.length ?? 0;
    if (bytes - replaced + batch.bytes.length > maxBytes) return false;
    add(batch);
    return true;
  }

  const store: BatchStore = {
    durability: 'memory',
    put: async (batch) => put(batch),
    putSync: put,
    async claim(_owner, { leaseMs, limit, destinations }) {
      const now = nowMs();
      const free = [...entries.values()].filter(
        (entry) => entry.heldUntilMs <= now && (!destinations || destinations.includes(entry.batch.destination)),
      );
      const best = [
        ...free.filter((entry) => entry.batch.priority === 'high'),
        ...free.filter((entry) => entry.batch.priority !== 'high'),
      ].slice(0, limit);
      for (const entry of best) entry.heldUntilMs = now + leaseMs;
      return best.map((entry) => entry.batch);
    },
    async release(ids) {
      for (const id of ids) {
        const entry = entries.get(id);
        if (!entry) continue;
        // Behind those that wait: a batch that fails again and again must not stop the others.
        entries.delete(id);
        entries.set(id, { batch: entry.batch, heldUntilMs: Number.NEGATIVE_INFINITY });
      }
    },
    async remove(ids) {
      ids.forEach(forget);
    },
    async replace(parentId, parts) {
      const parent = entries.get(parentId)?.batch;
      if (!parent) return false;
      const added = parts.reduce((sum, part) => sum + part.bytes.length, 0);
      if (bytes - parent.bytes.length + added > maxBytes) return false;
      forget(parentId);
      parts.forEach(add);
      return true;
    },
    async evict(order: EvictionOrder, wanted) {
      const now = nowMs();
      const rank = (batch: Batch) => (order === 'sacrifice' && batch.priority === 'high' ? 1 : 0);
      const candidates = [...entries.values()]
        .filter((entry) => entry.heldUntilMs <= now)
        .map((entry) => entry.batch)
        .sort((a, b) => rank(a) - rank(b) || a.createdUnixMs - b.createdUnixMs);
      const dropped: Batch[] = [];
      for (const batch of candidates) {
        if (maxBytes - bytes >= wanted) break;
        forget(batch.id);
        dropped.push(batch);
      }
      return dropped;
    },
    size: async () => ({ batches: entries.size, items, bytes, maxBytes, damaged: 0 }),
  };
  return store;
}
