import { createServer, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { otlpSink, type SinkProtocol } from '../../../testkit/src/otlp-sink.js';
import { testAbort, testBatch } from '../../../testkit/src/test-batch.js';
import type { Transport } from '../../src/core/ports.js';
import { exportRequestToJson } from '../../src/core/wire/export-request-to-json.js';
import { grpcTransport, nodeHttpTransport, start } from '../../src/runtimes/node/index.js';
import { fetchTransport } from '../../src/transports/fetch.js';
import type { SizeLimits } from '../../src/transports/size-limits.js';
import { decodeRequests } from './decode-requests.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const ways: readonly {
  readonly way: string;
  readonly protocol: SinkProtocol;
  readonly make: (options: SizeLimits & { readonly url: string }) => Transport;
}[] = [
  { way: 'gRPC', protocol: 'grpc', make: grpcTransport },
  { way: 'HTTP/1.1', protocol: 'http1', make: nodeHttpTransport },
  { way: 'HTTP/2', protocol: 'http2', make: (options) => nodeHttpTransport({ ...options, http2: true }) },
];

describe.each(ways)('over $way', ({ protocol, make }) => {
  test('a request above its limit is never made: what can be halved arrives in parts, what cannot is dropped and counted', async () => {
    const sink = await otlpSink({ protocol });
    closing.push(() => sink.close());
    expect(make({ url: sink.url }).maxBytes).toBe(64 * 1024 * 1024);
    const said: string[] = [];
    const telemetry = start({
      global: false,
      signals: false,
      env: {},
      destinations: make({ url: sink.url, maxRequestBytes: 4_000 }),
      onDiagnostic: ({ code }) => said.push(code),
    });
    closing.push(() => telemetry.shutdown({ timeoutMs: 0 }));
    for (let i = 0; i < 40; i++) telemetry.tracer.startSpan(`s${i}`, { attributes: { text: 'x'.repeat(500) } }).end();
    expect(await telemetry.flush()).toBe(true);
    telemetry.tracer.startSpan('large', { attributes: { text: 'x'.repeat(8_000) } }).end();
    await telemetry.flush();
    expect(said).toEqual(['dropped-too-large']);
    const arrived = decodeRequests(sink.received.map(({ body }) => body)).map(({ name }) => Number(name.slice(1)));
    // Two are under way at once, so their order is not told.
    expect(arrived.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(Math.max(...sink.received.map(({ body }) => body.length))).toBeLessThanOrEqual(4_000);
    expect(telemetry.status()).toMatchObject({ sent: { traces: 40 }, dropped: { 'too-large': 1 } });
  });

  test('an answer above its limit is a refusal, whatever its status, and the next send works', async () => {
    const sink = await otlpSink({ protocol });
    closing.push(() => sink.close());
    const transport = make({ url: sink.url });
    closing.push(() => transport.close?.());
    const send = () => transport.send(testBatch(), { abort: testAbort().signal });
    const just = new Uint8Array(4 * 1024 * 1024 - 5);
    const over = new Uint8Array(4 * 1024 * 1024 + 1);
    // Zeros are no fields of a protobuf message; what counts here is that all of it was read.
    sink.answers.push({ body: just }, { body: over }, { status: 503, body: over }, {});
    expect(await send()).toMatchObject({ kind: 'accepted' });
    expect(await send()).toMatchObject({ kind: 'refused', reason: expect.stringContaining('4194304 bytes') });
    if (protocol === 'grpc') sink.answers.shift();
    else expect(await send()).toMatchObject({ kind: 'refused' });
    expect(await send()).toMatchObject({ kind: 'accepted' });
  });
});

async function endless(http2: boolean) {
  const counted = { bytes: 0, closed: undefined as Promise<void> | undefined };
  const chunk = new Uint8Array(16 * 1024);
  const pour = (response: ServerResponse): void => {
    counted.closed = new Promise((resolve) => response.once('close', resolve));
    response.on('error', () => {});
    response.writeHead(200, { 'content-type': http2 ? 'application/grpc' : 'application/x-protobuf' });
    const more = (): void => {
      while (!response.destroyed && !response.writableEnded) {
        counted.bytes += chunk.length;
        if (!response.write(chunk)) break;
      }
    };
    response.on('drain', more);
    more();
  };
  const server = (
    http2
      ? createHttp2Server((_request, response) => pour(response as unknown as ServerResponse))
      : createServer((_request, response) => pour(response))
  ) as Server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, counted };
}

test('an answer that never ends is cut off at its limit', async () => {
  const page = await endless(false);
  expect(await fetchTransport(page).send(testBatch(), { abort: testAbort().signal })).toMatchObject({
    kind: 'refused',
    reason: expect.stringContaining('answers too much'),
  });
  await page.counted.closed;
  expect(page.counted.bytes).toBeLessThan(20_000_000);
  for (const [make, http2] of [
    [nodeHttpTransport, false],
    [grpcTransport, true],
  ] as const) {
    const { url, counted } = await endless(http2);
    const transport = make({ url, maxAnswerBytes: 100_000 });
    expect(await transport.send(testBatch(), { abort: testAbort().signal })).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('100000 bytes'),
    });
    await counted.closed;
    // What lies in the buffers of two sockets is sent without being asked for.
    expect(counted.bytes).toBeLessThan(20_000_000);
    await transport.close?.();
  }
});

test('OTLP/JSON is measured as it is sent', async () => {
  const sink = await otlpSink({ protocol: 'http1' });
  closing.push(() => sink.close());
  const telemetry = start({
    global: false,
    signals: false,
    env: {},
    destinations: nodeHttpTransport({ url: sink.url, toJson: exportRequestToJson, maxRequestBytes: 6_000 }),
    onDiagnostic: () => {},
  });
  closing.push(() => telemetry.shutdown({ timeoutMs: 0 }));
  // Under the limit as protobuf, over it as JSON.
  for (let i = 0; i < 40; i++) telemetry.tracer.startSpan(`s${i}`).end();
  expect(await telemetry.flush()).toBe(true);
  expect(sink.received.length).toBeGreaterThan(1);
  expect(Math.max(...sink.received.map(({ body }) => body.length))).toBeLessThanOrEqual(6_000);
  expect(telemetry.status()).toMatchObject({ sent: { traces: 40 }, dropped: { 'too-large': 0 } });
});
