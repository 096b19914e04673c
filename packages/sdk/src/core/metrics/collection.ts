import type { OnFragment, OpenBuffer } from '../batch.js';
import type { BatchLimits } from '../options.js';

export interface CollectionOptions<B extends OpenBuffer> {
  readonly limits: Pick<BatchLimits, 'maxBytes' | 'maxItems'>;
  readonly create: () => B;
  /** What is written from now on goes into this one. */
  readonly use: (buffer: B) => void;
  /** Writes all there is, and tells of each fragment; called again, the same. */
  readonly write: (onFragment: OnFragment) => void;
  /** All of it is written: what is measured from now on is of the next collection. */
  readonly end: () => void;
  /** The outbox's. */
  readonly onFragment: OnFragment;
}

export interface Collection {
  /** It was cut short when all was written, and nobody has seen it yet. */
  readonly isPending: boolean;
  /** Writes what there is and hands it to the outbox. */
  collect(): void;
}

/**
 * Collects for an outbox, in steps of which each may be cut short. A browser may end the script that runs while its page is being closed, in the midst of
 * whatever it does and without a word to it, and tell the page of its end after that (Firefox does). What measured points were by then must neither
 * be there twice nor be lost. So the outbox hears of nothing before all is written, into buffers of about a batch each: until then it is written anew,
 * and afterwards what is left of the steps is done.
 */
export function createCollection<B extends OpenBuffer>(options: CollectionOptions<B>): Collection {
  const { limits, create, use, write, end, onFragment } = options;
  let pool: B[] = [];
  /** Of this collection, the last one open. */
  let buffers: B[] = [];
  let isWritten = false;
  let isEnded = false;

  const next = (): void => {
    let buffer = pool.find(({ items }) => !items);
    if (!buffer) {
      buffer = create();
      pool.push(buffer);
    }
    buffers.push(buffer);
    use(buffer);
  };
  const finish = (): void => {
    if (!isEnded) end();
    isEnded = true;
    for (const buffer of buffers) if (buffer.items) onFragment(buffer);
    buffers = [];
    isEnded = isWritten = false;
  };
  return {
    get isPending() {
      return isWritten;
    },
    collect() {
      if (isWritten) finish();
      pool = pool.filter((buffer) => !buffers.includes(buffer));
      buffers = [];
      next();
      write(({ byteLength, items }) => {
        if (byteLength >= limits.maxBytes || items >= limits.maxItems) next();
      });
      isWritten = true;
      finish();
    },
  };
}
