import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchTransport, memoryStore } from '@throughline/sdk';
import { filesStore, grpcTransport, nodeHttpTransport } from '@throughline/sdk/node';
import { type BatchStoreHarness, batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { collectGarbage } from '../../../testkit/src/collect-garbage.js';
import { bound } from '../../../testkit/src/requested-suite.js';
import { type RuntimeHarness, runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { type TransportHarness, transportSuite } from '../../../testkit/src/transport-suite.js';
import type { BatchStore } from '../../src/core/ports.js';
import { createNodeClock } from '../../src/runtimes/node/ports/clock.js';

/** Every suite that Node's parts keep, by name: in a program of its own as in a thread of one. */
export function nodeSuites(runtime: RuntimeHarness) {
  const { receivers } = runtime;
  const transport = (protocol: TransportHarness['protocol'], create: TransportHarness['create']) =>
    bound(transportSuite, { receivers, protocol, create, collectGarbage });
  let nowMs = 0;
  return {
    runtime: bound(runtimeSuite, runtime),
    clock: bound(clockSuite, { create: createNodeClock }),
    'batch-store': bound(batchStoreSuite, {
      create: ({ maxBytes }) => memoryStore({ maxBytes, nowMs: () => nowMs }),
      advance: (ms) => {
        nowMs += ms;
      },
    }),
    'batch-store: filesStore': bound(batchStoreSuite, filesStores),
    'transport: nodeHttpTransport': transport('http1', nodeHttpTransport),
    'transport: grpcTransport': transport('grpc', grpcTransport),
    'transport: fetchTransport': transport('http1', fetchTransport),
  };
}

let filesMs = 0;
let root: string | undefined;
const folders = new WeakMap<object, string>();

function openFilesStore(folder: string, maxBytes: number): BatchStore {
  // The suite's batches are of 2023.
  const store = filesStore({ folder, maxBytes, maxAgeMs: Number.POSITIVE_INFINITY, nowMs: () => filesMs });
  folders.set(store, folder);
  return store;
}

const filesStores: BatchStoreHarness = {
  create({ maxBytes }) {
    if (!root) {
      root = mkdtempSync(join(tmpdir(), 'throughline-suite-'));
      process.once('exit', () => rmSync(root!, { recursive: true, force: true }));
    }
    return openFilesStore(mkdtempSync(join(root, 'folder-')), maxBytes);
  },
  advance(ms) {
    filesMs += ms;
  },
  async reopen(store) {
    const { maxBytes } = await store.size();
    await store.close?.();
    return openFilesStore(folders.get(store)!, maxBytes);
  },
};

/** The engine's own pair of ports. */
export const openNodeChannel: RuntimeHarness['openChannel'] = () => {
  const { port1, port2 } = new MessageChannel();
  return {
    post: (message) => port1.postMessage(message),
    onMessage: (run) => {
      port2.onmessage = ({ data }) => run(data);
    },
    close: () => port1.close(),
  };
};
