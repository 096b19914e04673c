import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { answersOf } from '../../../testkit/src/otlp-answers.js';
import { decodeTraces, plainAttributes } from '../../../testkit/src/otlp-proto.js';
import { type OtlpSink, otlpSink, type SinkProtocol } from '../../../testkit/src/otlp-sink.js';
import { createStackContextStore } from '../../src/core/context/stack-context-store.js';
import type { Diagnostic } from '../../src/core/options.js';
import type { Transport } from '../../src/core/ports.js';
import { type StartOptions, startTelemetry } from '../../src/core/telemetry.js';
import type { Telemetry } from '../../src/core/telemetry-handle.js';
import { exportRequestToJson } from '../../src/core/wire/export-request-to-json.js';
import { createNodeClock } from '../../src/runtimes/node/ports/clock.js';
import { nodeEntropy } from '../../src/runtimes/node/ports/entropy.js';
import { nodeTimers } from '../../src/runtimes/node/ports/timers.js';
import { fetchTransport } from '../../src/transports/fetch.js';
import { grpcTransport } from '../../src/transports/grpc.js';
import { nodeHttpTransport } from '../../src/transports/node-http.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function start(destinations: StartOptions['destinations'], options: StartOptions = {}) {
  const diagnostics: Diagnostic[] = [];
  const telemetry: Telemetry = startTelemetry(
    {
      clock: createNodeClock(),
      entropy: nodeEntropy,
      timers: nodeTimers,
      contextStore: createStackContextStore(),
      lifecycle: { onSuspend: () => () => {}, onResume: () => () => {}, onShutdown: () => () => {} },
    },
    {
      serviceName: 'shop',
      global: false,
      destinations,
      onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
      ...options,
      batch: { firstRetryMs: 50, maxRetryMs: 200, ...options.batch },
    },
  );
  closing.push(() => telemetry.shutdown({ timeoutMs: 100 }));
  return { telemetry, diagnostics };
}

async function sinkOf(protocol: SinkProtocol): Promise<OtlpSink> {
  const sink = await otlpSink({ protocol });
  closing.push(() => sink.close());
  return sink;
}

const spansOf = (sink: OtlpSink) =>
  sink.received.flatMap(({ body }) =>
    decodeTraces(body).resourceSpans.flatMap((r) => r.scopeSpans.flatMap(({ spans }) => spans)),
  );

const ways: readonly {
  readonly way: string;
  readonly protocol: SinkProtocol;
  readonly make: (url: string) => Transport;
}[] = [
  { way: 'gRPC', protocol: 'grpc', make: (url) => grpcTransport({ url }) },
  { way: 'HTTP/1.1', protocol: 'http1', make: (url) => nodeHttpTransport({ url }) },
  { way: 'HTTP/2', protocol: 'http2', make: (url) => nodeHttpTransport({ url, http2: true }) },
  { way: 'fetch', protocol: 'http1', make: (url) => fetchTransport({ url }) },
];

