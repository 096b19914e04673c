import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantSpans, spanIdOf, traceIdOf } from './plant-spans.js';
import { type ServedApi, serveApi } from './serve-api.js';

const NOW = 1_795_149_538_000_000_000n;
const MICRO = 1_000n;
const at = NOW - 60_000_000_000n;

let opened: TestStore;
let api: ServedApi;
beforeAll(async () => {
  opened = await openTestStore();
  await plantSpans(opened.store, [
    {
      traceId: traceIdOf(1),
      spanId: spanIdOf(1),
      service: 'web',
      name: 'POST /cart',
      kind: 'Server',
      status: 'Error',
      statusMessage: 'no stock',
      atNano: at + 123n,
      durationNano: 300_000_999n,
      attributes: {
        'http.request.method': 'POST',
        'http.response.status_code': '500',
        big: '9007199254740993',
        ratio: '0.5',
        ok: 'false',
        raw: 'AQI=',
        list: '[1,2]',
      },
      types: 'siidbya',
      resource: { 'host.name': 'one' },
      scope: 'fastify',
      events: [{ atNano: at + 5_000n, name: 'exception', attributes: { 'exception.type': 'Error' } }],
      links: [{ traceId: traceIdOf(9), spanId: spanIdOf(9) }],
    },
    {
      traceId: traceIdOf(1),
      spanId: spanIdOf(2),
      parent: spanIdOf(1),
      service: 'pay',
      name: 'charge',
      kind: 'Client',
      atNano: at + 1_000_000n,
      durationNano: 5_000_000n,
    },
    {
      traceId: traceIdOf(2),
      spanId: spanIdOf(3),
      service: 'pay',
      name: 'refund',
      kind: 'Server',
      atNano: at - 3_600_000_000_000n,
    },
    { traceId: `${'0'.repeat(16)}abcdef0123456789`, spanId: spanIdOf(4), service: 'old', name: 'thrift', atNano: at },
  ]);
  api = await serveApi({ store: opened.store, now: () => NOW });
});
afterAll(async () => {
  await api?.close();
  await opened?.close();
});

interface Envelope<Data> {
  readonly data: Data;
  readonly total: number;
  readonly errors: null | readonly { readonly code: number; readonly msg: string }[];
}
interface Trace {
  readonly traceID: string;
  readonly spans: readonly { readonly spanID: string }[];
}

async function ask<Data>(path: string): Promise<Envelope<Data> & { readonly status: number }> {
  const response = await fetch(`${api.origin}${path}`);
  return { status: response.status, ...((await response.json()) as Envelope<Data>) };
}
const found = async (query: string) => (await ask<Trace[]>(`/api/traces?${query}`)).data.map((trace) => trace.traceID);

test('a trace has the shape that Jaeger gives it', async () => {
  const { data, total, errors } = await ask<unknown[]>(`/api/traces/${traceIdOf(1)}`);
  expect([total, errors]).toEqual([1, null]);
  expect(data[0]).toEqual({
    traceID: traceIdOf(1),
    spans: [
      {
        traceID: traceIdOf(1),
        spanID: spanIdOf(1),
        flags: 1,
        operationName: 'POST /cart',
        references: [{ refType: 'FOLLOWS_FROM', traceID: traceIdOf(9), spanID: spanIdOf(9) }],
        startTime: Number(at / MICRO),
        duration: 300_000,
        tags: [
          { key: 'http.request.method', type: 'string', value: 'POST' },
          { key: 'http.response.status_code', type: 'int64', value: 500 },
          { key: 'big', type: 'int64', value: '9007199254740993' },
          { key: 'ratio', type: 'float64', value: 0.5 },
          { key: 'ok', type: 'bool', value: false },
          { key: 'raw', type: 'binary', value: 'AQI=' },
          { key: 'list', type: 'string', value: '[1,2]' },
          { key: 'span.kind', type: 'string', value: 'server' },
          { key: 'otel.status_code', type: 'string', value: 'ERROR' },
          { key: 'error', type: 'bool', value: true },
          { key: 'otel.status_description', type: 'string', value: 'no stock' },
          { key: 'otel.scope.name', type: 'string', value: 'fastify' },
        ],
        logs: [
          {
            timestamp: Number(at / MICRO) + 5,
            fields: [
              { key: 'event', type: 'string', value: 'exception' },
              { key: 'exception.type', type: 'string', value: 'Error' },
            ],
          },
        ],
        processID: 'p1',
        warnings: null,
      },
      expect.objectContaining({
        spanID: spanIdOf(2),
        references: [{ refType: 'CHILD_OF', traceID: traceIdOf(1), spanID: spanIdOf(1) }],
        processID: 'p2',
      }),
    ],
    processes: {
      p1: { serviceName: 'web', tags: [{ key: 'host.name', type: 'string', value: 'one' }] },
      p2: { serviceName: 'pay', tags: [] },
    },
    warnings: null,
  });
});

