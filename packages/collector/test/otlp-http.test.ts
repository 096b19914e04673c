import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAdmission } from '../src/admit/admission.js';
import { createIntake } from '../src/admit/intake.js';
import { MAX_DAYS } from '../src/process/open-request.js';
import type { DualServer } from '../src/receive/dual-server.js';
import { createOrigins } from '../src/receive/origins.js';
import { createOtlpHttp } from '../src/receive/otlp-http.js';
import { openSpool, type Spool } from '../src/spool/spool.js';
import { decode, encodeLogs, encodeMetrics, encodeTraces } from './otlp-proto.js';
import { zstdOf } from './zstd-frames.js';

const MIB = 1024 * 1024;
const directory = mkdtempSync(join(tmpdir(), 'throughline-http-'));
let spool: Spool;
let server: DualServer;
let port: number;
const admission = createAdmission(8 * MIB);
const inserted: number[] = [];

beforeAll(async () => {
  spool = await openSpool({ directory, insert: async ({ rows }) => void inserted.push(rows) });
  server = createOtlpHttp({
    intake: createIntake(spool),
    admission,
    origins: createOrigins(['https://shop.example.com']),
    maxBodyBytes: 2 * MIB,
  });
  port = await server.listen('127.0.0.1', 0);
});
afterAll(async () => {
  await server.close(100);
  await spool.close(1000);
  rmSync(directory, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}
interface Sending {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

const agents = new Set<Agent>();
afterEach(() => {
  for (const agent of agents) agent.destroy();
  agents.clear();
});

function send(
  { path = '/v1/traces', method = 'POST', headers = {}, body }: Sending = {},
  agent?: Agent,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        headers: { 'content-type': 'application/x-protobuf', ...headers },
        agent,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const span = (overrides: object = {}): object => ({
  traceId: Buffer.alloc(16, 1),
  spanId: Buffer.alloc(8, 2),
  name: 'work',
  startTimeUnixNano: '1700000000000000000',
  endTimeUnixNano: '1700000000000000001',
  ...overrides,
});
const requestOf = (...spans: object[]): object => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const good = encodeTraces(requestOf(span()));
const goodJson = JSON.stringify(
  requestOf({
    traceId: '01'.repeat(16),
    spanId: '02'.repeat(8),
    name: 'work',
    startTimeUnixNano: '1700000000000000000',
  }),
);
const error = (answer: Answer): { code?: number; message?: string } =>
  answer.headers['content-type'] === 'application/json'
    ? JSON.parse(answer.body.toString())
    : decode('RpcStatus', answer.body);

describe('a request that is kept [S1 B2]', () => {
  test('as protobuf is answered with the empty message in protobuf', async () => {
    const answer = await send({ body: good });
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/x-protobuf', 'content-length': '0' },
    });
  });
  test('as JSON is answered in JSON', async () => {
    const answer = await send({ body: goodJson, headers: { 'content-type': 'application/json; charset=utf-8' } });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(answer.body.toString())).toEqual({});
  });
  test.each([
    ['gzip', gzipSync(good)],
    ['deflate', deflateSync(good)],
    ['br', brotliCompressSync(good)],
    ['zstd', zstdOf(good)],
  ] as [string, Buffer][])('may be packed with %s', async (coding, body) => {
    expect(await send({ body, headers: { 'content-encoding': coding } })).toMatchObject({ status: 200 });
  });
  test('may come in chunks without a length', async () => {
    expect(await send({ body: good, headers: { 'transfer-encoding': 'chunked' } })).toMatchObject({ status: 200 });
  });
  test('may have a slash too many before its path', async () => {
    expect(await send({ path: '//v1/traces', body: good })).toMatchObject({ status: 200 });
    expect(await send({ path: '//', method: 'GET' })).toMatchObject({ status: 200 });
  });
  test('shares its connection with the next', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.add(agent);
    await send({ body: good }, agent);
    const [socket] = Object.values(agent.freeSockets).flat();
    await send({ body: good }, agent);
    expect(Object.values(agent.freeSockets).flat()).toEqual([socket]);
  });
  test('over HTTP/2 without TLS', async () => {
    const session = connect(`http://127.0.0.1:${port}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/v1/traces',
      'content-type': 'application/x-protobuf',
    });
    const status = new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
    stream.end(good);
    expect(await status).toBe(200);
    stream.resume();
    await new Promise((resolve) => stream.once('close', resolve));
    session.close();
  });
  test('in part says how much was not, and why', async () => {
    const body = encodeTraces(requestOf(span(), span({ spanId: Buffer.alloc(7, 1) })));
    const answer = await send({ body });
    expect(answer.status).toBe(200);
    expect(decode('ExportTraceServiceResponse', answer.body)).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('an id of impossible length') },
    });
    const json = goodJson.replace('"0202020202020202"', '"0202"');
    const inJson = await send({ body: json, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(inJson.body.toString())).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.any(String) },
    });
  });
});

describe('a request that cannot be kept gets the protocol’s own answer', () => {
  test.each([
    ['bytes that are no message', { body: 'nonsense nonsense' }, 400, 3],
    ['a message that is cut off', { body: good.subarray(0, 20) }, 400, 3],
    ['JSON that is none', { body: '{', headers: { 'content-type': 'application/json' } }, 400, 3],
    ['JSON of another shape', { body: '{"resourceSpans":7}', headers: { 'content-type': 'application/json' } }, 400, 3],
    ['a body that is not packed as it says', { body: good, headers: { 'content-encoding': 'gzip' } }, 400, 3],
    ['a coding that nobody has', { body: good, headers: { 'content-encoding': 'lzma' } }, 415, 3],
    ['an announced body beyond the limit', { headers: { 'content-length': String(3 * MIB) } }, 413, 8],
    [
      'a chunked body beyond the limit',
      { body: Buffer.alloc(3 * MIB), headers: { 'transfer-encoding': 'chunked' } },
      413,
      8,
    ],
    [
      'a packed body that unpacks beyond the limit',
      { body: gzipSync(Buffer.alloc(100 * MIB)), headers: { 'content-encoding': 'gzip' } },
      413,
      8,
    ],
    [
      'JSON beyond its own limit',
      { body: `{"a":"${'x'.repeat(MIB)}"}`, headers: { 'content-type': 'application/json' } },
      413,
      8,
    ],
  ] as [string, Sending, number, number][])('%s', async (_, sending, status, code) => {
    const answer = await send(sending);
    expect(answer.status).toBe(status);
    expect(error(answer)).toEqual({ code, message: expect.stringMatching(/\w.*\.?$/) });
    expect(answer.headers['content-type']).toBe(sending.headers?.['content-type'] ?? 'application/x-protobuf');
  });

  test('a client that is still sending reads the answer and not a reset', async () => {
    for (let i = 0; i < 5; i++) expect(await send({ body: Buffer.alloc(30 * MIB) })).toMatchObject({ status: 413 });
  });

  test('over HTTP/2 a body that is refused half way leaves its connection to others', async () => {
    const session = connect(`http://127.0.0.1:${port}`);
    const post = (body: Uint8Array) =>
      new Promise((resolve, reject) => {
        const stream = session.request({
          ':method': 'POST',
          ':path': '/v1/traces',
          'content-type': 'application/x-protobuf',
        });
        let answered: unknown;
        stream.once('response', (headers) => {
          answered = headers[':status'];
        });
        stream.once('error', reject);
        stream.once('close', () => resolve(answered));
        stream.resume();
        stream.end(body);
      });
    for (let i = 0; i < 5; i++) expect(await post(Buffer.alloc(5 * MIB))).toBe(413);
    expect(await post(good)).toBe(200);
    session.close();
  });

  test('over HTTP/2 a request that never arrives whole gives back what it was admitted for', async () => {
    const waited = createAdmission(8 * MIB);
    const impatient = createOtlpHttp({
      intake: createIntake(spool),
      admission: waited,
      origins: createOrigins([]),
      requestTimeoutMs: 200,
    });
    const session = connect(`http://127.0.0.1:${await impatient.listen('127.0.0.1', 0)}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/v1/traces',
      'content-type': 'application/x-protobuf',
      'content-length': String(6 * MIB),
    });
    const ended = new Promise((resolve) => stream.once('error', () => resolve(undefined)).once('close', resolve));
    stream.write('x');
    await expect.poll(() => waited.requestsInFlight).toBe(1);
    // What was announced and does not come takes no room.
    await expect.poll(() => waited.bytesInFlight).toBe(4);
    await ended;
    await expect.poll(() => waited.requestsInFlight).toBe(0);
    expect(waited.bytesInFlight).toBe(0);
    session.close();
    await impatient.close(100);
  });

  test('a type that is not OTLP’s is 415 and names those that are', async () => {
    for (const type of ['application/xml', 'text/plain', 'multipart/form-data']) {
      const answer = await send({ body: good, headers: { 'content-type': type } });
      expect(answer).toMatchObject({ status: 415, headers: { accept: 'application/x-protobuf, application/json' } });
      expect(answer.body.toString()).toContain('application/x-protobuf');
    }
  });
  test('an unknown path is 404 and says where OTLP goes', async () => {
    const answer = await send({ path: '/v1/spans', body: good });
    expect(answer.status).toBe(404);
    expect(error(answer).message).toContain('/v1/traces');
  });
  test('another method is 405', async () => {
    expect(await send({ method: 'GET' })).toMatchObject({ status: 405, headers: { allow: 'POST, OPTIONS' } });
  });
  test('a gRPC client on this port is told so in its own protocol', async () => {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const same = (bytes: Buffer): Buffer => bytes;
    const problem = await new Promise<ServiceError | null>((resolve) =>
      client.makeUnaryRequest(
        '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
        same,
        same,
        Buffer.from(good),
        resolve,
      ),
    );
    client.close();
    expect(problem).toMatchObject({ code: status.UNIMPLEMENTED, details: expect.stringContaining('4317 by default') });
  });
  test('the root says in one sentence what this is', async () => {
    const answer = await send({ path: '/', method: 'GET', headers: { 'content-type': '' } });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toMatch(/^This is the OTLP\/HTTP receiver of Throughline[^\n]*\n$/);
  });
  test('a client that leaves in the middle takes nothing along', async () => {
    const sent = httpRequest({
      host: '127.0.0.1',
      port,
      path: '/v1/traces',
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-length': '1000' },
    });
    sent.on('error', () => undefined);
    sent.write('begin');
    await new Promise((resolve) => setTimeout(resolve, 50));
    sent.destroy();
    expect(await send({ body: good })).toMatchObject({ status: 200 });
    await expect.poll(() => admission.bytesInFlight).toBe(0);
  });
  test('logs and metrics are kept as well, in each format, and what of them is not is said [S7]', async () => {
    const days = Array.from({ length: MAX_DAYS + 2 }, (_, day) => String(1_600_000_000 + day * 86_400).padEnd(19, '0'));
    const logs = { resourceLogs: [{ scopeLogs: [{ logRecords: days.map((timeUnixNano) => ({ timeUnixNano })) }] }] };
    const answer = await send({ path: '/v1/logs', body: encodeLogs(logs) });
    expect(answer.status).toBe(200);
    // The responses of all signals have the same numbers.
    expect(decode('ExportTraceServiceResponse', answer.body)).toEqual({
      partialSuccess: { rejectedSpans: '2', errorMessage: expect.stringContaining('log records of more than') },
    });
    const dataPoints = days.map((timeUnixNano) => ({ timeUnixNano, asInt: '1' }));
    const metrics = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints } }] }] }] };
    const json = { headers: { 'content-type': 'application/json' } };
    const inJson = await send({ path: '/v1/metrics', body: JSON.stringify(metrics), ...json });
    expect(JSON.parse(inJson.body.toString())).toEqual({
      partialSuccess: { rejectedDataPoints: '2', errorMessage: expect.stringContaining('data points of more than') },
    });
    const logsInJson = await send({ path: '/v1/logs', body: JSON.stringify(logs), ...json });
    expect(JSON.parse(logsInJson.body.toString())).toMatchObject({ partialSuccess: { rejectedLogRecords: '2' } });
    const point = { timeUnixNano: days[0], count: '1', bucketCounts: ['1'] };
    const whole = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ histogram: { dataPoints: [point] } }] }] }] };
    expect(await send({ path: '/v1/metrics', body: encodeMetrics(whole) })).toMatchObject({
      status: 200,
      body: Buffer.alloc(0),
    });
  });
  test.each(['/v1/logs', '/v1/metrics'])('what is wrong is answered at %s as it is for traces', async (path) => {
    expect(await send({ path, body: 'nonsense' })).toMatchObject({ status: 400 });
    expect(
      await send({
        path,
        body: '{"resourceLogs":7,"resourceMetrics":7}',
        headers: { 'content-type': 'application/json' },
      }),
    ).toMatchObject({ status: 400, body: expect.toSatisfy((body: Buffer) => body.includes('must be an array')) });
    expect(await send({ path, body: Buffer.alloc(3 * MIB) })).toMatchObject({ status: 413 });
    expect(await send({ path, body: 'x', headers: { 'content-type': 'text/csv' } })).toMatchObject({ status: 415 });
    expect(await send({ path, method: 'GET' })).toMatchObject({ status: 405 });
    const held = admission.enter(8 * MIB);
    expect(await send({ path, body: Buffer.alloc(100) })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
    });
    held?.leave();
  });
});

describe('a web page [B2]', () => {
  const origin = 'https://shop.example.com';
  test('that is known is answered so that the browser lets it read', async () => {
    const answer = await send({ body: good, headers: { origin } });
    expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': origin, vary: 'Origin' } });
  });
  test('may send protobuf as text, so that no preflight is needed', async () => {
    expect(await send({ body: good, headers: { origin, 'content-type': 'text/plain;charset=UTF-8' } })).toMatchObject({
      status: 200,
    });
  });
  test('of this machine is known', async () => {
    expect(
      await send({ body: good, headers: { origin: 'http://localhost:5173', 'content-type': 'text/plain' } }),
    ).toMatchObject({ status: 200 });
  });
  test('elsewhere is refused whatever it sends, and nothing of it is kept', async () => {
    for (const foreign of ['https://evil.example', 'null', `http://evil.example:${port}`]) {
      const answer = await send({ body: good, headers: { origin: foreign, 'content-type': 'text/plain' } });
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      expect(answer.body.toString()).toContain(`--cors-origin ${foreign}`);
    }
  });
  test('asks first and is told for how long the answer holds', async () => {
    const answer = await send({
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-tenant',
        'access-control-request-private-network': 'true',
      },
    });
    expect(answer).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'content-type,x-tenant',
        'access-control-max-age': '7200',
        'access-control-allow-private-network': 'true',
      },
    });
    expect(
      await send({
        method: 'OPTIONS',
        headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
      }),
    ).toMatchObject({ status: 403 });
  });
  test('can read errors too, and how long to wait', async () => {
    const answer = await send({ body: 'nonsense!', headers: { origin } });
    expect(answer).toMatchObject({
      status: 400,
      headers: { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'retry-after' },
    });
  });
});

test('past the memory limit a sender is told when to come back, and nothing is taken and lost [F16]', async () => {
  const held = admission.enter(8 * MIB);
  const answer = await send({ body: good });
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect(error(answer)).toMatchObject({ code: 14 });
  held?.leave();
  expect(await send({ body: good })).toMatchObject({ status: 200 });
});
