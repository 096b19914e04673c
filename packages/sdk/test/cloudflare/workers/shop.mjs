import * as api from '@opentelemetry/api';
import { currentTelemetry, instrument, measure, traced } from '@throughline/sdk/cloudflare';

const { context, propagation, trace } = api;

// Called at global scope, where nothing runs yet.
const price = traced('price', (cents) => cents / 100);
const tracer = trace.getTracer('early');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const routes = {
  '/hello': () => new Response('hello'),
  '/missing': () => new Response('no', { status: 404 }),
  '/broken': () => new Response('broken', { status: 503 }),
  '/throws': () => {
    throw new TypeError('out of mugs');
  },
  '/own': async () =>
    measure('outer', { attributes: { 'cart.lines': 2 } }, async (span) => {
      await pause(1);
      span.setAttribute('price', price(1290));
      tracer.startActiveSpan('inner', (inner) => inner.end());
      return new Response('ok');
    }),
  '/kv': async (_request, env) => {
    const { PRODUCTS } = env;
    await PRODUCTS.put('mug', JSON.stringify({ name: 'Mug', value: null, metadata: 1 }), {
      metadata: { from: 'test' },
    });
    const all = [
      await PRODUCTS.get('mug', 'json'),
      await PRODUCTS.get('nothing'),
      await PRODUCTS.get(['mug', 'nothing']).then((found) => [...found]),
      await PRODUCTS.getWithMetadata('mug', { type: 'json', cacheTtl: 60 }),
      await PRODUCTS.list({ prefix: 'm', limit: 10 }),
    ];
    await PRODUCTS.delete('mug');
    return Response.json(all);
  },
  '/kv-fails': async (_request, env) => {
    await env.PRODUCTS.get('');
  },
  '/fetch': async (_request, env) => {
    const answer = await fetch(`${env.UPSTREAM}/items?sig=secret&page=2`, { headers: { 'x-own': '1' } });
    return new Response(await answer.text(), { status: answer.status });
  },
  '/proxy': (request, env) => fetch(new Request(env.UPSTREAM, request)),
  '/fetch-fails': (_request, env) => fetch(env.NOBODY),
  '/abort': async (_request, env) => {
    const stop = new AbortController();
    stop.abort();
    await fetch(env.UPSTREAM, { signal: stop.signal }).catch(() => {});
    return new Response('ok');
  },
  '/later': (_request, env, ctx) => {
    ctx.waitUntil(measure('after the response', () => fetch(`${env.UPSTREAM}/held`)));
    return new Response('ok');
  },
  '/later-fails': (_request, _env, ctx) => {
    ctx.waitUntil(
      pause(5).then(() => {
        throw new RangeError('too late');
      }),
    );
    return new Response('ok');
  },
  '/never-done': (_request, _env, ctx) => {
    ctx.waitUntil(pause(100_000));
    return new Response('ok');
  },
  '/stream': () => {
    const { readable, writable } = new TransformStream();
    const writer = writable.getWriter();
    measure('stream', async () => {
      for (const text of ['one ', 'two ', 'three']) {
        await pause(20);
        await writer.write(new TextEncoder().encode(text));
      }
      await writer.close();
    });
    return new Response(readable);
  },
  '/parallel': async (request, env) => {
    const url = new URL(request.url);
    const id = url.searchParams.get('id');
    await measure('work', { attributes: { id } }, async () => {
      await pause(Number(url.searchParams.get('ms') ?? 0));
      await env.PRODUCTS.get(`key ${id}`);
      await measure('deep', { attributes: { id } }, () => pause(1));
    });
    return new Response(id);
  },
  '/many': async () => {
    for (let at = 0; at < 600; at++) tracer.startSpan('one of many').end();
    await pause(1);
    return new Response('ok');
  },
  '/baggage': () => Response.json(propagation.getBaggage(context.active())?.getAllEntries() ?? null),
  '/products/mug': () => new Response('mug'),
  '/found-late': () => {
    trace.getActiveSpan().setAttribute('http.route', '/found-late/:id');
    return new Response('ok');
  },
  '/secret': () => new Response('ok'),
  '/health': async (_request, env) => {
    await env.PRODUCTS.get('health');
    return Response.json(currentTelemetry()?.status() ?? null);
  },
  '/status': () => Response.json(currentTelemetry()?.status() ?? null),
  '/flush': async () => {
    measure('flushed', () => {});
    return Response.json(await currentTelemetry().flush());
  },
};

export default instrument(
  {
    fetch(request, env, ctx) {
      const route = routes[new URL(request.url).pathname];
      return route ? route(request, env, ctx) : new Response('unknown', { status: 404 });
    },
    async scheduled(_controller, env) {
      await measure('nightly', () => env.PRODUCTS.get('nightly'));
    },
    async queue(batch) {
      for (const message of batch.messages) measure('message', { attributes: { body: message.body } }, () => {});
    },
  },
  (env) => ({
    serviceName: 'edge',
    // A tracer that was taken at global scope can be found through its own copy of the API only.
    api: [api],
    endpoint: env.COLLECTOR,
    headers: { authorization: `Bearer ${env.TOKEN}` },
    kvKeys: env.KV_KEYS === 'yes',
    route: ({ url }) => (new URL(url).pathname.startsWith('/products/') ? '/products/:id' : undefined),
    ignoreRequest: ({ url }) => new URL(url).pathname === '/health' || new URL(url).pathname === '/status',
    redactQuery: (query) => query.replace(/token=[^&]*/, 'token=REDACTED'),
    attributes: ({ headers }) => ({ 'app.tenant': headers.get('x-tenant') ?? undefined }),
    batch: env.BATCH && JSON.parse(env.BATCH),
  }),
);
