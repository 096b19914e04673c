import type { TelemetryStatus } from '../options.js';
import { type Account, createAccount } from './account.js';
import { sealIds } from './seal-ids.js';

type Status = Omit<TelemetryStatus, 'openSpans'>;

/**
 * Each batch to every destination that takes its signal: an account of its own for each, so that a dead destination neither holds back the others nor takes their
 * room. Counts in `status()` are sums: an item sent to two places is sent twice.
 */
export const createCopies: typeof createAccount = (transports, options, now): Account => {
  const accounts = transports.map((transport) => createAccount([transport], options, now));
  // One store may hold them all: a copy is a batch of its own, with an id of its own.
  const ids = accounts.map(() => sealIds(options.ports.entropy));
  return {
    destination: accounts[0]!.destination,
    queue: {
      get countedItems() {
        return Math.max(...accounts.map((account) => account.queue.countedItems));
      },
    },
    add(batch, leaving) {
      accounts.forEach((account, at) => {
        const { signals } = transports[at]!;
        if (signals && !signals.includes(batch.signal)) return;
        account.add({ ...batch, id: ids[at]!(), destination: account.destination }, leaving);
      });
    },
    pump(leaving) {
      for (const account of accounts) account.pump(leaving);
    },
    makeRoom(items, bytes) {
      for (const account of accounts) account.makeRoom(items, bytes);
    },
    resume() {
      for (const account of accounts) account.resume();
    },
    drain: (timeoutMs, last) =>
      Promise.all(accounts.map((account) => account.drain(timeoutMs, last))).then((each) => each.every(Boolean)),
    close: () => Promise.all(accounts.map((account) => account.close())),
    status: () => accounts.map((account) => account.status()).reduce(addStatus),
  };
};

/** What became of the items of both: counts are sums, and the first trouble is the state of all. */
export function addStatus(a: Status, b: Status): Status {
  return {
    state: a.state === 'healthy' ? b.state : a.state,
    queued: added(a.queued, b.queued),
    stored: { ...added(a.stored, b.stored), durability: a.stored.durability },
    sent: added(a.sent, b.sent),
    rejected: a.rejected + b.rejected,
    dropped: added(a.dropped, b.dropped),
    lastSuccessUnixMs: later(a.lastSuccessUnixMs, b.lastSuccessUnixMs),
    lastError: (a.lastError?.unixMs ?? 0) >= (b.lastError?.unixMs ?? 0) ? a.lastError : b.lastError,
    destinations: [...a.destinations, ...b.destinations],
  };
}

const later = (a: number | undefined, b: number | undefined) => ((a ?? 0) >= (b ?? 0) ? a : b);

function added<T extends object>(a: T, b: T): T {
  const sum = { ...a };
  for (const name in sum) {
    if (typeof sum[name] === 'number') (sum[name] as number) += b[name] as number;
  }
  return sum;
}
