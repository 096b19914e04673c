import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createTraceReader, MAX_DAYS, type ReadResult } from '../process/read-traces.js';
import { TraceBlock } from '../process/trace-block.js';
import { type PreparedInsert, StoreError } from '../store/store.js';
import { type Ledger, ledgerKey } from './ledger.js';
import { type ClosedGroup, OpenGroup, recoverGroups, removeGroup, type SpooledBatch, setAside } from './spool-files.js';

/** A finished OTLP protobuf export request of traces. */
interface SpoolRequest {
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
  /** Inserts that the store refuses for good; their files are kept beside the spool. */
  readonly refusedInserts: number;
  readonly lastError?: string | undefined;
}

export interface SpoolOptions {
  /** Created where missing. The caller holds its lock. */
  readonly directory: string;
  /** Resolves when the rows are committed and durable; throws `StoreError`. Called one at a time. */
  readonly insert: (insert: PreparedInsert) => Promise<void>;
  /** Bytes that may wait for the store; beyond it requests are turned away. Default 4 GiB. */
  readonly maxBytes?: number | undefined;
  /** Drops second copies of batches with an id. Absent: every copy is kept. */
  readonly ledger?: Ledger | undefined;
  readonly onEvent?: ((message: string) => void) | undefined;
}

/**
 * Makes export requests durable and hands them to the store in groups.
 *
 * Requests that arrive while the disk is busy share the next block, its write and its fsync. Blocks collect in one file until the
 * store is free and the group is worth an insert; the store then reads that very file. Its name is its deduplication token, so an
 * insert that is repeated (a crash, a lost answer) changes nothing.
 */
export interface Spool {
  /** Resolves when the request is on the disk (or was found unusable). Never rejects. Everything after the call is the spool's; `bytes` are not kept. */
  append(request: SpoolRequest): Promise<SpoolResult>;
  status(): SpoolStatus;
  /** Writes and inserts what is there, for at most `limitMs`; what is left waits for the next start. Takes no more requests. */
  close(limitMs: number): Promise<void>;
}

const TABLE = 'otel_traces';
/** A group of this many rows is inserted as soon as the store is free, and takes no more when it is not. */
const FULL_ROWS = 64_000;
const FULL_BYTES = 32 * 1024 * 1024;
const MAX_BLOCK_ROWS = 16_384;
/** A smaller one waits this long for company: parts that are few and large cost the store least. */
const QUIET_LINGER_MS = 100;
const BUSY_LINGER_MS = 750;
/** Without an insert for this long the next one is a person's first look, and quick. */
const QUIET_MS = 2_000;
const MAX_BACKOFF_MS = 10_000;
/** A group that the store cannot take (too large for its memory just now) lets the others pass after waiting this long at once. */
const PATIENCE_MS = 400;

interface Waiter {
  readonly batch: SpooledBatch;
  readonly settle: (failure: string | undefined) => void;
}

