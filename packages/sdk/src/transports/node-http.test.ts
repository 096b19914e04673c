import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type OtlpSink, otlpSink } from '../../../testkit/src/otlp-sink.js';
import { testAbort, testBatch } from '../../../testkit/src/test-batch.js';
import { grpcTransport } from './grpc.js';
import { type NodeHttpTransportOptions, nodeHttpTransport } from './node-http.js';
import { userAgent } from './user-agent.js';

const closing: Pick<OtlpSink, 'close'>[] = [];
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

test.each(['http1', 'http2', 'grpc'] as const)(
  'user and password in the address become basic authentication, over %s; a header of the program wins',
  async (protocol) => {
    const sink = await otlpSink({ protocol });
    closing.push(sink);
    const url = sink.url.replace('//', '//user:p%40ss@');
    for (const headers of [undefined, { Authorization: 'Bearer token' }]) {
      const transport =
        protocol === 'grpc'
          ? grpcTransport({ url, headers })
          : nodeHttpTransport({ url, headers, http2: protocol === 'http2' });
      expect(await transport.send(testBatch(), { abort: testAbort().signal })).toMatchObject({ kind: 'accepted' });
      await transport.close?.();
    }
    expect(sink.received.map(({ headers }) => headers.authorization)).toEqual([
      `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
      'Bearer token',
    ]);
  },
);

/** A server of bytes, and how many connections it has had. */
async function rawServer(onConnection: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

test('a server that changes to another protocol unasked is a failed attempt like any other', async () => {
  const { url } = await rawServer((socket) =>
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    ),
  );
  const outcome = await nodeHttpTransport({ url }).send(testBatch(), { abort: testAbort().signal });
  expect(outcome).toMatchObject({ kind: 'retry' });
});

test('a connection of HTTP/2 that never said a word is not used again', async () => {
  const { url, sockets } = await rawServer(() => {});
  const transport = nodeHttpTransport({ url, http2: true });
  for (let sent = 1; sent < 3; sent++) {
    const controller = new AbortController();
    const outcome = transport.send(testBatch(), { abort: controller.signal });
    await expect.poll(() => sockets.length).toBe(sent);
    // Past the moment in which the connection is made.
    await expect.poll(() => sockets.at(-1)!.bytesRead).toBeGreaterThan(0);
    controller.abort();
    expect(await outcome).toMatchObject({ kind: 'retry' });
  }
  await transport.close?.();
});

test('a stream refused because the server leaves is tried again at once: nobody has looked at it', async () => {
  const server = createHttp2Server((_request, response) => void response.end());
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => sessions.push(session));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push({ close: async () => void server.close() });
  const transport = nodeHttpTransport({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    http2: true,
  });
  const send = () => transport.send(testBatch(), { abort: testAbort().signal });
  expect(await send()).toMatchObject({ kind: 'accepted' });
  sessions[0]!.destroy();
  expect(await send()).toMatchObject({ kind: 'retry', afterMs: 0 });
  expect(await send()).toMatchObject({ kind: 'accepted' });
  expect(sessions).toHaveLength(2);
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
