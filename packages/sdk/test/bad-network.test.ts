import { afterEach, describe, expect, test } from 'vitest';
import { type FaultProxy, type Faults, faultProxy } from '../../testkit/src/fault-proxy.js';
import { decodeTraces } from '../../testkit/src/otlp-proto.js';
import { type OtlpSink, otlpSink, type SinkProtocol } from '../../testkit/src/otlp-sink.js';
import { createStackContextStore } from '../src/core/context/stack-context-store.js';
import type { Transport } from '../src/core/ports.js';
import { startTelemetry } from '../src/core/telemetry.js';
import { createNodeClock } from '../src/runtimes/node/ports/clock.js';
import { nodeEntropy } from '../src/runtimes/node/ports/entropy.js';
import { nodeTimers } from '../src/runtimes/node/ports/timers.js';
import { fetchTransport } from '../src/transports/fetch.js';
import { grpcTransport } from '../src/transports/grpc.js';
import { nodeHttpTransport } from '../src/transports/node-http.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function setUp(protocol: SinkProtocol, make: (url: string) => Transport) {
  const sink: OtlpSink = await otlpSink({ protocol });
  closing.push(() => sink.close());
  const proxy: FaultProxy = await faultProxy(sink.url);
  closing.push(() => proxy.close());
  const telemetry = startTelemetry(
    {
      clock: createNodeClock(),
      entropy: nodeEntropy,
      timers: nodeTimers,
      contextStore: createStackContextStore(),
      lifecycle: { onSuspend: () => () => {}, onResume: () => () => {}, onShutdown: () => () => {} },
    },
    {
      global: false,
      destinations: make(proxy.url),
      onDiagnostic: () => {},
      batch: { maxItems: 5, maxAgeMs: 20, sendTimeoutMs: 150, firstRetryMs: 10, maxRetryMs: 50 },
    },
  );
  closing.push(() => telemetry.shutdown({ timeoutMs: 100 }));
  return { sink, proxy, telemetry };
}

/** What a receiver that drops second copies by their id would have. */
function namesOnce(sink: OtlpSink): string[] {
  const batches = new Map(sink.received.map((request) => [request.batchId, request.body]));
  return [...batches.values()]
    .flatMap((body) => decodeTraces(body).resourceSpans.flatMap((r) => r.scopeSpans.flatMap((scope) => scope.spans)))
    .map(({ name }) => name!)
    .sort();
}

const ways = [
  { way: 'gRPC', protocol: 'grpc', make: (url: string) => grpcTransport({ url }) },
  { way: 'HTTP/1.1', protocol: 'http1', make: (url: string) => nodeHttpTransport({ url }) },
  { way: 'HTTP/2', protocol: 'http2', make: (url: string) => nodeHttpTransport({ url, http2: true }) },
  { way: 'fetch', protocol: 'http1', make: (url: string) => fetchTransport({ url }) },
] as const;

describe.each(ways)('a bad network, $way', ({ protocol, make }) => {
  test('through cuts, silence, lost answers and resets every span arrives, and once by its batch’s id [F16]', async () => {
    const { sink, proxy, telemetry } = await setUp(protocol, make);
    const weather: Faults[] = [
      { cutRequestAfter: 150 },
      { refuse: true },
      {},
      { cutAnswer: true },
      { swallow: true },
      { delayMs: 30, pieceBytes: 7 },
      { cutAnswer: true, pieceBytes: 50 },
      {},
    ];
    const names: string[] = [];
    for (const [turn, faults] of weather.entries()) {
      proxy.set(faults);
      if (turn % 3 === 2) proxy.cutAll();
      for (let i = 0; i < 7; i++) {
        const name = `span ${turn}.${i}`;
        names.push(name);
        telemetry.tracer.startSpan(name).end();
      }
      await telemetry.flush({ timeoutMs: 200 });
    }
    proxy.set({});
    proxy.cutAll();
    expect(await telemetry.flush({ timeoutMs: 10_000 })).toBe(true);
    expect(namesOnce(sink)).toEqual(names.sort());
    expect(telemetry.status()).toMatchObject({
      state: 'healthy',
      sent: { traces: names.length },
      queued: { items: 0 },
    });
    expect(Object.values(telemetry.status().dropped).every((count) => count === 0)).toBe(true);
  });

  test('an answer that is lost leads to the same batch again, never to another id', async () => {
    const { sink, proxy, telemetry } = await setUp(protocol, make);
    proxy.set({ cutAnswer: true });
    telemetry.tracer.startSpan('lost answer').end();
    await sink.arrived(2);
    proxy.set({});
    expect(await telemetry.flush({ timeoutMs: 5_000 })).toBe(true);
    expect(sink.received.length).toBeGreaterThanOrEqual(2);
    expect(new Set(sink.received.map(({ batchId }) => batchId)).size).toBe(1);
    expect(namesOnce(sink)).toEqual(['lost answer']);
  });
});
