import * as api from '@opentelemetry/api';
import { memoryStore } from '@throughline/sdk';
import { start } from '@throughline/sdk/web';
import { type BatchStoreHarness, batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { bound, runRequested } from '../../../testkit/src/requested-suite.js';
import { type RuntimeHarness, runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import type { BatchStore } from '../../src/core/ports.js';
import { createPageClock } from '../../src/runtimes/web/ports/clock.js';
import { pageLocks } from '../../src/runtimes/web/ports/locks.js';
import { indexedDbStore } from '../../src/stores/indexed-db.js';
import { localStorageStore } from '../../src/stores/local-storage.js';
import { pageStore } from '../../src/stores/page-store.js';
import { whoLives } from '../../src/stores/who-lives.js';
import { fetchTransport } from '../../src/transports/fetch.js';
import { keepaliveShare } from '../../src/transports/keepalive.js';
import { openChannel, suspendPage } from './page-parts.js';

/*
 * What runs inside a page, in any browser. The request stands behind the `#` of its address.
 */

const runtime: Omit<RuntimeHarness, 'receivers'> = {
  telemetrySdkLanguage: 'webjs',
  api,
  // The load of this page, which runs the suite, is no part of what the cases are about.
  start: (options) => start({ pageLoad: false, api: [api], plainText: true, ...options }),
  async startSecondCopy(options) {
    const copy = '/second-copy.js';
    const second = (await import(copy)) as { start: typeof start };
    return second.start({ pageLoad: false, plainText: true, ...options });
  },
  suspend: suspendPage,
  openChannel,
};

let nowMs = 0;
const advance = (ms: number): void => {
  nowMs += ms;
};

/** A kind of store that outlives its page: what opens a place of a name, as often as it is asked to. */
function storesOf(open: (name: string, maxBytes: number) => BatchStore): BatchStoreHarness {
  const names = new WeakMap<BatchStore, string>();
  const opened = (name: string, maxBytes: number): BatchStore => {
    const store = open(name, maxBytes);
    names.set(store, name);
    return store;
  };
  return {
    create: ({ maxBytes }) => opened(crypto.randomUUID(), maxBytes),
    advance,
    reopen: async (store) => opened(names.get(store)!, (await store.size()).maxBytes),
  };
}

const indexedDbStoreOf = (name: string, maxBytes: number, lives = whoLives(pageLocks(), name)) =>
  indexedDbStore({ name, maxBytes, nowMs: () => nowMs, locks: pageLocks(), lives });
const localStorageStoreOf = (name: string, maxBytes: number, lives = whoLives(pageLocks(), name)) =>
  localStorageStore({ prefix: `${name}:`, maxBytes, nowMs: () => nowMs, lives });
function pageStoreOf(name: string, maxBytes: number): BatchStore {
  const lives = whoLives(pageLocks(), name);
  return pageStore({
    durable: () => indexedDbStoreOf(name, maxBytes, lives),
    lives,
    sync: localStorageStoreOf(name, maxBytes, lives),
    timers: { after: (delayMs, run) => clearTimeout.bind(undefined, setTimeout(run, delayMs)) },
    onFallback: fail,
  });
}
function fail(sentence: string): void {
  throw new Error(sentence);
}

const { resolutionMs, resends, ...request } = JSON.parse(decodeURIComponent(location.hash.slice(1)));

await runRequested(request, (receivers) => ({
  runtime: bound(runtimeSuite, { ...runtime, receivers }),
  clock: bound(clockSuite, { create: createPageClock, resolutionMs }),
  'batch-store': bound(batchStoreSuite, {
    create: ({ maxBytes }) => memoryStore({ maxBytes, nowMs: () => nowMs }),
    advance,
  }),
  'batch-store: indexedDbStore': bound(batchStoreSuite, storesOf(indexedDbStoreOf)),
  'batch-store: localStorageStore': bound(batchStoreSuite, storesOf(localStorageStoreOf)),
  'batch-store: pageStore': bound(batchStoreSuite, storesOf(pageStoreOf)),
  transport: bound(transportSuite, {
    receivers,
    protocol: 'http1',
    resends,
    create: (settings) => fetchTransport({ ...settings, keepalive: keepaliveShare() }),
    collectGarbage: (globalThis as { gc?(): void }).gc,
  }),
}));
