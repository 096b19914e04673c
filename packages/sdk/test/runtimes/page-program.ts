import * as api from '@opentelemetry/api';
import { memoryStore } from '@throughline/sdk';
import { start } from '@throughline/sdk/web';
import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { bound, runRequested } from '../../../testkit/src/requested-suite.js';
import { type RuntimeHarness, runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { createPageClock } from '../../src/runtimes/web/ports/clock.js';
import { createKeepaliveShare } from '../../src/runtimes/web/ports/keepalive-share.js';
import { fetchTransport } from '../../src/transports/fetch.js';
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
const { resolutionMs, resends, ...request } = JSON.parse(decodeURIComponent(location.hash.slice(1)));

await runRequested(request, (receivers) => ({
  runtime: bound(runtimeSuite, { ...runtime, receivers }),
  clock: bound(clockSuite, { create: createPageClock, resolutionMs }),
  'batch-store': bound(batchStoreSuite, {
    create: ({ maxBytes }) => memoryStore({ maxBytes, nowMs: () => nowMs }),
    advance: (ms) => {
      nowMs += ms;
    },
  }),
  transport: bound(transportSuite, {
    receivers,
    protocol: 'http1',
    resends,
    create: (settings) => fetchTransport({ ...settings, keepalive: createKeepaliveShare() }),
    collectGarbage: (globalThis as { gc?(): void }).gc,
  }),
}));
