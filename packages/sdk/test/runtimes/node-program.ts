import * as api from '@opentelemetry/api';
import { fetchTransport, memoryStore } from '@throughline/sdk';
import { grpcTransport, nodeHttpTransport, start } from '@throughline/sdk/node';
import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { collectGarbage } from '../../../testkit/src/collect-garbage.js';
import { bound, runRequested } from '../../../testkit/src/requested-suite.js';
import { type RuntimeHarness, runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { type TransportHarness, transportSuite } from '../../../testkit/src/transport-suite.js';
import { createNodeClock } from '../../src/runtimes/node/ports/clock.js';

/*
 * What runs inside Node, Deno and Bun. It imports the package as their programs do.
 */

const runtime: Omit<RuntimeHarness, 'receivers'> = {
  telemetrySdkLanguage: 'nodejs',
  api,
  start: (options) => start({ env: {}, ...options }),
  async startSecondCopy(options) {
    // The same package in another folder.
    const copy = 'second-copy-of-the-sdk/node';
    const second = (await import(copy)) as { start: typeof start };
    return second.start({ env: {}, ...options });
  },
  async suspend() {
    // A signal that the program handles itself: telemetry only sends.
    const handled = new Promise((resolve) => process.once('SIGTERM', resolve));
    process.kill(process.pid, 'SIGTERM');
    await handled;
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

let nowMs = 0;

await runRequested(JSON.parse(process.argv.at(-1)!), (receivers) => {
  const transport = (protocol: TransportHarness['protocol'], create: TransportHarness['create']) =>
    bound(transportSuite, { receivers, protocol, create, collectGarbage });
  return {
    runtime: bound(runtimeSuite, { ...runtime, receivers }),
    clock: bound(clockSuite, { create: createNodeClock }),
    'batch-store': bound(batchStoreSuite, {
      create: ({ maxBytes }) => memoryStore({ maxBytes, nowMs: () => nowMs }),
      advance: (ms) => {
        nowMs += ms;
      },
    }),
    'transport: nodeHttpTransport': transport('http1', nodeHttpTransport),
    'transport: grpcTransport': transport('grpc', grpcTransport),
    'transport: fetchTransport': transport('http1', fetchTransport),
  };
});
