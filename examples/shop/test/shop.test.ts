import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureBuiltSdk } from '../../../packages/sdk/test/node/compile-sdk.js';
import { type JsonSink, type ReceivedSpan, startJsonSink } from '../../../packages/sdk/test/node/json-sink.js';
import { startShop } from '../start.mjs';

/*
 * The whole shop as `npm start` runs it: two processes and a real PostgreSQL, whose traces arrive at a receiver that shares no code
 * with the SDK. The page is not here; packages/explorer's end-to-end test drives a real browser.
 */

const server = 2;
const client = 3;

let sink: JsonSink;
let shop: Awaited<ReturnType<typeof startShop>>;
let dataDir: string;
const said: string[] = [];

beforeAll(async () => {
  await ensureBuiltSdk();
  dataDir = mkdtempSync(join(tmpdir(), 'throughline-shop-test-'));
  // As root, PostgreSQL runs as another user, who has to get there.
  chmodSync(dataDir, 0o755);
  sink = await startJsonSink();
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL = 'http/json';
  shop = await startShop({
    collectorUrl: sink.url,
    port: 0,
    databaseUrl: undefined,
    // It has tests of its own, and a part in the story.
    edge: false,
    dataDir: join(dataDir, 'postgres'),
    onLine: (line) => said.push(line),
  });
}, 120_000);

afterAll(async () => {
  await shop?.stop();
  await sink?.close();
  if (dataDir) rmSync(dataDir, { recursive: true, force: true });
});