test('a missing trace is 404 with the envelope, a bad id 400', async () => {
  const missing = await ask(`/api/traces/${'c'.repeat(32)}`);
  expect([missing.status, missing.data, missing.errors]).toEqual([404, null, [{ code: 404, msg: 'trace not found' }]]);
  expect((await ask('/api/traces/not-an-id')).status).toBe(400);
});

test('ids without their leading zeros are found', async () => {
  const { data } = await ask<Trace[]>('/api/traces/abcdef0123456789');
  expect(data[0]?.traceID).toBe(`${'0'.repeat(16)}abcdef0123456789`);
});

test('services, operations and dependencies', async () => {
  expect((await ask('/api/services?lookback=1h')).data).toEqual(['old', 'pay', 'web']);
  expect((await ask('/api/services/pay/operations')).data).toEqual(['charge', 'refund']);
  expect((await ask('/api/operations?service=pay')).data).toEqual([
    { name: 'charge', spanKind: 'client' },
    { name: 'refund', spanKind: 'server' },
  ]);
  expect((await ask('/api/operations?service=pay&spanKind=client')).data).toEqual([
    { name: 'charge', spanKind: 'client' },
  ]);
  const end = NOW / 1_000_000n;
  expect((await ask(`/api/dependencies?endTs=${end}&lookback=7200000`)).data).toEqual([
    { parent: 'web', child: 'pay', callCount: 1 },
  ]);
  expect((await ask(`/api/dependencies?endTs=${end}&lookback=1000`)).data).toEqual([]);
});

test('a search takes what Grafana and the old interface send', async () => {
  const start = (NOW - 600_000_000_000n) / MICRO;
  const end = NOW / MICRO;
  expect(await found('service=pay')).toEqual([traceIdOf(1), traceIdOf(2)]);
  expect(await found(`service=pay&start=${start}&end=${end}&limit=20&lookback=custom&maxDuration&minDuration`)).toEqual(
    [traceIdOf(1)],
  );
  expect(await found('service=pay&operation=refund')).toEqual([traceIdOf(2)]);
  expect(await found('service=pay&operation=all&limit=1')).toEqual([traceIdOf(1)]);
  expect(await found('service=web&minDuration=100ms&maxDuration=1.2s')).toEqual([traceIdOf(1)]);
  expect(await found('service=web&minDuration=1h')).toEqual([]);
  const tags = (value: unknown) => `service=web&tags=${encodeURIComponent(JSON.stringify(value))}`;
  expect(await found(tags({ error: 'true' }))).toEqual([traceIdOf(1)]);
  expect(await found(tags({ error: 'false' }))).toEqual([]);
  expect(
    await found(
      tags({ 'http.status_code': '500', 'span.kind': 'server', 'otel.status_code': 'ERROR', 'host.name': 'one' }),
    ),
  ).toEqual([traceIdOf(1)]);
  expect(await found('service=web&tag=http.method:POST&tag=ratio:0.5')).toEqual([traceIdOf(1)]);
  expect((await found(`traceID=${traceIdOf(2)}&traceID=${traceIdOf(1)}`)).sort()).toEqual([traceIdOf(1), traceIdOf(2)]);
});

test.each([
  ['/api/traces', "parameter 'service' is required"],
  ['/api/traces?service=a&minDuration=fast', "parameter 'minDuration' is not a duration"],
  ['/api/traces?service=a&tags=[1]', "parameter 'tags' must be a JSON object"],
  ['/api/traces?service=a&tag=x', "parameter 'tag' must be key:value"],
  ['/api/traces?service=a&start=soon', "parameter 'start' must be a whole number"],
  ['/api/traces?service=a&start=9&end=3', "parameter 'start' must be before 'end'"],
  ['/api/operations', "parameter 'service' is required"],
])('%s is refused with a sentence', async (path, message) => {
  const { status, errors } = await ask(path);
  expect(status).toBe(400);
  expect(errors?.[0]?.msg).toContain(message);
});

test('tags with values that no kind or status has find nothing, and times beyond the calendar mean its end', async () => {
  for (const tag of ['span.kind:', 'span.kind:robot', 'otel.status_code:']) {
    expect(await ask(`/api/traces?service=pay&tag=${tag}`)).toMatchObject({ status: 200, data: [] });
  }
  const found = await ask<readonly Trace[]>('/api/traces?service=old&start=0&end=9999999999999999');
  expect(found).toMatchObject({ status: 200, total: 1 });
});
