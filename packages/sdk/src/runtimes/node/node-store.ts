import { createFullOutbox, type OutboxRequest } from '../../core/outbox/full-outbox.js';
import type { Outbox } from '../../core/outbox/outbox.js';
import type { BatchStore } from '../../core/ports.js';
import { type FilesStoreOptions, filesStore } from '../../stores/files.js';
import { keepOpenBatches } from '../../stores/keep-open-batches.js';

export interface NodeStoreOptions extends Omit<FilesStoreOptions, 'nowMs'> {
  /**
   * What a process that is killed has written by then. `batch`, the default: batches that were sealed, and what a crash that JavaScript can see, a
   * signal or `process.exit()` leaves time for. `step`: also what had ended before the present step of the event loop's. `span`: everything that had ended,
   * at the price of a write to a file for each. With `copies` to several destinations always `batch`.
   */
  readonly durableAt?: 'batch' | 'step' | 'span' | undefined;
}

/** The store that a program wishes for, and the outbox that goes with it: `createSealing`, or something around it. */
export function nodeStore(
  wish: BatchStore | NodeStoreOptions | string | undefined,
  createSealing: (request: OutboxRequest) => Outbox = createFullOutbox,
): {
  readonly store: BatchStore | undefined;
  readonly createOutbox: (request: OutboxRequest) => Outbox;
} {
  const options = typeof wish === 'string' ? { folder: wish } : wish;
  if (!options || 'put' in options) return { store: options, createOutbox: createSealing };
  const { durableAt = 'batch' } = options;
  const store = filesStore(options);
  if (durableAt === 'batch') return { store, createOutbox: createSealing };
  const each = durableAt === 'span' ? 'item' : 'step';
  return {
    store,
    createOutbox: (request) => keepOpenBatches(createSealing(request), store, { ...request, each }),
  };
}
