import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestAuthority } from '../../testkit/src/test-certificates.js';
import { encodeTraces } from './otlp-proto.js';
import { runCli, startCollector, type TestCollector } from './start-collector.js';

const directory = mkdtempSync(join(tmpdir(), 'throughline-tls-'));
const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
const authority = createTestAuthority();
const server = authority.issue();
const client = authority.issue({ hosts: ['a-client'] });
const stranger = createTestAuthority().issue({ hosts: ['a-client'] });
const cert = file('cert.pem', server.cert);
const key = file('key.pem', server.key);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const body = encodeTraces({
  resourceSpans: [
    {
      scopeSpans: [
        {
          spans: [
            {
              traceId: Buffer.alloc(16, 1),
              spanId: Buffer.alloc(8, 1),
              startTimeUnixNano: '1700000000000000000',
              endTimeUnixNano: '1700000000000000001',
            },
          ],
        },
      ],
    },
  ],
});
interface Identity {
  readonly cert: string;
  readonly key: string;
}

function overHttp(collector: TestCollector, identity?: Identity): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(
      `${collector.otlpHttp}/v1/traces`,
      {
        method: 'POST',
        ca: authority.cert,
        ...identity,
        agent: false,
        headers: { 'content-type': 'application/x-protobuf' },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(body);
  });
}

function overHttp2(collector: TestCollector): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const session = connect(collector.otlpHttp, { ca: authority.cert });
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/v1/traces',
      'content-type': 'application/x-protobuf',
    });
    stream.on('response', (headers) => {
      resolve(headers[':status']);
      session.close();
    });
    stream.resume();
    stream.end(body);
  });
}

function overGrpc(collector: TestCollector, identity?: Identity): Promise<ServiceError | null> {
  const channel = credentials.createSsl(
    Buffer.from(authority.cert),
    identity ? Buffer.from(identity.key) : null,
    identity ? Buffer.from(identity.cert) : null,
  );
  const grpc = new Client(new URL(collector.otlpGrpc).host, channel);
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    grpc.makeUnaryRequest(
      '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      same,
      same,
      Buffer.from(body),
      new Metadata(),
      { deadline: Date.now() + 5000 },
      (error) => {
        grpc.close();
        resolve(error);
      },
    );
  });
}

describe('with a certificate everything is served over TLS [F18 S1]', () => {
  let collector: TestCollector;
  beforeAll(async () => {
    collector = await startCollector(['--tls-cert', cert, '--tls-key', key]);
  });
  afterAll(async () => {
    await collector.stop();
  });
  test('OTLP/HTTP over HTTP/1.1', async () => {
    expect(collector.otlpHttp).toMatch(/^https:/);
    expect(await overHttp(collector)).toBe(200);
  });
  test('OTLP/HTTP over HTTP/2', async () => {
    expect(await overHttp2(collector)).toBe(200);
  });
  test('OTLP/gRPC', async () => {
    expect(await overGrpc(collector)).toBeNull();
  });
  test('the explorer and its API', async () => {
    const status = await new Promise((resolve) =>
      request(`${collector.explorer}/api/v1/status`, { ca: authority.cert, agent: false }, (response) =>
        resolve(response.resume().statusCode),
      ).end(),
    );
    expect(status).toBe(200);
  });
});

describe('with an authority for clients only those with its certificate get in [F18 S1]', () => {
  let collector: TestCollector;
  beforeAll(async () => {
    collector = await startCollector([
      '--tls-cert',
      cert,
      '--tls-key',
      key,
      '--tls-ca',
      file('ca.pem', authority.cert),
    ]);
  });
  afterAll(async () => {
    await collector.stop();
  });
  test('over HTTP', async () => {
    expect(await overHttp(collector, client)).toBe(200);
    expect(await overHttp(collector)).not.toBe(200);
    expect(await overHttp(collector, stranger)).not.toBe(200);
  });
  test('over gRPC', async () => {
    expect(await overGrpc(collector, client)).toBeNull();
    expect(await overGrpc(collector)).not.toBeNull();
    expect(await overGrpc(collector, stranger)).not.toBeNull();
  });
});

describe('what is missing for TLS is said in one sentence', () => {
  test.each([
    ['a certificate without its key', ['--tls-cert', cert], 'TLS needs both --tls-cert and --tls-key.'],
    [
      'a file that is not there',
      ['--tls-cert', cert, '--tls-key', '/nowhere.pem'],
      '/nowhere.pem (--tls-key) cannot be read: there is no such file.',
    ],
    [
      'a file that is no certificate',
      ['--tls-cert', key, '--tls-key', key],
      `${key} (--tls-cert) and ${key} (--tls-key) are not a certificate and its private key in PEM.`,
    ],
    [
      'an authority that is none',
      ['--tls-cert', cert, '--tls-key', key, '--tls-ca', key],
      `${key} (--tls-ca) is not a certificate in PEM.`,
    ],
    [
      'a key of another certificate',
      ['--tls-cert', cert, '--tls-key', file('other.pem', client.key)],
      'are not a certificate and its private key in PEM.',
    ],
  ] as [string, string[], string][])('%s', async (_, args, message) => {
    const end = await runCli(['up', '--data', join(directory, 'data'), ...args]);
    expect(end.code).toBe(1);
    expect(end.stderr).toContain(message);
    expect(end.stderr.trim().split('\n')).toHaveLength(1);
  });
});
