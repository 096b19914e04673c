import { afterAll, beforeAll, expect, test } from 'vitest';
import { createReader } from '../src/query/reader.js';
import { serviceErrors } from '../src/query/service-errors.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantSpans, spanIdOf, traceIdOf } from './plant-spans.js';

const START = 1_795_147_200_000_000_000n;
const SECOND = 1_000_000_000n;
const range = { startNano: START, endNano: START + 3_600n * SECOND };

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  const thrown = (index: number, type: string, message: string, stack: string, more = {}) => ({
    traceId: traceIdOf(index),
    spanId: spanIdOf(index),
    name: 'POST /orders',
    status: 'Error',
    atNano: START + BigInt(index) * SECOND,
    resource: { 'service.version': index < 4 ? '1.0' : '1.1' },
    events: [
      {
        atNano: START + BigInt(index) * SECOND + 5n,
        name: 'exception',
        attributes: { 'exception.type': type, 'exception.message': message, 'exception.stacktrace': stack },
      },
    ],
    ...more,
  });
  const stack = (line: number, from = 'charge') =>
    `Error: declined\n    at ${from} (/app/pay.js:${line}:9)\n    at order (/app/order.js:10:3)\n    at main (/app/main.js:1:1)\n    at deeper${line} (/app/x.js:1:1)`;
  await plantSpans(opened.store, [
    thrown(1, 'Error', 'card 4711 of "ada" declined', stack(12)),
    thrown(2, 'Error', 'card 815 of "grace" declined', stack(99)),
    thrown(5, 'Error', 'card 1 of "eve" declined', stack(7)),
    // The same words from elsewhere, and another type.
    thrown(3, 'Error', 'card 1 of "eve" declined', stack(7, 'refund')),
    thrown(4, 'TypeError', 'card 1 of "eve" declined', stack(7)),
    {
      traceId: traceIdOf(6),
      spanId: spanIdOf(6),
      name: 'SELECT',
      status: 'Error',
      statusMessage: 'timeout after 30 s',
      atNano: START + 6n * SECOND,
    },
    {
      traceId: traceIdOf(7),
      spanId: spanIdOf(7),
      name: 'SELECT',
      status: 'Error',
      statusMessage: 'timeout after 31 s',
      atNano: START + 7n * SECOND,
    },
    thrown(8, 'Error', 'of another service', stack(1), { service: 'pay' }),
  ]);
}, 60_000);
afterAll(async () => {
  await opened?.close();
});

test('errors of a service are one for each type, message shape and top frames, the last to happen first [F8]', async () => {
  const { errors } = await serviceErrors(createReader(opened.store), { service: 'shop', range });
  expect(errors.map(({ type, message, count, operation }) => [type, message, count, operation])).toEqual([
    ['', 'timeout after 31 s', 2, 'SELECT'],
    ['Error', 'card 1 of "eve" declined', 3, 'POST /orders'],
    ['TypeError', 'card 1 of "eve" declined', 1, 'POST /orders'],
    ['Error', 'card 1 of "eve" declined', 1, 'POST /orders'],
  ]);
  expect(new Set(errors.map(({ fingerprint }) => fingerprint)).size).toBe(4);
  expect(errors[1]).toMatchObject({
    frames: ['at charge (/app/pay.js)', 'at order (/app/order.js)', 'at main (/app/main.js)'],
    firstUnixNano: String(START + SECOND + 5n),
    lastUnixNano: String(START + 5n * SECOND + 5n),
    traceId: traceIdOf(5),
    spanId: spanIdOf(5),
    versions: ['1.0', '1.1'],
  });
});
