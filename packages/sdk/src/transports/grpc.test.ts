import { afterEach, describe, expect, test } from 'vitest';
import { rpcStatus } from '../../../testkit/src/otlp-answers.js';
import { type Answer, type OtlpSink, otlpSink } from '../../../testkit/src/otlp-sink.js';
import { testAbort, testBatch } from '../../../testkit/src/test-batch.js';
import type { Transport } from '../core/ports.js';
import { type GrpcTransportOptions, grpcTransport } from './grpc.js';

const closing: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function setUp(options: Partial<GrpcTransportOptions> = {}): Promise<{ sink: OtlpSink; transport: Transport }> {
  const sink = await otlpSink({ protocol: 'grpc' });
  const transport = grpcTransport({ url: sink.url, ...options });
  closing.push(
    () => sink.close(),
    () => transport.close?.(),
  );
  return { sink, transport };
}

const send = (transport: Transport, batch = testBatch()) => transport.send(batch, { abort: testAbort().signal });

describe('the answers of gRPC', () => {
  test('what is retryable is what the OTLP specification says', async () => {
    const { sink, transport } = await setUp();
    const kinds: Record<number, string> = {};
    for (let grpcStatus = 0; grpcStatus <= 16; grpcStatus++) {
      sink.answers.push({ grpcStatus });
      kinds[grpcStatus] = (await send(transport)).kind;
    }
    const of = (kind: string) =>
      Object.keys(kinds)
        .filter((code) => kinds[Number(code)] === kind)
        .map(Number);
    expect(of('accepted')).toEqual([0]);
    expect(of('retry')).toEqual([1, 4, 10, 11, 14, 15]);
    expect(of('refused')).toEqual([2, 3, 5, 6, 7, 8, 9, 12, 13, 16]);
  });

  test('RESOURCE_EXHAUSTED is tried again where the server says when, to the millisecond', async () => {
    const { sink, transport } = await setUp();
    sink.answers.push({ grpcStatus: 8, grpcMessage: 'slow down', grpcDetails: rpcStatus(8, 'slow down', 2_500) });
    expect(await send(transport)).toMatchObject({
      kind: 'retry',
      afterMs: 2_500,
      reason: expect.stringMatching(/RESOURCE_EXHAUSTED: slow down/),
    });
  });

  test('too large with the server’s limit, in the words of grpc-go and grpc-js', async () => {
    const { sink, transport } = await setUp();
    for (const words of [
      'grpc: received message larger than max (5000 vs. 4096)',
      'Received message larger than max (5000 vs 4096)',
    ]) {
      sink.answers.push({ grpcStatus: 8, grpcMessage: words });
      expect(await send(transport)).toMatchObject({ kind: 'too-large', maxBytes: 4_096 });
    }
  });

  test('messages in other alphabets are read, and such as are no percent encoding do no harm', async () => {
    const { sink, transport } = await setUp();
    sink.answers.push({ grpcStatus: 3, grpcMessage: 'größer als erlaubt', trailersOnly: true });
    expect(await send(transport)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('größer als erlaubt'),
    });
  });

  test('proxies on the way: 503 is tried again, 404 is not', async () => {
    const { sink, transport } = await setUp();
    const proxy: Answer[] = [{ status: 503 }, { status: 429 }, { status: 404 }];
    sink.answers.push(...proxy);
    expect([await send(transport), await send(transport), await send(transport)].map(({ kind }) => kind)).toEqual([
      'retry',
      'retry',
      'refused',
    ]);
  });
});

describe('the connection', () => {
  test('after GOAWAY a new one is made without a failed send', async () => {
    const { sink, transport } = await setUp();
    sink.answers.push({ goAway: true });
    expect(await send(transport)).toMatchObject({ kind: 'accepted' });
    for (let i = 0; i < 3; i++) expect(await send(transport)).toMatchObject({ kind: 'accepted' });
    expect(sink.connections).toBe(2);
  });

  test('gzip is named in grpc-encoding and flagged in the frame [S1]', async () => {
    const { sink, transport } = await setUp({ compression: 'gzip', headers: { 'X-Tenant': 'a' } });
    const batch = testBatch();
    expect(await send(transport, batch)).toMatchObject({ kind: 'accepted' });
    const [request] = sink.received;
    expect(request!.headers).toMatchObject({ 'grpc-encoding': 'gzip', te: 'trailers', 'x-tenant': 'a' });
    expect(request!.raw.length).toBeLessThan(batch.bytes.length);
    expect(Buffer.from(request!.body).equals(batch.bytes)).toBe(true);
  });

  test('four batches of a megabyte at once pass through one connection’s windows', async () => {
    const { sink, transport } = await setUp();
    const bytes = new Uint8Array(1 << 20).fill(7);
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => send(transport, testBatch({ bytes }))));
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
    expect(sink.connections).toBe(1);
    expect(sink.received.map(({ body }) => body.length)).toEqual([1 << 20, 1 << 20, 1 << 20, 1 << 20]);
  });
});
