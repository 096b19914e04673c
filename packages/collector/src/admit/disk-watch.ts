import { statfs } from 'node:fs/promises';
import type { Log } from '../ops/log.js';
import type { NoRoom } from './admission.js';

export interface DiskWatch {
  /** Why nothing more can be taken: less is free than is kept for the store to finish its work. */
  closed(): NoRoom | undefined;
  /** As of the last look; `undefined` where the system does not say. */
  readonly freeBytes: number | undefined;
  readonly reserveBytes: number;
  /** Looks now: whether something may be written that takes about so much, without coming near the wall. */
  hasRoomFor(bytes: number): Promise<boolean>;
  close(): void;
}

export interface DiskWatchOptions {
  /** Any directory on the disk. */
  readonly directory: string;
  /** What must stay free. Default: a twentieth of the disk, at most 1 GiB. */
  readonly reserveBytes?: number | undefined;
  readonly onEvent?: Log | undefined;
  readonly lookMs?: number | undefined;
}

const MIB = 1024 * 1024;
/** An insert asks for a megabyte for each part, in three tables. */
const LEAST_BYTES = 16 * MIB;
const GIB = 1024 * MIB;

/**
 * Looks twice a second how much of the disk is free. What is spooled has to become parts of tables, and parts have to be merged, before anything is freed: a disk that is full to the last
 * byte would keep both from happening. So senders are told to wait while there is still some room, and are let in again when there is a tenth more.
 */
export async function watchDisk(options: DiskWatchOptions): Promise<DiskWatch> {
  const { directory, onEvent = () => undefined, lookMs = 500 } = options;
  let free: number | undefined;
  let reserve = options.reserveBytes ?? 0;
  let isLow = false;

  async function look(): Promise<void> {
    const found = await statfs(directory).catch(() => undefined);
    if (found === undefined) return;
    free = found.bavail * found.bsize;
    reserve = options.reserveBytes ?? Math.min(GIB, (found.blocks * found.bsize) / 20);
    const wasLow = isLow;
    isLow = free < (wasLow ? reserve * 1.1 : reserve);
    const mib = `${Math.floor(free / MIB)} MiB`;
    if (isLow && !wasLow)
      onEvent(
        `Only ${mib} are free on the disk of ${directory}: senders are told to wait until there is room.`,
        'error',
      );
    if (!isLow && wasLow) onEvent(`${mib} are free on the disk of ${directory} again; telemetry is taken.`, 'warn');
  }

  await look();
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    timer = setTimeout(() => void look().then(() => timer && next()), lookMs).unref();
  };
  next();
  return {
    closed: () =>
      isLow ? { reason: 'disk', message: 'The disk of the collector is nearly full; send again later.' } : undefined,
    get freeBytes() {
      return free;
    },
    get reserveBytes() {
      return reserve;
    },
    async hasRoomFor(bytes) {
      const found = await statfs(directory).catch(() => undefined);
      return found === undefined || found.bavail * found.bsize >= Math.max(reserve / 2, LEAST_BYTES + 3 * bytes);
    },
    close() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
