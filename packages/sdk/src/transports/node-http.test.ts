import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { type OtlpSink, otlpSink } from '../../../testkit/src/otlp-sink.js';
import { testAbort, testBatch } from '../../../testkit/src/transport-suite.js';
import { grpcTransport } from './grpc.js';
import { type NodeHttpTransportOptions, nodeHttpTransport } from './node-http.js';
import { userAgent } from './user-agent.js';

const closing: OtlpSink[] = [];
afterEach(async () => {
  for (const sink of closing.splice(0)) await sink.close();
});

async function sent(options: Omit<NodeHttpTransportOptions, 'url'>, protocol: 'http1' | 'http2' = 'http1') {
  const sink = await otlpSink({ protocol });
  closing.push(sink);
  const batch = testBatch();
  const transport = nodeHttpTransport({ url: sink.url, ...options });
  expect(await transport.send(batch, { abort: testAbort().signal })).toMatchObject({ kind: 'accepted' });
  await transport.close?.();
  return { batch, request: sink.received[0]! };
}

test.each(['gzip', 'br'] as const)('bodies are compressed with %s and read back the same [S1]', async (compression) => {
  for (const http2 of [false, true]) {
    const { batch, request } = await sent({ compression, http2 }, http2 ? 'http2' : 'http1');
    expect(request.headers['content-encoding']).toBe(compression);
    expect(request.raw.length).toBeLessThan(batch.bytes.length);
    expect(Number(request.headers['content-length'])).toBe(request.raw.length);
    expect(Buffer.from(request.body).equals(batch.bytes)).toBe(true);
  }
});

test('OTLP/JSON where the transcoder is passed in [B2]', async () => {
  const { request } = await sent({ toJson: (signal, bytes) => `{"${signal}":"ü${bytes.length}"}` });
  expect(request.headers['content-type']).toBe('application/json');
  expect(Buffer.from(request.body).toString()).toBe('{"traces":"ü3000"}');
});

test('receivers are told who sends, in the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(userAgent).toMatch(/^[\w-]+\/[\w.-]+$/);
  expect(userAgent.endsWith(`/${version}`)).toBe(true);
  const { request } = await sent({});
  expect(request.headers['user-agent']).toBe(userAgent);
  const sink = await otlpSink({ protocol: 'grpc' });
  closing.push(sink);
  const grpc = grpcTransport({ url: sink.url });
  await grpc.send(testBatch(), { abort: testAbort().signal });
  expect(sink.received[0]!.headers['user-agent']).toBe(userAgent);
  await grpc.close?.();
});

test('user and password in the address become basic authentication', async () => {
  const sink = await otlpSink({ protocol: 'http1' });
  closing.push(sink);
  const transport = nodeHttpTransport({ url: sink.url.replace('//', '//user:p%40ss@') });
  await transport.send(testBatch(), { abort: testAbort().signal });
  expect(sink.received[0]!.headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
  await transport.close?.();
});

test('an answer without end is not kept', async () => {
  const sink = await otlpSink({ protocol: 'http1' });
  closing.push(sink);
  sink.answers.push({ status: 400, headers: { 'content-type': 'text/plain' }, body: 'x'.repeat(3_000_000) });
  const transport = nodeHttpTransport({ url: sink.url });
  const outcome = await transport.send(testBatch(), { abort: testAbort().signal });
  expect(outcome).toMatchObject({ kind: 'refused' });
  expect(JSON.stringify(outcome).length).toBeLessThan(1_000);
  await transport.close?.();
});
