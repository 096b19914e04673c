import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/core/options.js';
import { type NodeOptions, start } from '../../src/runtimes/node/index.js';
import { zipkinTransport } from '../../src/transports/zipkin.js';

/*
 * Specification "OpenTelemetry to Zipkin Transformation": what a server that stands where Zipkin stands is posted. Spans are read with JSON.parse
 * alone.
 */

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

interface ZipkinSpan {
  readonly id: string;
  readonly name: string;
  readonly timestamp: number;
  readonly duration: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly annotations?: readonly { readonly timestamp: number; readonly value: string }[];
}

/** Takes spans as Zipkin does: 202 and no body. `statuses`: what the first requests are answered. */
async function zipkin(...statuses: (number | 'silent')[]) {
  const requests: { readonly path: string | undefined; readonly type: string | undefined; readonly body: string }[] =
    [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const status = statuses.shift() ?? 202;
    if (status === 'silent') return;
    if (status === 202) requests.push({ path: request.url, type: request.headers['content-type'], body });
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ending.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v2/spans`,
    requests,
    spans: () => requests.flatMap(({ body }) => JSON.parse(body) as ZipkinSpan[]),
  };
}

function started(options: NodeOptions) {
  const diagnostics: Diagnostic[] = [];
  const telemetry = start({
    serviceName: 'shop',
    signals: false,
    global: false,
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    env: {},
    ...options,
    batch: { firstRetryMs: 100, ...options.batch },
  });
  ending.push(() => telemetry.shutdown({ timeoutMs: 0 }));
  return { telemetry, diagnostics };
}

type Recording = (telemetry: ReturnType<typeof started>['telemetry']) => void;

/** What arrives of what is recorded. */
async function sent(record: Recording, options: NodeOptions = {}): Promise<readonly ZipkinSpan[]> {
  const server = await zipkin();
  const { telemetry } = started({ destinations: zipkinTransport({ url: server.url }), ...options });
  record(telemetry);
  expect(await telemetry.flush()).toBe(true);
  return server.spans();
}

/** One tag of each span. Those that failed may arrive before others. */
const byName = (spans: readonly ZipkinSpan[], tag: string) =>
  Object.fromEntries(spans.map(({ name, tags }) => [name, tags[tag]]));

test('spans are posted to Zipkin as JSON of its version 2, with ids, parent, name and times', async () => {
  const server = await zipkin();
  const { telemetry } = started({ destinations: zipkinTransport({ url: server.url }) });
  const parent = telemetry.tracer.startSpan('parent');
  const child = telemetry.tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent));
  child.end();
  parent.end();
  // Neither goes to Zipkin.
  telemetry.meter.createCounter('c').add(1);
  telemetry.logger.emit({ body: 'x' });
  expect(await telemetry.flush()).toBe(true);
  expect(server.requests).toEqual([
    { path: '/api/v2/spans', type: 'application/json', body: expect.stringMatching(/^\[\{/) },
  ]);
  const { traceId, spanId } = parent.spanContext();
  const [first, second] = server.spans();
  expect(first).toMatchObject({ traceId, parentId: spanId, id: child.spanContext().spanId, name: 'child' });
  expect(second).toMatchObject({ traceId, id: spanId, name: 'parent' });
  // What is empty is left out.
  expect(Object.keys(second!).sort()).toEqual(
    ['duration', 'id', 'localEndpoint', 'name', 'tags', 'timestamp', 'traceId'].sort(),
  );
});

test('the service name of Zipkin is service.name, and the rest of the resource are tags', async () => {
  const [span] = await sent(({ tracer }) => tracer.startSpan('x').end(), {
    resource: { 'service.namespace': 'eu', replicas: 3 },
  });
  expect(span).toMatchObject({
    localEndpoint: { serviceName: 'shop' },
    tags: { 'service.namespace': 'eu', replicas: '3', 'telemetry.sdk.name': 'throughline' },
  });
  expect(span!.tags).not.toHaveProperty('service.name');
});

test('kinds of spans have the names of Zipkin, and an internal one has none', async () => {
  const kinds = [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER];
  const spans = await sent(({ tracer }) => {
    for (const kind of kinds) tracer.startSpan('x', { kind }).end();
  });
  expect(spans.map((span) => ('kind' in span ? span.kind : 'absent'))).toEqual([
    'absent',
    'SERVER',
    'CLIENT',
    'PRODUCER',
    'CONSUMER',
  ]);
});

test.each([
  [{ 'peer.service': 'db', 'server.address': 'db.local', 'db.name': 'orders' }, { serviceName: 'db' }],
  [{ 'server.address': 'db.local', 'network.peer.address': '10.0.0.7' }, { serviceName: 'db.local' }],
  [
    { 'network.peer.address': '10.0.0.7', 'network.peer.port': 5432 },
    { ipv4: '10.0.0.7', port: 5432 },
  ],
  [{ 'network.peer.address': '::1' }, { ipv6: '::1' }],
  [{ 'db.name': 'orders' }, { serviceName: 'orders' }],
  [{ other: 'x' }, undefined],
])('a client with %o calls %o', async (attributes, remoteEndpoint) => {
  const spans = await sent(({ tracer }) => {
    for (const kind of [SpanKind.CLIENT, SpanKind.SERVER]) tracer.startSpan('x', { kind, attributes }).end();
  });
  expect(spans.map((span) => (span as { remoteEndpoint?: unknown }).remoteEndpoint)).toEqual([
    remoteEndpoint,
    undefined,
  ]);
});

test('the scope of a span is tags, under its present and its former name, with its attributes', async () => {
  const server = await zipkin();
  const { telemetry } = started({ destinations: zipkinTransport({ url: server.url }), global: true });
  trace.getTracer('io.shop.cart', '1.2.3').startSpan('with version').end();
  trace.getTracer('plain').startSpan('without').end();
  expect(await telemetry.flush()).toBe(true);
  await telemetry.shutdown();
  const [versioned, plain] = server.spans();
  expect(versioned!.tags).toMatchObject({
    'otel.scope.name': 'io.shop.cart',
    'otel.scope.version': '1.2.3',
    'otel.library.name': 'io.shop.cart',
    'otel.library.version': '1.2.3',
  });
  expect(plain!.tags).toMatchObject({ 'otel.scope.name': 'plain', 'otel.library.name': 'plain' });
  expect(plain!.tags).not.toHaveProperty('otel.scope.version');
});

test('booleans and numbers are texts in tags, in the form of JSON', async () => {
  const [span] = await sent(({ tracer }) =>
    tracer
      .startSpan('x', { attributes: { yes: true, no: false, int: 42, double: 1.5, large: 2 ** 50, text: 'a "b"' } })
      .end(),
  );
  expect(span!.tags).toMatchObject({
    yes: 'true',
    no: 'false',
    int: '42',
    double: '1.5',
    large: '1125899906842624',
    text: 'a "b"',
  });
});

test('lists are JSON lists in tags', async () => {
  const attributes = { strings: ['a', 'b"c'], numbers: [1, 2.5], booleans: [true, false], none: [] };
  const [span] = await sent(({ tracer }) => tracer.startSpan('x', { attributes }).end());
  expect(span!.tags).toMatchObject({
    strings: '["a","b\\"c"]',
    numbers: '[1,2.5]',
    booleans: '[true,false]',
    none: '[]',
  });
});

test('a status that was set is a tag, an unset one is not', async () => {
  const spans = await sent(({ tracer }) => {
    for (const code of [0, 1, 2]) tracer.startSpan(`${code}`).setStatus({ code }).end();
  });
  expect(byName(spans, 'otel.status_code')).toEqual({ 0: undefined, 1: 'OK', 2: 'ERROR' });
});

test('only a span that failed has the tag error, with the description of its status', async () => {
  const spans = await sent(({ tracer }) => {
    tracer.startSpan('described').setStatus({ code: 2, message: 'out of stock' }).end();
    tracer.startSpan('bare').setStatus({ code: 2 }).end();
    tracer
      .startSpan('fine', { attributes: { error: false } })
      .setStatus({ code: 1 })
      .end();
    tracer.startSpan('unset', { attributes: { error: 'false' } }).end();
  });
  expect(byName(spans, 'error')).toEqual({ described: 'out of stock', bare: '', fine: undefined, unset: undefined });
});

test('events are annotations that hold their attributes', async () => {
  const [span] = await sent(({ tracer }) =>
    tracer
      .startSpan('x')
      .addEvent('paid', { by: 'card', 'order.lines': 3, tags: ['a'] }, [1_700_000_000, 123_456_789])
      .addEvent('shipped')
      .end(),
  );
  expect(span!.annotations).toEqual([
    { timestamp: 1_700_000_000_123_456, value: '"paid": {"by":"card","order.lines":3,"tags":["a"]}' },
    { timestamp: expect.any(Number), value: 'shipped' },
  ]);
});

test('times are whole microseconds', async () => {
  const [span, short] = await sent(({ tracer }) => {
    tracer.startSpan('x', { startTime: [1_700_000_000, 999_999_999] }).end([1_700_000_001, 1_233]);
    tracer.startSpan('y', { startTime: [1_700_000_000, 0] }).end([1_700_000_000, 400]);
  });
  expect(span).toMatchObject({ timestamp: 1_700_000_000_999_999, duration: 1 });
  // Zipkin would take 0 for a duration that nobody knows.
  expect(short).toMatchObject({ timestamp: 1_700_000_000_000_000, duration: 1 });
  expect(JSON.stringify(span)).toContain('"timestamp":1700000000999999,');
});

test('what was dropped of a span is told in its tags', async () => {
  const [span] = await sent(
    ({ tracer }) => {
      const span = tracer
        .startSpan('x', { attributes: { a: 1, b: 2, c: 3 } })
        .addEvent('1')
        .addEvent('2');
      for (const traceId of ['a', 'b'])
        span.addLink({ context: { traceId: traceId.repeat(32), spanId: 'c'.repeat(16), traceFlags: 1 } });
      span.end();
    },
    { spanLimits: { attributeCountLimit: 1, eventCountLimit: 1, linkCountLimit: 1 } },
  );
  expect(span!.tags).toMatchObject({
    'otel.dropped_attributes_count': '2',
    'otel.dropped_events_count': '1',
    'otel.dropped_links_count': '1',
  });
});

test('Zipkin that is away gets the spans when it is back, and what it refuses is counted', async () => {
  const server = await zipkin(503, 400);
  const { telemetry, diagnostics } = started({ destinations: zipkinTransport({ url: server.url }) });
  telemetry.tracer.startSpan('refused').end();
  expect(await telemetry.flush()).toBe(false);
  telemetry.tracer.startSpan('taken').end();
  expect(await telemetry.flush()).toBe(true);
  expect(server.spans().map(({ name }) => name)).toEqual(['taken']);
  expect(telemetry.status()).toMatchObject({ sent: { traces: 1 }, dropped: { refused: 1 } });
  expect(diagnostics.map(({ code }) => code)).toEqual(['collector-unreachable', 'dropped-refused']);
});

test('OTEL_EXPORTER_ZIPKIN_* say where Zipkin is and how long it is waited for', async () => {
  const server = await zipkin('silent');
  const env = {
    OTEL_TRACES_EXPORTER: 'zipkin',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: server.url,
    OTEL_EXPORTER_ZIPKIN_TIMEOUT: '130',
  };
  const { telemetry, diagnostics } = started({ env });
  context.with(ROOT_CONTEXT, () => telemetry.tracer.startSpan('patient').end());
  expect(await telemetry.flush()).toBe(true);
  expect(server.spans().map(({ name }) => name)).toEqual(['patient']);
  expect(diagnostics.map(({ message }) => message).join()).toContain('no answer in 130 ms');
  const byDefault = started({ env: { ...env, OTEL_EXPORTER_ZIPKIN_ENDPOINT: '' } });
  expect(byDefault.telemetry.status().destinations).toMatchObject([
    { destination: 'http://localhost:9411/api/v2/spans' },
  ]);
});
