import { describe, expect, test } from 'vitest';
import type { SeenSpan } from '../web/support/decode-traces.js';
import type { WorkerSettings } from './support/run-worker.js';
import { named, requestOf, shopWorkers } from './support/shop-workers.js';
import { hasWorkerd } from './support/workerd.js';

/*
 * A Worker in Cloudflare's own runtime, with real KV, in front of a real server, sending to a real receiver.
 */

if (!hasWorkerd) console.warn('SKIPPED: workerd does not run on this machine');

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';
const [internal, server, client] = [1, 2, 3];
const error = 2;

describe.skipIf(!hasWorkerd)('a Worker (needs workerd)', () => {
  const shop = shopWorkers();
  const { start } = shop;

  test('a request is a server span with its URL, method and status, by the stable conventions [W2]', async () => {
    const worker = await start();
    const answer = await worker.fetch('/hello?page=2&token=abc&sig=def', {
      headers: { 'x-tenant': 'acme', 'cf-ray': '8a-FRA' },
    });
    expect([answer.status, await answer.text()]).toEqual([200, 'hello']);
    const [span] = await shop.sink.trace('GET', 1);
    expect(span).toMatchObject({ name: 'GET', kind: server, parentSpanId: '', status: { code: 0 }, events: [] });
    expect(span!.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'url.path': '/hello',
      'url.query': 'page=2&token=REDACTED&sig=REDACTED',
      'server.address': '127.0.0.1',
      'server.port': expect.any(Number),
      'user_agent.original': 'node',
      'network.protocol.version': '1.1',
      'faas.trigger': 'http',
      'faas.coldstart': true,
      'cloudflare.colo': expect.stringMatching(/^[A-Z]{3}$/),
      'cloudflare.ray_id': '8a-FRA',
      'app.tenant': 'acme',
    });
    expect(span!.resource).toMatchObject({
      'service.name': 'edge',
      'cloud.provider': 'cloudflare',
      'cloud.platform': 'cloudflare.workers',
      'process.runtime.name': 'workerd',
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(shop.sink.received[0]!.headers).toMatchObject({
      authorization: 'Bearer secret',
      'content-type': 'application/x-protobuf',
    });
    expect(shop.sink.received[0]!.batchId).toMatch(/^[0-9a-f]{32}$/);
    // An unusual method is one of few values, its own word beside it.
    await worker.fetch('/hello', { method: 'PROPFIND' });
    const [odd] = await shop.sink.trace('_OTHER', 1);
    expect(odd!.attributes).toMatchObject({ 'http.request.method_original': 'PROPFIND', 'faas.coldstart': false });
  });

  test('a route stands in the name of the span, whether it is known before or found by the handler [W2]', async () => {
    const worker = await start();
    await worker.fetch('/products/mug');
    await worker.fetch('/found-late');
    const spans = await shop.sink.until((seen) => seen.length === 2);
    expect(spans.map(({ name, attributes }) => [name, attributes['http.route']])).toEqual([
      ['GET /products/:id', '/products/:id'],
      ['GET /found-late/:id', '/found-late/:id'],
    ]);
  });

  test('a request belongs to the trace that its headers name, with its baggage [W2 F9]', async () => {
    const worker = await start();
    const answer = await worker.fetch('/baggage', {
      headers: { traceparent: `00-${traceId}-${parentId}-01`, tracestate: 'a=b', baggage: 'cart=7' },
    });
    expect(JSON.parse(await answer.text())).toEqual([['cart', { value: '7' }]]);
    const [span] = await shop.sink.trace('GET', 1);
    expect([span!.traceId, span!.parentSpanId]).toEqual([traceId, parentId]);
  });

  test('what the caller does not record is not recorded here, and the next one is told so', async () => {
    const worker = await start();
    await worker.fetch('/fetch', { headers: { traceparent: `00-${traceId}-${parentId}-00` } });
    await worker.fetch('/hello');
    expect(await shop.sink.until((seen) => seen.length > 0)).toHaveLength(1);
    expect(shop.asked[0]!.headers.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
  });

  test('an answer of 500 and more is an error of the server, one of 400 is not', async () => {
    const worker = await start();
    await worker.fetch('/missing');
    await worker.fetch('/broken');
    const spans = await shop.sink.until((seen) => seen.length === 2);
    const said = (path: string) => {
      const { status, attributes } = spans.find(({ attributes }) => attributes['url.path'] === path)!;
      return [status.code, attributes['http.response.status_code'], attributes['error.type']];
    };
    expect(said('/missing')).toEqual([0, 404, undefined]);
    expect(said('/broken')).toEqual([error, 503, '503']);
  });

  test('a handler that throws is an error span with the exception, and fails as it did [W2 F8]', async () => {
    const worker = await start();
    const answer = await worker.fetch('/throws');
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain('out of mugs');
    const [span] = await shop.sink.trace('GET', 1);
    expect(span!.status).toEqual({ code: error, message: 'out of mugs' });
    expect(span!.attributes['error.type']).toBe('TypeError');
    expect(span!.attributes).not.toHaveProperty('http.response.status_code');
    expect(span!.events[0]).toMatchObject({
      name: 'exception',
      attributes: { 'exception.type': 'TypeError', 'exception.message': 'out of mugs' },
    });
    expect(span!.events[0]!.attributes['exception.stacktrace']).toContain('/throws');
  });

  test('each call of a KV namespace is a client span, and the namespace stays what it is [W2]', async () => {
    const worker = await start();
    const answer = JSON.parse(await (await worker.fetch('/kv')).text()) as unknown[];
    expect(answer[0]).toEqual({ name: 'Mug', value: null, metadata: 1 });
    expect(answer[1]).toBeNull();
    expect(answer[3]).toMatchObject({ metadata: { from: 'test' } });
    const spans = await shop.sink.trace('put PRODUCTS', 8);
    const request = requestOf(spans);
    const calls = spans.filter(({ kind }) => kind === client);
    expect(calls.every(({ parentSpanId }) => parentSpanId === request.spanId)).toBe(true);
    const all = {
      'db.system.name': 'cloudflare-kv',
      'cloudflare.binding.type': 'KV',
      'cloudflare.binding.name': 'PRODUCTS',
    };
    const rows = (count: number) => ({ 'cloudflare.kv.response.returned_rows': count });
    const keys = (count: number) => ({ 'cloudflare.kv.query.keys.count': count });
    const type = { 'cloudflare.kv.query.type': 'json' };
    expect(calls.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['put PRODUCTS', { ...all, 'db.operation.name': 'put', ...keys(1) }],
      ['get PRODUCTS', { ...all, 'db.operation.name': 'get', ...keys(1), ...type, ...rows(1) }],
      ['get PRODUCTS', { ...all, 'db.operation.name': 'get', ...keys(1), ...rows(0) }],
      ['get PRODUCTS', { ...all, 'db.operation.name': 'get', ...keys(2), ...rows(1) }],
      [
        'getWithMetadata PRODUCTS',
        {
          ...all,
          'db.operation.name': 'getWithMetadata',
          ...keys(1),
          ...type,
          'cloudflare.kv.query.cache_ttl': 60,
          ...rows(1),
        },
      ],
      [
        'list PRODUCTS',
        {
          ...all,
          'db.operation.name': 'list',
          'cloudflare.kv.query.limit': 10,
          'cloudflare.kv.response.list_complete': true,
          ...rows(1),
        },
      ],
      ['delete PRODUCTS', { ...all, 'db.operation.name': 'delete', ...keys(1) }],
    ]);
  });

  test('keys are recorded where they are asked for; a call that fails is an error', async () => {
    const worker = await start('shop.mjs', { bindings: { KV_KEYS: 'yes' } });
    await worker.fetch('/kv');
    expect((await worker.fetch('/kv-fails')).status).toBe(500);
    const spans = await shop.sink.until((seen) => seen.length === 10);
    const said = spans
      .filter(({ kind }) => kind === client)
      .map(({ attributes }) => attributes['cloudflare.kv.query.keys'] ?? attributes['cloudflare.kv.query.prefix']);
    expect(said).toEqual(['mug', 'mug', 'nothing', 'mug, nothing', 'mug', 'm', 'mug', '']);
    const failed = spans.filter(({ kind }) => kind === client).at(-1)!;
    expect(failed.status.code).toBe(error);
    expect(failed.events.map(({ name }) => name)).toEqual(['exception']);
  });

  test('an outgoing fetch is a client span whose receiver is told the trace [W2 F9]', async () => {
    const worker = await start();
    const answer = await worker.fetch('/fetch');
    expect(await answer.text()).toBe('from upstream');
    const spans = await shop.sink.trace('GET', 2);
    const call = spans.find(({ kind }) => kind === client)!;
    expect(call.parentSpanId).toBe(requestOf(spans).spanId);
    expect(call.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.full': `${shop.upstreamUrl}/items?sig=REDACTED&page=2`,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(shop.upstreamUrl).port),
    });
    // The address itself and the program's own headers are what they were.
    expect(shop.asked[0]!.url).toBe('/items?sig=secret&page=2');
    expect(shop.asked[0]!.headers).toMatchObject({
      'x-own': '1',
      traceparent: expect.stringMatching(`^00-${call.traceId}-${call.spanId}-0[13]$`),
    });
    // Its own sends are no work of the Worker.
    expect(
      shop.sink.spans().filter(({ attributes }) => String(attributes['url.full']).startsWith(shop.sink.url)),
    ).toEqual([]);
  });

  test('a request that is passed on as it came names the span between [W2 F9]', async () => {
    const worker = await start();
    const headers = { traceparent: `00-${traceId}-${parentId}-01`, 'content-type': 'text/plain' };
    expect(await (await worker.fetch('/proxy', { method: 'POST', headers, body: 'an order' })).text()).toBe(
      'from upstream',
    );
    const spans = await shop.sink.trace('POST', 2);
    const request = requestOf(spans);
    const call = spans.find(({ kind }) => kind === client)!;
    expect([request.traceId, request.parentSpanId, call.parentSpanId]).toEqual([traceId, parentId, request.spanId]);
    expect(shop.asked[0]!.headers).toMatchObject({
      traceparent: `00-${traceId}-${call.spanId}-01`,
      'content-type': 'text/plain',
      'content-length': '8',
    });
  });

  test('a fetch that fails is an error; one that the Worker gives up is not', async () => {
    const worker = await start();
    expect((await worker.fetch('/fetch-fails')).status).toBe(500);
    await worker.fetch('/abort');
    const calls = (await shop.sink.until((seen) => seen.length === 4)).filter(({ kind }) => kind === client);
    expect(calls.map(({ status, attributes }) => [status.code, attributes['error.type']])).toEqual([
      [error, 'Error'],
      [0, 'AbortError'],
    ]);
  });

  test('spans of the program itself, also by functions and tracers made at global scope [W2 F6]', async () => {
    const worker = await start();
    await worker.fetch('/own');
    const spans = await shop.sink.trace('outer', 4);
    const [outer] = named(spans, 'outer');
    expect(outer!.parentSpanId).toBe(requestOf(spans).spanId);
    expect(outer!.attributes).toEqual({ 'cart.lines': 2, price: 12.9 });
    for (const name of ['price', 'inner'])
      expect(named(spans, name).map(({ parentSpanId, kind }) => [parentSpanId, kind])).toEqual([
        [outer!.spanId, internal],
      ]);
  });

  test('a request that is to be ignored leaves nothing, nor does what it causes', async () => {
    const worker = await start();
    expect((await worker.fetch('/health')).status).toBe(200);
    await worker.fetch('/hello');
    const spans = await shop.sink.until((seen) => seen.length > 0);
    expect(spans.map(({ attributes }) => attributes['url.path'])).toEqual(['/hello']);
  });

  test('scheduled and queue events run as they are, and what they record leaves', async () => {
    const worker = await start('shop.mjs', {
      options: { queueConsumers: ['orders'] } as WorkerSettings['options'],
    });
    const inside = (await worker.miniflare.getWorker()) as unknown as {
      scheduled(event: { cron: string }): Promise<unknown>;
      queue(name: string, messages: readonly object[]): Promise<unknown>;
    };
    await inside.scheduled({ cron: '0 3 * * *' });
    const nightly = await shop.sink.trace('nightly', 2);
    expect(nightly.map(({ name }) => name)).toEqual(['get PRODUCTS', 'nightly']);
    await inside.queue('orders', [{ id: '1', timestamp: new Date(), attempts: 1, body: 'a mug' }]);
    const [message] = await shop.sink.trace('message', 1);
    expect(message!.attributes).toEqual({ body: 'a mug' });
  });

  test('without AsyncLocalStorage the Worker runs, and one sentence says what to add', async () => {
    const worker = await start('shop.mjs', { compatibilityFlags: [] });
    for (let at = 0; at < 3; at++) expect((await worker.fetch('/own')).status).toBe(200);
    const spans = await shop.sink.until((seen) => named(seen, 'GET').length === 3 && named(seen, 'outer').length === 3);
    // As far as the first await.
    const [outer] = named(spans, 'outer');
    expect(spans.find(({ spanId }) => spanId === outer!.parentSpanId)!.kind).toBe(server);
    expect(worker.said().match(/context-not-followed.*nodejs_als/g)).toHaveLength(1);
  });

  test('the oldest rules for promises between requests do not hurt, nor does all of Node beside', async () => {
    const worker = await start('shop.mjs', {
      compatibilityDate: '2023-03-01',
      compatibilityFlags: ['nodejs_compat'],
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => worker.fetch(`/parallel?id=${at}&ms=${at}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const spans = await shop.sink.until((seen) => seen.length >= 80);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(80);
    expect(worker.said()).toBe('');
  });

  test('options that cannot be had stop no request', async () => {
    const throwing = await start('bad-options.mjs', { bindings: { THROWS: 'yes' } });
    for (let at = 0; at < 2; at++) expect(await (await throwing.fetch('/')).text()).toBe('hello');
    expect(throwing.said().match(/bad-option: Nothing is traced: Error: no such binding/g)).toHaveLength(1);
    const wrong = await start('bad-options.mjs');
    for (let at = 0; at < 2; at++) expect(await (await wrong.fetch('/')).text()).toBe('hello');
    expect(wrong.said()).toContain('bad-option');
  });

  test('a clock that stands still between I/O: times and durations are those of the I/O [W2]', async () => {
    const worker = await start('frozen.mjs');
    const first = 1_700_000_000_000;
    const hour = 3_600_000;
    const requestAt = async (now: number) => {
      const count = shop.sink.spans().length;
      expect((await worker.fetch('/', { headers: { 'x-now': `${now}` } })).status).toBe(200);
      return (await shop.sink.until((seen) => seen.length >= count + 5)).slice(count);
    };
    const ms = (span: SeenSpan | undefined) => [
      Number(span!.startNano / 1_000_000n),
      Number((span!.endNano - span!.startNano) / 1_000_000n),
    ];
    // Forward, and back as a clock is that was set.
    for (const now of [first, first + 100, first + hour, first + 200]) {
      const spans = await requestAt(now);
      expect(ms(requestOf(spans))).toEqual([now, 14]);
      expect(ms(named(spans, 'computes')[0])).toEqual([now, 0]);
      expect(named(spans, 'get PRODUCTS').map(ms)).toEqual([
        [now, 7],
        [now + 7, 7],
      ]);
      expect(ms(named(spans, 'computes and reads')[0])).toEqual([now + 7, 7]);
    }
    // A request whose last I/O is a little older than another's: nothing begins before what caused it, nor ends before it began.
    const behind = await requestAt(first + 205);
    const request = requestOf(behind);
    for (const span of behind) {
      expect(span.endNano).toBeGreaterThanOrEqual(span.startNano);
      expect(span.startNano).toBeGreaterThanOrEqual(request.startNano);
      expect(span.endNano).toBeLessThanOrEqual(request.endNano);
    }
  });
});