describe.each(ways)('OTLP over $way', ({ protocol, make }) => {
  const says = answersOf[protocol];

  test('what was recorded is what a foreign decoder reads at the receiver [F1 S1]', async () => {
    const sink = await sinkOf(protocol);
    const { telemetry } = start(make(sink.url), { resource: { 'host.name': 'here' } });
    telemetry.measure(
      'checkout',
      { kind: 2, attributes: { amount: 12.5, items: 3, vip: true, tags: ['a', 'b'] } },
      (span) => {
        span.addEvent('paid', { by: 'card' });
      },
    );
    expect(await telemetry.flush()).toBe(true);
    const [resourceSpans] = decodeTraces(sink.received[0]!.body).resourceSpans;
    expect(plainAttributes(resourceSpans!.resource!.attributes)).toMatchObject({
      'service.name': 'shop',
      'host.name': 'here',
    });
    const [span] = spansOf(sink);
    expect(span).toMatchObject({ name: 'checkout', kind: 3 });
    expect(plainAttributes(span!.attributes)).toEqual({ amount: 12.5, items: 3n, vip: true, tags: ['a', 'b'] });
    expect(span!.events.map((event) => [event.name, plainAttributes(event.attributes)])).toEqual([
      ['paid', { by: 'card' }],
    ]);
    expect(sink.received[0]!.batchId).toMatch(/^[0-9a-f]{32}$/);
  });

  test('retryable answers are tried again with growing waits, as the same batch, until one is taken [F16]', async () => {
    const sink = await sinkOf(protocol);
    sink.answers.push(says.busy('not now'), says.busy('not now'), says.busy('not now'));
    const { telemetry, diagnostics } = start(make(sink.url));
    telemetry.tracer.startSpan('patient').end();
    expect(await telemetry.flush()).toBe(true);
    expect(sink.received).toHaveLength(4);
    expect(new Set(sink.received.map(({ batchId }) => batchId)).size).toBe(1);
    expect(diagnostics.map(({ code }) => code)).toEqual(['collector-unreachable']);
  });

  test('non-retryable answers end the batch: sent once, counted, and its words reported', async () => {
    const sink = await sinkOf(protocol);
    sink.answers.push(says.refused('unknown tenant'));
    const { telemetry, diagnostics } = start(make(sink.url));
    telemetry.tracer.startSpan('refused').end();
    expect(await telemetry.flush()).toBe(false);
    expect(sink.received).toHaveLength(1);
    expect(telemetry.status()).toMatchObject({ state: 'degraded', dropped: { refused: 1 }, sent: { traces: 0 } });
    expect(diagnostics[0]!.message).toContain('unknown tenant');
  });

  test('throttling: nothing is sent before the receiver’s own wait is over', async () => {
    const sink = await sinkOf(protocol);
    sink.answers.push(says.busy('slow down', 1));
    const { telemetry } = start(make(sink.url));
    telemetry.tracer.startSpan('throttled').end();
    const before = performance.now();
    expect(await telemetry.flush()).toBe(true);
    expect(performance.now() - before).toBeGreaterThanOrEqual(950);
    expect(sink.received).toHaveLength(2);
  });

  test('a partial success is not sent again; what was rejected is counted and its message logged', async () => {
    const sink = await sinkOf(protocol);
    sink.answers.push(says.partial(2, 'two without a name'));
    const { telemetry, diagnostics } = start(make(sink.url));
    for (const name of 'abc') telemetry.tracer.startSpan(name).end();
    expect(await telemetry.flush()).toBe(false);
    expect(sink.received).toHaveLength(1);
    expect(telemetry.status()).toMatchObject({ sent: { traces: 1 }, rejected: 2 });
    expect(diagnostics).toMatchObject([
      { code: 'partial-success', message: expect.stringContaining('two without a name') },
    ]);
  });

  test('request size is limited: by bytes before sending, and by halves where a receiver says it is too much', async () => {
    const sink = await sinkOf(protocol);
    const { telemetry } = start(make(sink.url), { batch: { maxBytes: 20_000 } });
    const text = 'x'.repeat(1_000);
    for (let i = 0; i < 100; i++) telemetry.tracer.startSpan(`s${i}`, { attributes: { text } }).end();
    expect(await telemetry.flush()).toBe(true);
    expect(Math.max(...sink.received.map(({ body }) => body.length))).toBeLessThan(22_000);
    expect(spansOf(sink)).toHaveLength(100);

    const before = sink.received.length;
    sink.answers.push(says.tooLarge('no more than half'));
    for (let i = 0; i < 10; i++) telemetry.tracer.startSpan(`t${i}`).end();
    expect(await telemetry.flush()).toBe(true);
    const [whole, ...rest] = sink.received.slice(before);
    // Both are under way at once, and either may arrive first.
    const halves = rest.sort((a, b) => (a.batchId! < b.batchId! ? -1 : 1));
    expect(halves.map(({ batchId }) => batchId)).toEqual([`${whole!.batchId}.0`, `${whole!.batchId}.1`]);
    const names = halves.flatMap(({ body }) =>
      decodeTraces(body).resourceSpans[0]!.scopeSpans[0]!.spans.map(({ name }) => name),
    );
    expect(names).toEqual(Array.from({ length: 10 }, (_, at) => `t${at}`));
  });

  test('several requests are under way at once', async () => {
    const sink = await sinkOf(protocol);
    sink.answers.push({ silent: true }, { silent: true }, { silent: true });
    const { telemetry } = start(make(sink.url), { batch: { maxItems: 1, concurrency: 3 } });
    for (let i = 0; i < 3; i++) telemetry.tracer.startSpan('s').end();
    await sink.arrived(3);
    expect(telemetry.status()).toMatchObject({ sent: { traces: 0 }, queued: { items: 3 } });
  });
});

describe('OTLP/JSON', () => {
  test('OTLP/JSON holds the same spans as protobuf [B2]', async () => {
    const sink = await sinkOf('http1');
    const { telemetry } = start(nodeHttpTransport({ url: sink.url, toJson: exportRequestToJson, compression: 'gzip' }));
    for (let i = 0; i < 30; i++) telemetry.tracer.startSpan('json', { attributes: { big: 2 ** 40, text: 'ü' } }).end();
    await telemetry.flush();
    const [{ headers, raw }] = sink.received as [OtlpSink['received'][number]];
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'content-encoding': 'gzip' });
    const spans = JSON.parse(gunzipSync(raw).toString()).resourceSpans[0].scopeSpans[0].spans;
    expect(spans).toHaveLength(30);
    expect(spans[0]).toMatchObject({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      attributes: [
        { key: 'big', value: { intValue: String(2 ** 40) } },
        { key: 'text', value: { stringValue: 'ü' } },
      ],
    });
  });
});

describe('several destinations', () => {
  test('every destination of several gets all spans, each by its own protocol and with its own retries', async () => {
    const [http, grpc] = [await sinkOf('http1'), await sinkOf('grpc')];
    grpc.answers.push(answersOf.grpc.busy('not now'));
    const { telemetry } = start({ copies: [nodeHttpTransport({ url: http.url }), grpcTransport({ url: grpc.url })] });
    for (const name of 'abc') telemetry.tracer.startSpan(name).end();
    expect(await telemetry.flush()).toBe(true);
    for (const sink of [http, grpc])
      expect(spansOf(sink).map(({ name }) => name)).toEqual(expect.arrayContaining(['a', 'b', 'c']));
    expect([http.received.length, grpc.received.length]).toEqual([1, 2]);
    expect(http.received[0]!.batchId).not.toBe(grpc.received[0]!.batchId);
  });

  test('of a list the first that works is used', async () => {
    const server = createServer((_request, response) => response.writeHead(503).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const broken = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const second = await sinkOf('http1');
    const { telemetry } = start({
      failover: [nodeHttpTransport({ url: broken }), nodeHttpTransport({ url: second.url })],
    });
    telemetry.tracer.startSpan('s').end();
    expect(await telemetry.flush()).toBe(true);
    expect(spansOf(second)).toHaveLength(1);
  });
});
