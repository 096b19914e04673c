import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Signal } from '../../process/signal.js';
import { ledgerKeyOf, ledgerKeysOfBody, openLedger } from '../ledger.js';
import { BodyLane } from './body-lane.js';

/** More batches than this do not wait, however small they are: each is known by name in memory. */
const MOST_BATCHES = 500_000;
const SEGMENT_BYTES = 16 * 1024 * 1024;
/** Of the ledger. Half a million would take a small machine's memory. */
const GENERATION = 131_072;

export interface BodySpoolOptions {
  /** Created where missing. The caller holds its lock. */
  readonly directory: string;
  /** Folders of the destinations. */
  readonly destinations: readonly string[];
  /** Bytes that may wait; beyond it requests are turned away. */
  readonly maxBytes: number;
  readonly onEvent: (message: string) => void;
  /** Default 16 MiB. For tests. */
  readonly segmentBytes?: number | undefined;
}

interface BodyRequest {
  readonly signal: Signal;
  readonly bytes: Uint8Array;
  readonly batchId?: string | undefined;
}

/**
 * Makes export requests durable as they are, each in the lane of one destination, until they have arrived there. Whoever gives the same batch a second time gets the
 * first one's answer.
 */
export interface BodySpool {
  /** In the order of the destinations. */
  readonly lanes: readonly BodyLane[];
  /**
   * Resolves when the request is on the disk; with the reason when it is not, and then nothing of it is kept. Never rejects; `bytes` are read before it returns. `choose` is asked for the number of
   * a destination, once the batch's id is known and only where it is new.
   */
  append(request: BodyRequest, choose: (id: string) => number): Promise<string | undefined>;
  close(): Promise<void>;
}

export async function openBodySpool(options: BodySpoolOptions): Promise<BodySpool> {
  const { directory, destinations, maxBytes, onEvent } = options;
  // What has arrived frees the disk a segment at a time: a small spool has small ones.
  const segmentBytes = options.segmentBytes ?? Math.min(SEGMENT_BYTES, maxBytes / 8);
  const ledger = await openLedger(join(directory, 'ledger'), GENERATION);
  let keeping: Promise<void> = Promise.resolve();
  const keepKeys = (keys: readonly string[]): Promise<void> => {
    const kept = keeping.then(() => ledger.keep(keys));
    keeping = kept.catch(() => undefined);
    return kept;
  };
  const lanes: BodyLane[] = [];
  for (const destination of destinations) {
    const { lane, keys } = await BodyLane.open({
      directory: join(directory, destination),
      keepKeys,
      onEvent,
      segmentBytes,
    });
    for (const key of keys) ledger.add(key);
    lanes.push(lane);
  }
  const underWay = new Map<string, Promise<string | undefined>>();
  let closing = false;

  return {
    lanes,
    append({ signal, bytes, batchId }, choose) {
      if (closing) return Promise.resolve('The gateway is stopping.');
      const names = batchId === undefined ? namesOf(bytes) : [batchId];
      const known = names.map((id) => {
        const crc = crc32(bytes, crc32(id));
        return { id, crc, key: ledgerKeyOf(id, bytes.length, crc) };
      });
      for (const { key } of known) {
        const first = underWay.get(key);
        if (first !== undefined) return first;
        if (ledger.has(key)) return Promise.resolve(undefined);
      }
      const { id, crc, key } = known[0]!;
      const isFull =
        lanes.reduce((sum, lane) => sum + lane.bytes, 0) + bytes.length > maxBytes ||
        lanes.reduce((sum, lane) => sum + lane.batches, 0) >= MOST_BATCHES;
      if (isFull) return Promise.resolve('What waits to be forwarded fills the spool; try again later.');
      const taken = lanes[choose(id)]!.append({ signal, id, bytes, crc }).then((failure) => {
        if (failure === undefined) ledger.add(key);
        underWay.delete(key);
        return failure;
      });
      underWay.set(key, taken);
      return taken;
    },
    async close() {
      closing = true;
      for (const lane of lanes) await lane.close();
      await keeping;
      await ledger.close();
    },
  };
}

/** Folders in which batches of other destinations wait: those of an earlier start with other addresses. */
export async function otherDestinations(directory: string, destinations: readonly string[]): Promise<string[]> {
  const folders = (await readdir(directory, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isDirectory() && entry.name !== 'ledger' && !destinations.includes(entry.name))
    .map((entry) => entry.name);
  const waiting: string[] = [];
  for (const folder of folders)
    if ((await readdir(join(directory, folder))).some((file) => /^\d+\.tl$/.test(file))) waiting.push(folder);
  return waiting;
}

/**
 * Of a batch that came without an id: its own from now on, and the one that it would have had some minutes ago. Both are made of what is in it, so that its second copy
 * gets the same, and whoever it is handed on to knows it too.
 */
const namesOf = (bytes: Uint8Array): string[] => ledgerKeysOfBody(bytes, Date.now()).map((key) => key.padEnd(32, '0'));
