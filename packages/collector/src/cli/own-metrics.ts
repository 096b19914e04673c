import type { Admission } from '../admit/admission.js';
import type { DiskWatch } from '../admit/disk-watch.js';
import { DURATION_BOUNDS } from '../ops/intake-account.js';
import type { Metrics } from '../ops/metrics.js';
import type { Readiness } from '../ops/ops-listener.js';
import type { Spool } from '../spool/spool.js';
import type { PreparedInsert, Store } from '../store/store.js';

/** What each part says of itself, under its name in `/metrics`. */

export function addAdmissionMetrics(metrics: Metrics, admission: Admission): void {
  metrics.gauge('throughline_in_flight_bytes', 'Bodies in memory, packed and unpacked.', () => admission.bytesInFlight);
  metrics.gauge('throughline_in_flight_requests', 'Requests under way.', () => admission.requestsInFlight);
}

export function addDiskMetrics(metrics: Metrics, disk: DiskWatch): void {
  metrics.gauge('throughline_disk_free_bytes', 'Free on the disk of the data directory.', () => disk.freeBytes);
  metrics.gauge(
    'throughline_disk_reserve_bytes',
    'What must stay free: below it senders are told to wait (--disk-reserve).',
    () => disk.reserveBytes,
  );
}

export function addSpoolMetrics(metrics: Metrics, spool: Spool, limitBytes: number): void {
  metrics.gauge(
    'throughline_spool_rows',
    'Rows that were acknowledged and are not in the store yet.',
    () => spool.status().waitingRows,
  );
  metrics.gauge('throughline_spool_bytes', 'What they take on the disk.', () => spool.status().waitingBytes);
  metrics.gauge('throughline_spool_limit_bytes', 'What they may take on the disk (--spool).', () => limitBytes);
  metrics.total('throughline_inserted_rows_total', 'Rows that went into the store.', () => spool.status().insertedRows);
  metrics.total(
    'throughline_refused_inserts_total',
    'Inserts that the store refused for good; their files are kept beside the spool.',
    () => spool.status().refusedInserts,
  );
  metrics.total(
    'throughline_second_copies_total',
    'Batches that the ledger knew: answered with success, and not kept again.',
    () => spool.status().secondCopies,
  );
}

export function addStoreMetrics(metrics: Metrics, store: Store): void {
  metrics.gauge('throughline_store_up', '1 while the store answers.', () => (store.health().healthy ? 1 : 0));
}

/** The same insert, and how long it took. One that fails is counted by its attempts. */
export function timedInsert(
  metrics: Metrics,
  insert: (insert: PreparedInsert) => Promise<void>,
): (insert: PreparedInsert) => Promise<void> {
  const seconds = metrics.histogram(
    'throughline_insert_duration_seconds',
    'One group of rows from the spool into the store, until it is committed.',
    DURATION_BOUNDS,
    ['table'],
  );
  const failures = metrics.counter('throughline_insert_failures_total', 'Attempts that failed.', ['table']);
  return async (prepared) => {
    const begun = performance.now();
    try {
      await insert(prepared);
      seconds.observe((performance.now() - begun) / 1000, prepared.table);
    } catch (error) {
      failures.add(1, prepared.table);
      throw error;
    }
  };
}

/** Telemetry is taken while the spool can be written and has room; a store that is away makes it wait there, and is no reason to send it elsewhere. */
export function readiness(spool: Spool, limitBytes: number, store: Store, disk: DiskWatch): Readiness {
  const { waitingRows, waitingBytes, unwritable } = spool.status();
  const isFull = waitingBytes > limitBytes;
  const isDiskLow = disk.closed() !== undefined;
  const { healthy, message } = store.health();
  return {
    ready: unwritable === undefined && !isFull && !isDiskLow,
    checks: {
      spool: {
        writable: unwritable === undefined,
        full: isFull,
        waitingRows,
        waitingBytes,
        limitBytes,
        message: unwritable,
      },
      disk: { low: isDiskLow, freeBytes: disk.freeBytes, reserveBytes: disk.reserveBytes },
      store: { open: healthy, behindRows: waitingRows, message },
    },
  };
}
