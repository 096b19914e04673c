import * as api from '@opentelemetry/api';
import { fetchTransport, memoryStore } from '@throughline/sdk';
import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { bound, runRequested, type SuiteRequest } from '../../../testkit/src/requested-suite.js';
import { type RuntimeHarness, runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { createIsolate } from '../../src/runtimes/cloudflare/isolate.js';
import { createWorkerClock } from '../../src/runtimes/cloudflare/ports/clock.js';
import { type AsyncStorage, loadAsyncStorage } from '../../src/runtimes/cloudflare/ports/context-store.js';

/*
 * What runs inside workerd, all of it in one request, which may take its time. A Worker's telemetry starts with its first request and is asked for by
 * nobody; here it is started for each case, by what `instrument` starts it with.
 */

/** The other copy of the package, a module of its own. */
interface SecondCopy {
  readonly createIsolate: typeof createIsolate;
}

let nowMs = 0;

export default {
  async fetch(request: Request): Promise<Response> {
    const storage = (await loadAsyncStorage())!;
    const runtime: Omit<RuntimeHarness, 'receivers'> = {
      telemetrySdkLanguage: 'webjs',
      api,
      start: (options) => createIsolate({ api: [api], ...options }, storage).telemetry,
      async startSecondCopy(options) {
        const copy = './second-copy.mjs';
        const second = (await import(copy)) as SecondCopy;
        return second.createIsolate(options, storage as () => AsyncStorage).telemetry;
      },
      openChannel() {
        const { port1, port2 } = new MessageChannel();
        return {
          post: (message) => port1.postMessage(message),
          onMessage: (run) => {
            port2.onmessage = ({ data }) => run(data);
          },
          close: () => port1.close(),
        };
      },
    };
    await runRequested((await request.json()) as SuiteRequest, (receivers) => ({
      runtime: bound(runtimeSuite, { ...runtime, receivers }),
      clock: bound(clockSuite, { create: createWorkerClock, resolutionMs: 1 }),
      'batch-store': bound(batchStoreSuite, {
        create: ({ maxBytes }) => memoryStore({ maxBytes, nowMs: () => nowMs }),
        advance: (ms) => {
          nowMs += ms;
        },
      }),
      transport: bound(transportSuite, { receivers, protocol: 'http1', create: fetchTransport }),
    }));
    return new Response('reported');
  },
};
