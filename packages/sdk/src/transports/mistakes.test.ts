import { afterEach, describe, expect, test } from 'vitest';
import { type OtlpSink, otlpSink, type SinkOptions } from '../../../testkit/src/otlp-sink.js';
import { testAbort, testBatch } from '../../../testkit/src/test-batch.js';
import { createTestAuthority, type TestCertificate } from '../../../testkit/src/test-certificates.js';
import type { Outcome, Transport } from '../core/ports.js';
import { grpcTransport } from './grpc.js';
import { nodeHttpTransport } from './node-http.js';
import type { TlsOptions } from './tls.js';

const authority = createTestAuthority();
const other = createTestAuthority();
const closing: (() => Promise<unknown> | undefined)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function sinkOf(options: SinkOptions): Promise<OtlpSink> {
  const sink = await otlpSink(options);
  closing.push(() => sink.close());
  return sink;
}

async function sendOnce(transport: Transport): Promise<Outcome> {
  closing.push(() => transport.close?.());
  return transport.send(testBatch(), { abort: testAbort().signal });
}

const reasonOf = async (transport: Transport): Promise<string> => {
  const outcome = await sendOnce(transport);
  return outcome.kind === 'accepted' ? 'accepted' : outcome.reason;
};

const makers = {
  'HTTP/1.1': { protocol: 'http1', make: (url: string, tls?: TlsOptions) => nodeHttpTransport({ url, tls }) },
  'HTTP/2': {
    protocol: 'http2',
    make: (url: string, tls?: TlsOptions) => nodeHttpTransport({ url, tls, http2: true }),
  },
  gRPC: { protocol: 'grpc', make: (url: string, tls?: TlsOptions) => grpcTransport({ url, tls }) },
} as const;

describe.each(Object.entries(makers))('certificates over %s', (_name, { protocol, make }) => {
  const secure = (certificate: TestCertificate, clientCa?: string) =>
    sinkOf({ protocol, tls: { ...certificate, clientCa } });

  test('an own authority is trusted where it is given [F18]', async () => {
    const sink = await secure(authority.issue());
    expect(await reasonOf(make(sink.url, { ca: authority.cert }))).toBe('accepted');
    expect(sink.received[0]?.batchId).toMatch(/^[0-9a-f]{32}$/);
  });

  test('an unknown authority: the sentence says to give it [F5 F18]', async () => {
    const sink = await secure(authority.issue());
    expect(await reasonOf(make(sink.url))).toMatch(
      /authority that is not trusted.*`ca`.*OTEL_EXPORTER_OTLP_CERTIFICATE/,
    );
    expect(await reasonOf(make(sink.url, { ca: other.cert }))).toMatch(/authority that is not trusted/);
    expect(sink.received).toHaveLength(0);
  });

  test('a certificate for another host is named, and a server name can be given [F18]', async () => {
    const sink = await secure(authority.issue({ hosts: ['collector.example'] }));
    expect(await reasonOf(make(sink.url, { ca: authority.cert }))).toMatch(/is for another host/);
    expect(await reasonOf(make(sink.url, { ca: authority.cert, serverName: 'collector.example' }))).toBe('accepted');
  });

  test('expired and not yet valid certificates are told apart [F18]', async () => {
    const hour = 3_600_000;
    const old = await secure(
      authority.issue({ from: new Date(Date.now() - 9 * hour), until: new Date(Date.now() - hour) }),
    );
    expect(await reasonOf(make(old.url, { ca: authority.cert }))).toMatch(/has expired/);
    const young = await secure(
      authority.issue({ from: new Date(Date.now() + hour), until: new Date(Date.now() + 9 * hour) }),
    );
    expect(await reasonOf(make(young.url, { ca: authority.cert }))).toMatch(/not valid yet.*clocks/);
  });

  test('a client certificate is shown where one is wanted, and the sentence says when one is missing [F18]', async () => {
    const sink = await secure(authority.issue(), authority.cert);
    const client = authority.issue({ hosts: ['client'] });
    expect(await reasonOf(make(sink.url, { ca: authority.cert, ...client }))).toBe('accepted');
    expect(await reasonOf(make(sink.url, { ca: authority.cert }))).toMatch(/client certificate/);
  });

  test('https to a server without TLS, and http to one with it, say so [F5]', async () => {
    const plain = await sinkOf({ protocol });
    expect(await reasonOf(make(plain.url.replace('http:', 'https:')))).toMatch(/answers without TLS.*http:\/\//);
    const sink = await secure(authority.issue());
    expect(await reasonOf(make(sink.url.replace('https:', 'http:')))).toMatch(/expect TLS \(https:\/\/\)/);
  });
});

describe('the wrong protocol', () => {
  test('OTLP/HTTP to a gRPC server says which port or transport is meant [F5]', async () => {
    const sink = await sinkOf({ protocol: 'grpc' });
    expect(await reasonOf(nodeHttpTransport({ url: sink.url }))).toMatch(
      /does not answer in HTTP\/1\.1.*4318.*gRPC transport/,
    );
  });

  test('gRPC to an OTLP/HTTP server says which port or transport is meant [F5]', async () => {
    const http1 = await sinkOf({ protocol: 'http1' });
    expect(await reasonOf(grpcTransport({ url: http1.url }))).toMatch(/does not speak HTTP\/2.*4317.*HTTP transport/);
    const http2 = await sinkOf({ protocol: 'http2' });
    http2.answers.push({ status: 404 });
    expect(await sendOnce(grpcTransport({ url: http2.url }))).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/HTTP 404 but not in gRPC.*4317/),
    });
  });

  test('gRPC over TLS to a server that offers only HTTP/1.1 says so [F5]', async () => {
    const sink = await sinkOf({ protocol: 'http1', tls: authority.issue() });
    expect(await reasonOf(grpcTransport({ url: sink.url, tls: { ca: authority.cert } }))).toMatch(
      /does not speak HTTP\/2/,
    );
  });

  test('an address that cannot be right is known before anything is sent, and its batches are refused with the sentence', async () => {
    const missing = nodeHttpTransport({ url: 'localhost:4318' });
    expect(missing.problem).toMatch(/no scheme: write "http:\/\/localhost:4318"/);
    expect(await sendOnce(missing)).toMatchObject({ kind: 'refused', reason: missing.problem });
    expect(nodeHttpTransport({ url: 'http://localhost:4317' }).problem).toMatch(/gRPC's port 4317/);
    expect(grpcTransport({ url: 'http://localhost:4318' }).problem).toMatch(/OTLP\/HTTP's port 4318/);
    expect(nodeHttpTransport({ url: 'http://localhost:4318' }).problem).toBeUndefined();
  });

  test('a gRPC address without scheme is TLS unless insecure was said [F18]', async () => {
    const plain = await sinkOf({ protocol: 'grpc' });
    const address = `127.0.0.1:${plain.port}`;
    expect(await reasonOf(grpcTransport({ url: address, insecure: true }))).toBe('accepted');
    expect(await reasonOf(grpcTransport({ url: address }))).toMatch(/answers without TLS.*insecure/);
  });
});
