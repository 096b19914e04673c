import { expect, test } from 'vitest';
import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { contractTests } from '../../../testkit/src/contract-tests.js';
import { memoryStore } from './memory.js';

let nowMs = 0;

contractTests('memoryStore keeps the contract of a store', {
  suite: batchStoreSuite,
  lacks: { reopen: 'memory ends with its program' },
  harness: {
    create: ({ maxBytes }) => memoryStore({ maxBytes, nowMs: () => nowMs }),
    advance(ms) {
      nowMs += ms;
    },
  },
});

test('without a word it holds 16 MiB and says that it survives nothing', async () => {
  const store = memoryStore();
  expect(store.durability).toBe('memory');
  expect((await store.size()).maxBytes).toBe(16 * 1024 * 1024);
});