export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { directory, insert, maxBytes = 4 * 1024 ** 3, ledger, onEvent = () => undefined } = options;
  await mkdir(directory, { recursive: true });
  const recovered = await recoverGroups(directory);
  const closed: ClosedGroup[] = [...recovered.groups];
  if (closed.length > 0) onEvent(`Replaying ${rowsOf(closed)} spans that an earlier run had not stored yet.`);
  if (recovered.torn > 0)
    onEvent(`Cut off the unfinished end of ${recovered.torn} spool file(s); nothing acknowledged was in it.`);

  for (const { keys } of closed) for (const key of keys) ledger?.add(key);

  const reader = createTraceReader();
  // Process identity and a counter: unique over restarts, so a token never means two different groups.
  const identity = `${Date.now().toString(36)}-${randomBytes(4).toString('hex')}`;
  let counter = 0;
  /** Batches that were read and are not on the disk yet, by the ledger's key. */
  const underWay = new Map<string, Promise<SpoolResult>>();
  let filling = new TraceBlock();
  let spare: TraceBlock | undefined = new TraceBlock();
  let waiters: Waiter[] = [];
  let open: OpenGroup | undefined;
  let closing = false;
  let stopped = false;
  let lastInsertMs = 0;
  let letsOthersPass = false;
  let insertedRows = 0;
  let refusedInserts = 0;
  let lastError: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let inserting: Promise<void> | undefined;

  const waitingBytes = (): number => closed.reduce((sum, group) => sum + group.bytes, 0) + (open?.bytes ?? 0);

  async function writeBlocks(): Promise<void> {
    while (filling.rows > 0) {
      const block = filling;
      const batch = waiters;
      filling = spare ?? new TraceBlock();
      spare = undefined;
      waiters = [];
      let failure: string | undefined;
      try {
        await writeBlock(block, batch);
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error);
        lastError = failure;
        onEvent(`The spool could not be written: ${failure}`);
      }
      block.clear();
      spare = block;
      for (const waiter of batch) waiter.settle(failure);
      await closeGroupIfDue();
    }
  }

  async function writeBlock(block: TraceBlock, batch: readonly Waiter[]): Promise<void> {
    const batches = batch.map((waiter) => waiter.batch);
    // What one insert holds in memory is bounded by its rows, so a request of a million small spans becomes many pieces. They are
    // acknowledged together; should a later one fail, the sender repeats all of them.
    for (let from = 0; from < block.rows; from += MAX_BLOCK_ROWS) {
      const to = Math.min(block.rows, from + MAX_BLOCK_ROWS);
      // Batches count with the last piece: what was cut off before it comes again, and is taken.
      await writeRows(block, from, to, to === block.rows ? batches : []);
    }
  }

  async function writeRows(
    block: TraceBlock,
    from: number,
    to: number,
    batches: readonly SpooledBatch[],
  ): Promise<void> {
    if (open !== undefined) {
      let days = open.days.size;
      for (const day of block.days) if (!open.days.has(day)) days++;
      const isFull = open.rows + (to - from) > FULL_ROWS || open.bytes >= FULL_BYTES;
      if (days > MAX_DAYS || isFull) await closeGroup();
    }
    open ??= await OpenGroup.create(directory, `${identity}-${String(counter++).padStart(8, '0')}`);
    const group = open;
    try {
      await group.append(block.toNative(from, to), to - from, batches);
    } catch (error) {
      // Whatever state its files are in, their whole blocks will be found by their checksums.
      await closeGroup().catch(() => undefined);
      throw error;
    }
    if (group.firstWriteMs === 0) group.firstWriteMs = performance.now();
    for (const day of block.days) group.days.add(day);
  }

  async function closeGroup(): Promise<void> {
    const group = open;
    open = undefined;
    if (group === undefined) return;
    const done = await group.close();
    if (done.rows > 0) closed.push(done);
    else await removeGroup(directory, done.name);
    inserting ??= insertGroups().finally(() => {
      inserting = undefined;
    });
  }

  /** Called between writes, when the store has become free, and when a group has waited long enough. */
  async function closeGroupIfDue(): Promise<void> {
    if (open === undefined || open.rows === 0) return;
    const isFull = open.rows >= FULL_ROWS || open.bytes >= FULL_BYTES;
    const now = performance.now();
    const lingerMs = closing ? 0 : now - lastInsertMs > QUIET_MS ? QUIET_LINGER_MS : BUSY_LINGER_MS;
    const dueMs = open.firstWriteMs + lingerMs - now;
    const isFree = inserting === undefined || letsOthersPass;
    if (isFull || (isFree && dueMs <= 0)) await closeGroup();
    else if (inserting === undefined) {
      clearTimeout(timer);
      timer = setTimeout(consider, dueMs);
    }
  }

  function consider(): void {
    writing ??= writeBlocks()
      .then(closeGroupIfDue)
      .catch((error) => {
        lastError = String(error);
        onEvent(`The spool failed: ${lastError}`);
      })
      .finally(() => {
        writing = undefined;
        if (filling.rows > 0) consider();
      });
  }

  async function insertGroups(): Promise<void> {
    for (let group = closed[0]; group !== undefined && !stopped; group = closed[0]) {
      const isDone = await insertGroup(group);
      if (stopped) return;
      lastInsertMs = performance.now();
      closed.shift();
      if (isDone) setImmediate(consider);
      else {
        closed.push(group);
        letsOthersPass = true;
        consider();
        await writing;
        letsOthersPass = false;
      }
    }
  }

  /** `false`: this group does not go in for now, and its neighbours should not wait for it. */
  async function insertGroup(group: ClosedGroup): Promise<boolean> {
    // Once per reason: a server that was away and now refuses is news, each new attempt is none.
    let said: StoreError['code'] | undefined;
    for (let waitMs = 100; !stopped; waitMs = Math.min(waitMs * 2, MAX_BACKOFF_MS)) {
      let isAway = false;
      try {
        await insert({ table: TABLE, file: group.file, rows: group.rows, token: `tl-${group.name}` });
        // From here on the ledger knows them instead of the journal.
        await ledger?.keep(group.keys);
        await removeGroup(directory, group.name);
        insertedRows += group.rows;
        lastError = undefined;
        return true;
      } catch (error) {
        lastError = error instanceof Error ? error.message : String(error);
        if (error instanceof StoreError && !error.retryable) {
          refusedInserts++;
          await ledger
            ?.keep(group.keys)
            .catch((failure) => onEvent(`The ledger could not be written: ${String(failure)}`));
          const where = await setAside(directory, group.name).then(
            (kept) => `They are kept in ${kept}.`,
            (failure) =>
              `Their file could not be put aside (${String(failure)}); if it is still there, the next start tries it again.`,
          );
          onEvent(`The store refuses ${group.rows} spans for good (${lastError}). ${where}`);
          return true;
        }
        isAway = error instanceof StoreError && (error.code === 'away' || error.code === 'denied');
        const reason = error instanceof StoreError ? error.code : 'other';
        if (reason !== said) {
          said = reason;
          onEvent(`The store did not take ${group.rows} spans (${lastError}); trying again until it does.`);
        }
      }
      await new Promise((done) => setTimeout(done, waitMs));
      if (!isAway && waitMs >= PATIENCE_MS && (closed.length > 1 || open !== undefined)) return false;
    }
    return false;
  }

  if (closed.length > 0) {
    inserting = insertGroups().finally(() => {
      inserting = undefined;
    });
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
      const key = ledger && request.batchId !== undefined ? ledgerKey(request.batchId, request.bytes) : undefined;
      if (key !== undefined) {
        // A second copy is answered as the first one was, and not before it.
        const first = underWay.get(key);
        if (first !== undefined) return first;
        if (ledger?.has(key)) return Promise.resolve({ kind: 'read', accepted: 0, rejected: 0, message: '' });
      }
      const result = reader.read(request.bytes, filling, request.receivedUnixMs);
      if (result.kind === 'malformed' || result.accepted === 0) return Promise.resolve(result);
      const written = new Promise<SpoolResult>((done) => {
        waiters.push({
          batch: { id: request.batchId, key, rows: result.accepted },
          settle: (failure) =>
            done(
              failure === undefined
                ? result
                : { kind: 'failed', message: `The spool could not be written: ${failure}` },
            ),
        });
        consider();
      });
      if (key === undefined) return written;
      underWay.set(key, written);
      return written.then((outcome) => {
        if (outcome.kind === 'read') ledger?.add(key);
        underWay.delete(key);
        return outcome;
      });
    },
    status: () => ({
      waitingRows: rowsOf(closed) + (open?.rows ?? 0) + filling.rows,
      waitingBytes: waitingBytes(),
      insertedRows,
      refusedInserts,
      lastError,
    }),
    async close(limitMs) {
      closing = true;
      const deadline = performance.now() + limitMs;
      const left = (): number => Math.max(0, deadline - performance.now());
      const within = (work: Promise<unknown> | undefined): Promise<unknown> | undefined =>
        work && Promise.race([work, new Promise((done) => setTimeout(done, left()).unref())]);
      clearTimeout(timer);
      consider();
      await within(writing);
      while ((closed.length > 0 || inserting !== undefined) && left() > 0)
        await within(inserting ?? new Promise((done) => setImmediate(done)));
      stopped = true;
      clearTimeout(timer);
      await open?.close().catch(() => undefined);
    },
  };
}

function rowsOf(groups: readonly ClosedGroup[]): number {
  return groups.reduce((sum, group) => sum + group.rows, 0);
}
