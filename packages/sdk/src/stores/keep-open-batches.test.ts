import { expect, test, vi } from 'vitest';
import { SERIAL } from '../../../testkit/src/faults/serials.js';
import { type FaultSignal, serialsOnTheWire } from '../../../testkit/src/faults/serials-on-the-wire.js';
import type { Batch } from '../core/batch.js';
import { createStoreQueue } from '../core/outbox/store-queue.js';
import { createSmallOutbox } from '../core/small/small-outbox.js';
import { fullMetering, logging, metering, start } from '../runtimes/web/bare.js';
import { keepOpenBatches } from './keep-open-batches.js';
import { localStorageStore } from './local-storage.js';
import type { OpenStore } from './open-store.js';
import { pageStore } from './page-store.js';
import { whoLives } from './who-lives.js';

/** A database that is there and answers nothing any more: what it was handed in the last turn may have been for nothing. */
const tooLate: OpenStore = {
  ...Object.fromEntries(
    ['put', 'append', 'claim', 'release', 'remove', 'replace', 'evict'].map((name) => [
      name,
      () => new Promise(() => {}),
    ]),
  ),
  durability: 'process-crash',
  size: async () => ({ batches: 0, items: 0, bytes: 0, maxBytes: 1e7, damaged: 0 }),
} as unknown as OpenStore;

/**
 * A page that is hidden with so many items, and whose script is cut off in its `cutAt`th call to `localStorage` from then on; then it is told of its end.
 * What is found of it at the receiver and by the next page. A cut script is one behind which the rest has no effect.
 */
async function leavePage(signal: FaultSignal, part: typeof metering | typeof logging, count: number, cutAt: number) {
  const page = new EventTarget();
  const values: Record<string, string> = Object.create({
    getItem: (key: string) => {
      called();
      return values[key] ?? null;
    },
    setItem: (key: string, value: string) => {
      called();
      if (!isCut) values[key] = value;
    },
    removeItem: (key: string) => {
      called();
      if (!isCut) delete values[key];
    },
  });
  let calls = 0;
  let isLeaving = false;
  let isCut = false;
  function called(): void {
    if (!isLeaving || ++calls !== cutAt) return;
    page.dispatchEvent(new Event('pagehide'));
    isCut = true;
  }
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('document', { hidden: true });
  const storage = values as unknown as Storage;
  const sent: Batch[] = [];
  const telemetry = start(
    {
      global: false,
      metricTemporality: 'delta',
      destinations: {
        destination: 'here',
        send: async (batch) => {
          if (!isCut) sent.push(batch);
          return new Promise(() => {});
        },
      },
    },
    {
      [signal === 'logs' ? 'logging' : 'metering']: part,
      createOutbox(request) {
        const { timers } = request.ports;
        const lives = whoLives(undefined);
        const sync = localStorageStore({ storage, lives });
        const store = pageStore({ durable: () => tooLate, sync, lives, timers, onFallback: () => {} });
        const outbox = createSmallOutbox(request, createStoreQueue(store, request));
        return keepOpenBatches(outbox, store, { ...request, interruptible: true });
      },
    },
  );
  const counter = telemetry.meter.createCounter('products');
  // The database is open by then.
  await new Promise((resolve) => setTimeout(resolve));
  for (let n = 0; n < count; n++) {
    const attributes = { [SERIAL]: n, 'server.address': 'shop.example' };
    if (signal === 'logs') telemetry.logger.emit({ body: `product ${n}`, attributes });
    else counter.add(1, attributes);
  }
  isLeaving = true;
  page.dispatchEvent(new Event('visibilitychange'));
  isLeaving = isCut = false;
  // The next page, when it is known that this one lives no more.
  const next = localStorageStore({ storage, nowMs: () => Date.now() + 600_000 });
  const found = await next.claim('next', { leaseMs: 1_000, limit: 100 });
  // The receiver takes a batch that comes again under its id once, if it is the same.
  const batches = new Map(
    [...sent, ...found].map((batch) => [`${batch.id} ${Buffer.from(batch.bytes).toString('latin1')}`, batch]),
  );
  return {
    serials: [...batches.values()].flatMap(({ bytes }) => serialsOnTheWire(signal, bytes)).sort((a, b) => a - b),
    isOver: calls < cutAt,
  };
}

const parts = [
  ['log records', 'logs', logging],
  ['points of metrics', 'metrics', metering],
  ['points of fullMetering', 'metrics', fullMetering],
] as const;

test.each(parts)(
  'a page whose script is cut off in any call to its storage, and is told of its end after that, has stored or sent its %s, each once [B14 S7]',
  async (_, signal, part) => {
    const count = 400;
    const all = Array.from({ length: count }, (_, n) => n);
    for (let cutAt = 1, isOver = false; !isOver; cutAt++) {
      const left = await leavePage(signal, part, count, cutAt);
      expect(left.serials, `cut off in call ${cutAt}`).toEqual(all);
      isOver = left.isOver;
      if (isOver) expect(cutAt).toBeGreaterThan(9);
    }
    vi.unstubAllGlobals();
  },
);
