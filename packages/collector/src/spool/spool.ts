import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { Log } from '../ops/log.js';
import type { ReadResult } from '../process/read-request.js';
import type { Signal } from '../process/signal.js';
import type { PreparedInsert } from '../store/store.js';
import { TABLE_NAMES } from '../store/stored-tables.js';
import { InsertQueue, rowNoun } from './insert-queue.js';
import type { AnyLane, LaneHost } from './lane.js';
import { type Ledger, ledgerKey, ledgerKeysOfBody, partKey } from './ledger.js';
import { createSignalLanes } from './signal-lanes.js';
import { type ClosedGroup, recoverGroups } from './spool-files.js';

/** A finished OTLP protobuf export request. */
interface SpoolRequest {
  readonly signal: Signal;
  readonly bytes: Uint8Array;
  /** The sender's batch id, where it gave one. */
  readonly batchId?: string | undefined;
  readonly receivedUnixMs: number;
}

type SpoolResult =
  | ReadResult
  /** Nothing of it is kept; the same again may be taken later. */
  | { readonly kind: 'failed'; readonly message: string };

interface SpoolStatus {
  /** Acknowledged and not yet in the store. */
  readonly waitingRows: number;
  readonly waitingBytes: number;
  readonly insertedRows: number;
  readonly refusedInserts: number;
  readonly lastError?: string | undefined;
  /** Why the last block could not be written; nothing where it could. */
  readonly unwritable?: string | undefined;
  /** Batches that were there already. */
  readonly secondCopies: number;
}

export interface SpoolOptions {
  /** Created where missing. The caller holds its lock. */
  readonly directory: string;
  /** Resolves when the rows are committed and durable; throws `StoreError`. Called one at a time. */
  readonly insert: (insert: PreparedInsert) => Promise<void>;
  /** Bytes that may wait for the store; beyond it requests are turned away. Default 4 GiB. */
  readonly maxBytes?: number | undefined;
  /** Drops second copies: of batches with an id, and of others for some minutes. Absent: every copy is kept. */
  readonly ledger?: Ledger | undefined;
  readonly onEvent?: Log | undefined;
}

/**
 * Makes export requests durable and hands them to the store in groups.
 *
 * A request is turned into the rows of its tables, and each table has a lane of its own: blocks collect in one file until the store is free
 * and the group is worth an insert; the store then reads that very file. A request is acknowledged when its rows are durable in all of
 * their lanes.
 */
export interface Spool {
  /** Resolves when the request is on the disk (or was found unusable). Never rejects. Everything after the call is the spool's; `bytes` are not kept. */
  append(request: SpoolRequest): Promise<SpoolResult>;
  status(): SpoolStatus;
  /** Writes and inserts what is there, for at most `limitMs`; what is left waits for the next start. Takes no more requests. */
  close(limitMs: number): Promise<void>;
}

