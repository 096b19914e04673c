import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClickhouseFront, startClickhouseFront } from '../../testkit/src/clickhouse-front.js';
import { createClusterStore } from '../src/store/cluster-store.js';
import type { Store } from '../src/store/store.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantLogs } from './plant-signals.js';
import { type PlantedSpan, plantSpans, spanIdOf, traceIdOf } from './plant-spans.js';
import { type ServedApi, serveApi } from './serve-api.js';

const NOW = 1_795_149_538_000_000_000n;

let embedded: TestStore;
let front: ClickhouseFront;
let cluster: Store;
const apis: ServedApi[] = [];

beforeAll(async () => {
  const spans: PlantedSpan[] = Array.from({ length: 200 }, (_, index) => ({
    traceId: traceIdOf(index % 40),
    spanId: spanIdOf(index),
    ...(index < 40 ? {} : { parent: spanIdOf(index % 40) }),
    service: ['web', 'pay', 'a/b'][index % 3]!,
    name: `work ${index % 5} "quoted" / ünï`,
    kind: index < 40 ? 'Server' : 'Internal',
    status: index % 9 === 0 ? 'Error' : 'Unset',
    atNano: NOW - BigInt(index * 7_000_000_000),
    durationNano: BigInt((index * 37) % 100) * 1_000_000n,
    attributes: { 'http.request.method': index % 2 === 0 ? 'GET' : 'POST', n: String(index), big: '9007199254740993' },
    types: 'sii',
    events: [{ atNano: NOW, name: 'e', attributes: { k: 'v' } }],
  }));
  const records = Array.from({ length: 120 }, (_, index) => ({
    timeUnixNano: NOW - BigInt(index) * 1_000_000_000n,
    severityNumber: index % 7 === 0 ? 17 : 9,
    body: { stringValue: `Order ${index} ${index % 7 === 0 ? 'DECLINED' : 'taken'}` },
    attributes: [{ key: 'attempt', value: { intValue: BigInt(index % 3) } }],
  }));
  [embedded, front] = await Promise.all([openTestStore(), startClickhouseFront()]);
  cluster = await createClusterStore({ url: front.url });
  for (const store of [embedded.store, cluster]) {
    await plantSpans(store, spans);
    await plantLogs(store, 'web', records);
    apis.push(await serveApi({ store, now: () => NOW + 1n }));
  }
}, 60_000);
afterAll(async () => {
  for (const api of apis) await api.close();
  await cluster?.close();
  await front?.close();
  await embedded?.close();
});

/** What was read and how long it took is each engine's own. */
async function answer(api: ServedApi, path: string): Promise<unknown> {
  const response = await fetch(`${api.origin}${path}`);
  const body = (await response.json()) as Record<string, unknown>;
  delete body.stats;
  return { status: response.status, body };
}

test.each([
  '/api/v1/services',
  '/api/v1/services/a%2Fb/operations',
  '/api/v1/traces?limit=50',
  '/api/v1/traces?q=status%3Derror%20n%3E5&sort=slowest&limit=3',
  '/api/v1/traces?q=http.method%3D~%22%5EG%22%20duration%3E20ms',
  '/api/v1/traces?q=name%3D~%22(%22',
  `/api/v1/traces/${traceIdOf(3)}`,
  `/api/v1/traces/${traceIdOf(999)}`,
  '/api/v1/histogram?q=service%3Dweb',
  '/api/v1/red?service=pay&step=5m',
  '/api/v1/attributes',
  '/api/v1/attributes/http.request.method/values',
  '/api/v1/differences?minDuration=50ms',
  '/api/v1/logs?q=declined%20attempt%3E0%20or%20%22order%2017%22',
  '/api/v1/logs/histogram?q=declined',
  '/api/v1/logs/patterns',
  '/api/v1/logs/tail?backlog=3',
  '/api/services',
  '/api/traces?service=web&limit=5',
  `/api/dependencies?endTs=${NOW / 1_000_000n}&lookback=86400000`,
])('a cluster answers %s as the embedded engine does', async (path) => {
  const [one, other] = await Promise.all(apis.map((api) => answer(api, path)));
  expect(other).toEqual(one);
});