async function ask(method: string, path: string, body?: object) {
  const answer = await fetch(`${shop.url}${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}

async function cartWith(productId: string): Promise<string> {
  const { body } = await ask('POST', '/api/carts');
  expect((await ask('POST', `/api/carts/${body.id}/items`, { productId, quantity: 1 })).status).toBe(200);
  return body.id;
}

/** The spans of the trace of `name`, once a span of that name and its server span have arrived. */
async function traceOf(name: string, ready: (spans: readonly ReceivedSpan[]) => boolean): Promise<Trace> {
  const spans = await sink.until((all) => {
    const traceId = all.find((span) => span.name === name)?.traceId;
    const trace = all.filter((span) => span.traceId === traceId);
    return trace.length > 0 && trace.some((span) => span.parentSpanId === '') && ready(trace) ? trace : undefined;
  });
  sink.clear();
  return new Trace(spans);
}

class Trace {
  readonly spans: readonly ReceivedSpan[];

  constructor(spans: readonly ReceivedSpan[]) {
    this.spans = spans;
  }

  one(name: string): ReceivedSpan {
    const found = this.spans.filter((span) => span.name === name);
    expect(found, `${name} among ${this.spans.map((span) => span.name).join(', ')}`).toHaveLength(1);
    return found[0] as ReceivedSpan;
  }

  /** From a span up to the root. */
  above(span: ReceivedSpan): ReceivedSpan[] {
    const parent = this.spans.find((candidate) => candidate.spanId === span.parentSpanId);
    return parent ? [parent, ...this.above(parent)] : [];
  }

  below(span: ReceivedSpan): ReceivedSpan[] {
    return this.spans.filter((candidate) => this.above(candidate).includes(span));
  }
}

const service = (span: ReceivedSpan) => span.resource['service.name'];
const statement = (span: ReceivedSpan) => String(span.attributes['db.query.text'] ?? '');

test('a purchase is one trace across both services and PostgreSQL, every parent right [B13 S2 F9 F19]', async () => {
  const cart = await cartWith('mug');
  sink.clear();
  const bought = await ask('POST', `/api/carts/${cart}/checkout`, { card: 'test' });
  expect(bought).toMatchObject({ status: 201, body: { totalCents: 1490, orderId: expect.any(String) } });

  const trace = await traceOf('checkout.process', (spans) =>
    spans.some((span) => service(span) === 'shop-payment' && span.kind === server),
  );
  expect(new Set(trace.spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(trace.spans.filter(({ parentSpanId }) => parentSpanId === '')).toHaveLength(1);
  for (const span of trace.spans)
    expect(span.parentSpanId === '' || trace.above(span).length > 0, `${span.name} has its parent`).toBe(true);

  const root = trace.spans.find(({ parentSpanId }) => parentSpanId === '') as ReceivedSpan;
  expect([service(root), root.kind, root.attributes['http.response.status_code']]).toEqual(['shop-api', server, 201]);
  const checkout = trace.one('checkout.process');
  expect(trace.above(checkout).at(-1)).toBe(root);
  for (const step of ['validate_cart', 'process_payment', 'create_order'])
    expect(trace.one(step).parentSpanId, step).toBe(checkout.spanId);

  // From the payment's own statement up: its server, the client that called it, the step, the checkout, the request.
  const insert = trace.spans.find((span) => statement(span).startsWith('INSERT INTO shop.payments')) as ReceivedSpan;
  expect(service(insert)).toBe('shop-payment');
  expect(insert.attributes['db.system.name']).toBe('postgresql');
  const way = trace.above(insert).map((span) => [service(span), span.kind]);
  expect(way.slice(0, 2)).toEqual([
    ['shop-payment', server],
    ['shop-api', client],
  ]);
  expect(trace.above(insert)).toContain(trace.one('process_payment'));

  const written = trace.below(trace.one('create_order')).map(statement);
  for (const start of ['BEGIN', 'INSERT INTO shop.orders', 'INSERT INTO shop.order_lines', 'DELETE', 'COMMIT'])
    expect(
      written.some((text) => text.startsWith(start)),
      start,
    ).toBe(true);
  // Values of parameters are not recorded unless somebody asks for them.
  expect(JSON.stringify(trace.spans.map(({ attributes }) => attributes))).not.toContain('db.postgresql.values');
});

test('a cart is priced by a WebAssembly module whose own spans lie below the API’s [W1 W7]', async () => {
  const { body: empty } = await ask('POST', '/api/carts');
  expect(empty).toMatchObject({ lines: [], totalCents: 0, taxCents: 0 });
  const traceId = 'c0ffee00c0ffee00c0ffee00c0ffee00';
  await ask('POST', `/api/carts/${empty.id}/items`, { productId: 'lamp', quantity: 3 });
  const answer = await fetch(`${shop.url}/api/carts/${empty.id}/items`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    body: JSON.stringify({ productId: 'mug', quantity: 1 }),
  });
  // Three lamps at 59.00 less 5 %, and a mug; 23 % of tax are in it.
  expect(await answer.json()).toMatchObject({
    subtotalCents: 19_190,
    discountCents: 885,
    taxCents: 3_423,
    totalCents: 18_305,
  });
  const trace = new Trace(
    await sink.until((all) => {
      const spans = all.filter((span) => span.traceId === traceId);
      return spans.some(({ name }) => name === 'cart.add') ? spans : undefined;
    }),
  );
  // The cart is read before and after: once for each.
  const priced = trace.spans.find(({ attributes }) => attributes['cart.total_cents'] === 18_305)!;
  expect(priced).toMatchObject({ name: 'priceCart', parentSpanId: trace.one('cart.add').spanId });
  expect(priced.attributes).toMatchObject({ 'wasm.module': 'pricing', 'code.function.name': 'priceCart' });
  for (const [name, attributes] of [
    ['quantity_discount', { 'cart.lines': 2, 'cart.discount_cents': 885 }],
    ['tax', { 'tax.percent': 23, 'tax.cents': 3_423 }],
  ] as const) {
    const below = trace.spans.filter((span) => span.name === name && span.parentSpanId === priced.spanId);
    expect(
      below.map((span) => span.attributes),
      name,
    ).toEqual([attributes]);
  }
});

test('clocks of both services agree: what one waits for lies within its waiting [B13]', async () => {
  const cart = await cartWith('mug');
  sink.clear();
  await ask('POST', `/api/carts/${cart}/checkout`);
  const trace = await traceOf('checkout.process', (spans) =>
    spans.some((span) => service(span) === 'shop-payment' && span.kind === server),
  );
  // One machine, two processes: each anchors its clock to a wall clock that has a millisecond's resolution.
  const tolerance = 2_000_000n;
  for (const span of trace.spans) {
    expect(span.endNano >= span.startNano, `${span.name} does not end before it starts`).toBe(true);
    const parent = trace.above(span)[0];
    if (!parent || span.kind !== server) continue;
    expect(span.startNano + tolerance >= parent.startNano, `${span.name} starts after ${parent.name}`).toBe(true);
    // A server's span ends when its answer has left, which may be after the other side has read it.
    expect(span.startNano <= parent.endNano, `${span.name} starts while ${parent.name} waits`).toBe(true);
  }
});

test('the product that cannot be paid leaves an error that says why, on each step above it [B13 F8]', async () => {
  const cart = await cartWith('gold-keyboard');
  sink.clear();
  expect(await ask('POST', `/api/carts/${cart}/checkout`)).toMatchObject({
    status: 402,
    body: { error: 'payment-declined' },
  });
  const trace = await traceOf('checkout.process', (spans) =>
    spans.some((span) => service(span) === 'shop-payment' && span.kind === server),
  );
  for (const name of ['process_payment', 'checkout.process']) {
    const { status, events } = trace.one(name);
    expect(status).toMatchObject({ code: 2, message: expect.stringContaining('above its limit') });
    expect(events).toEqual([
      {
        name: 'exception',
        attributes: expect.objectContaining({
          'exception.type': expect.any(String),
          'exception.message': expect.stringContaining('The card was declined'),
          'exception.stacktrace': expect.stringContaining('checkout.mjs'),
        }),
      },
    ]);
  }
  expect(trace.spans.map(({ name }) => name)).not.toContain('create_order');
});

test('the slow product’s trace shows why: a question to the database for each part [B13]', async () => {
  expect((await ask('GET', '/api/products/desk')).body).toMatchObject({ id: 'desk', stock: expect.any(Number) });
  const trace = await traceOf('product.view', () => true);
  const view = trace.one('product.view');
  const questions = trace.below(view).filter((span) => statement(span).includes('shop.stock_movements'));
  expect(questions).toHaveLength(80);
  const spent = questions.reduce((sum, span) => sum + (span.endNano - span.startNano), 0n);
  // Most of the time is spent in those questions, one after the other.
  expect(Number(spent) / Number(view.endNano - view.startNano)).toBeGreaterThan(0.5);
});

test('cart.add lies below its request, and the page’s own trace is continued [B13 F9]', async () => {
  const { body: cart } = await ask('POST', '/api/carts');
  sink.clear();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await fetch(`${shop.url}/api/carts/${cart.id}/items`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent },
    body: JSON.stringify({ productId: 'lamp', quantity: 2 }),
  });
  const spans = await sink.until((all) => {
    const trace = all.filter((span) => span.traceId === '0af7651916cd43dd8448eb211c80319c');
    return trace.some((span) => span.parentSpanId === 'b7ad6b7169203331') ? trace : undefined;
  });
  const trace = new Trace(spans);
  const add = trace.one('cart.add');
  expect(add.attributes).toMatchObject({ 'product.id': 'lamp', 'cart.quantity': 2 });
  expect(trace.above(add).at(-1)).toMatchObject({ kind: server, parentSpanId: 'b7ad6b7169203331' });
});

test('the page says which trace it was made in, so that its load in the browser joins it [B13 B3]', async () => {
  sink.clear();
  const answer = await fetch(`${shop.url}/`);
  const html = await answer.text();
  const [, traceId, spanId] = /<meta name="traceparent" content="00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}"/.exec(
    html,
  )!;
  // Nobody else may be shown this page: it would join a stranger's trace.
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const spans = await sink.until((all) => {
    const trace = all.filter((span) => span.traceId === traceId);
    return trace.some((span) => span.kind === server) ? trace : undefined;
  });
  expect(spans.map((span) => span.spanId)).toContain(spanId);
});

test('the API says how its telemetry is doing, and leaves that out of the traces [F23]', async () => {
  sink.clear();
  expect(await ask('GET', '/health/telemetry')).toMatchObject({ status: 200, body: { status: 'healthy', dropped: 0 } });
  expect(said).toEqual([]);
});

test('a stopped shop has sent its last spans [F22]', async () => {
  sink.clear();
  const cart = await cartWith('mug');
  await ask('POST', `/api/carts/${cart}/checkout`);
  await shop.stop();
  const services = sink.spans.filter((span) => statement(span).includes('INSERT INTO shop')).map(service);
  expect(new Set(services)).toEqual(new Set(['shop-api', 'shop-payment']));
});