export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { directory, insert, ledger, maxBytes = 4 * 1024 ** 3, onEvent = () => undefined } = options;
  await mkdir(directory, { recursive: true });
  const recovered = await recoverGroups(directory);
  if (recovered.groups.length > 0)
    onEvent(`Replaying ${inWords(recovered.groups)} that an earlier run had not stored yet.`);
  if (recovered.torn > 0)
    onEvent(`Cut off the unfinished end of ${recovered.torn} spool file(s); nothing acknowledged was in it.`, 'warn');

  for (const { keys } of recovered.groups) for (const key of keys) ledger?.add(key);

  // Process identity and a counter.
  const identity = `${Date.now().toString(36)}-${randomBytes(4).toString('hex')}`;
  let counter = 0;
  let closing = false;
  let unwritable: string | undefined;
  let secondCopies = 0;
  /** Batches that were read and are not on the disk yet, by the ledger's key. */
  const underWay = new Map<string, Promise<SpoolResult>>();

  const onLost = (): void => {
    for (const way of Object.values(ways)) way.onLost?.();
  };
  const considerAll = (): void => {
    for (const lane of lanes) lane.consider();
  };
  const queue = new InsertQueue(
    {
      directory,
      insert,
      ledger,
      onEvent,
      onFree: considerAll,
      onRefused: () => onLost(),
      hasOthers: () => lanes.some((lane) => lane.hasOpenGroup),
      async bringOthers() {
        considerAll();
        await Promise.all(lanes.map((lane) => lane.settled()));
      },
    },
    recovered.groups,
  );
  const host: LaneHost = {
    directory,
    nextName: (table) => `${identity}-${String(counter++).padStart(8, '0')}-${table}`,
    isFree: (table) => queue.isFree(table),
    lastInsertMs: () => queue.lastInsertMs,
    isClosing: () => closing,
    onClosed: (group) => queue.add(group),
    onWritten() {
      unwritable = undefined;
    },
    onFailure(message) {
      onLost();
      // A full disk fails every request: it is news once.
      const isNews = unwritable !== message;
      unwritable = message;
      queue.lastError = message;
      if (isNews) onEvent(message, 'error');
    },
  };
  const ways = createSignalLanes(host);
  const lanes = Object.values(ways).flatMap((way) => way.lanes);

  const waitingBytes = (): number => lanes.reduce((sum, lane) => sum + lane.waitingBytes, queue.bytes);

  /** Reads before it first waits. `batch`: what the ledger will know the request by; `names`: what it may know it by. */
  async function take(
    request: SpoolRequest,
    batch: string | undefined,
    names: readonly string[],
  ): Promise<SpoolResult> {
    const way = ways[request.signal];
    const partOf = (name: string, lane: AnyLane): string => partKey(name, TABLE_NAMES.indexOf(lane.table));
    const keyOf = (lane: AnyLane): string | undefined => batch && partOf(batch, lane);
    const known = new Set<AnyLane>(
      way.lanes.filter((lane) => names.some((name) => ledger?.has(partOf(name, lane)) === true)),
    );
    if (known.size === way.lanes.length) {
      secondCopies++;
      return { kind: 'read', accepted: 0, rejected: 0, message: '' };
    }
    const before = way.lanes.map(({ filling }) => filling.rows);
    // What is there already is read into a block that nobody keeps.
    const result = way.read(request, (lane) => (known.has(lane) ? lane.createBlock() : lane.filling));
    const durable = way.lanes.map(async (lane, index) => {
      const rows = lane.filling.rows - before[index]!;
      if (rows === 0) return undefined;
      const key = keyOf(lane);
      const failure = await lane.untilDurable({ id: request.batchId, key, rows });
      if (failure === undefined && key !== undefined) ledger?.add(key);
      return failure;
    });
    const failure = (await Promise.all(durable)).find((each) => each !== undefined);
    return failure === undefined ? result : { kind: 'failed', message: failure };
  }

  return {
    append(request) {
      if (closing) return Promise.resolve({ kind: 'failed', message: 'The collector is stopping.' });
      if (waitingBytes() > maxBytes) {
        return Promise.resolve({
          kind: 'failed',
          message: 'The store is behind and the spool is full; try again later.',
        });
      }
      if (ledger === undefined) return take(request, undefined, []);
      const names =
        request.batchId === undefined
          ? ledgerKeysOfBody(request.bytes, request.receivedUnixMs)
          : [ledgerKey(request.batchId, request.bytes)];
      // A second copy is answered as the first one was, and not before it.
      for (const name of names) {
        const first = underWay.get(name);
        if (first !== undefined) return first;
      }
      const batch = names[0]!;
      const taken = take(request, batch, names).finally(() => underWay.delete(batch));
      underWay.set(batch, taken);
      return taken;
    },
    status: () => ({
      waitingRows: lanes.reduce((sum, lane) => sum + lane.waitingRows, queue.rows),
      waitingBytes: waitingBytes(),
      insertedRows: queue.insertedRows,
      refusedInserts: queue.refusedInserts,
      lastError: queue.lastError,
      unwritable,
      secondCopies,
    }),
    async close(limitMs) {
      closing = true;
      const deadline = performance.now() + limitMs;
      const left = (): number => Math.max(0, deadline - performance.now());
      const within = (work: Promise<unknown>): Promise<unknown> =>
        Promise.race([work, new Promise((done) => setTimeout(done, left()).unref())]);
      const isLeft = (): boolean => !queue.isEmpty || lanes.some((lane) => lane.waitingRows > 0);
      do {
        considerAll();
        await within(Promise.all(lanes.map((lane) => lane.settled())));
        await within(queue.settled());
      } while (isLeft() && left() > 0);
      queue.stop();
      for (const lane of lanes) await lane.close();
    },
  };
}

/** `3 spans and 5 log records`. */
function inWords(groups: readonly ClosedGroup[]): string {
  const rows = new Map<string, number>();
  for (const { table, rows: count } of groups) rows.set(rowNoun(table), (rows.get(rowNoun(table)) ?? 0) + count);
  return [...rows].map(([noun, count]) => `${count} ${noun}`).join(' and ');
}
