import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { otlpSink } from '../../testkit/src/otlp-sink.js';
import { createTestAuthority } from '../../testkit/src/test-certificates.js';
import { doctor } from '../src/cli/doctor.js';
import { startCollector, type TestCollector } from './start-collector.js';

interface Visit {
  readonly code: number;
  readonly text: string;
  /** `mark name message` of each check. */
  readonly lines: readonly string[];
}

async function visit(args: readonly string[], env: Record<string, string> = {}): Promise<Visit> {
  let text = '';
  const code = await doctor(['--timeout', '2', ...args], {
    write: (piece) => {
      text += piece;
    },
    env,
  });
  return { code, text, lines: text.split('\n').filter((line) => /^ {2}[✓✗!–] /.test(line)) };
}

const open: Server[] = [];
async function listen(server: Server): Promise<number> {
  open.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return (server.address() as AddressInfo).port;
}
const serve = (listener: RequestListener) => listen(createHttpServer(listener));
/** A port on which nothing listens. */
async function deadPort(): Promise<number> {
  const server = createTcpServer();
  const port = await listen(server);
  await new Promise((closed) => server.close(closed));
  return port;
}

afterEach(async () => {
  for (const server of open.splice(0)) {
    (server as Partial<{ closeAllConnections(): void }>).closeAllConnections?.();
    server.close();
  }
});

const scratch = mkdtempSync(join(tmpdir(), 'throughline-doctor-'));
let collector: TestCollector;
beforeAll(async () => {
  collector = await startCollector(['--cors-origin', 'https://shop.example.com']);
}, 60_000);
afterAll(async () => {
  await collector?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

describe('against a collector that is well', () => {
  test('a span is sent over HTTP and read back [F5]', async () => {
    const { code, text } = await visit([collector.otlpHttp, '--api', collector.explorer, '--timeout', '20']);
    expect(text).toMatch(/✓ protocol +the server speaks OTLP\/HTTP/);
    expect(text).toMatch(/✓ send +a span was accepted, trace [0-9a-f]{32}/);
    expect(text).toMatch(/✓ read back +the span is there: http:\/\/127\.0\.0\.1:\d+\/trace\/[0-9a-f]{32}/);
    expect(text).toMatch(/All is well/);
    expect(code).toBe(0);
  });

  test('a span is sent over gRPC and read back [F5 F1]', async () => {
    const { code, text } = await visit([collector.otlpGrpc, '--api', collector.explorer]);
    expect(text).toMatch(/! protocol +The server speaks OTLP\/gRPC here\.\n +→ A program must use its gRPC exporter/);
    expect(text).toMatch(/✓ read back/);
    expect(code).toBe(0);
  });

  test('the explorer, taken for a receiver, says where telemetry goes', async () => {
    const { code, text } = await visit([collector.explorer]);
    expect(text).toMatch(/✗ protocol +This is the explorer of Throughline/);
    expect(text).toContain(`→ Send to ${collector.otlpHttp} (OTLP/HTTP) or ${collector.otlpGrpc} (OTLP/gRPC).`);
    expect(code).toBe(1);
  });

  test('an address without its scheme is found, and the rest is looked at all the same', async () => {
    const { code, text } = await visit([collector.otlpHttp.replace('http://', ''), '--api', collector.explorer]);
    expect(text).toMatch(/✗ address +127\.0\.0\.1:\d+ has no scheme/);
    expect(text).toContain(`→ Write ${collector.otlpHttp}`);
    expect(text).toMatch(/✓ read back/);
    expect(code).toBe(1);
  });

  test('the wrong protocol for a port is named, from the flag or from the environment', async () => {
    const byFlag = await visit([collector.otlpGrpc, '--protocol', 'http']);
    expect(byFlag.text).toMatch(/✗ protocol +This port speaks OTLP\/gRPC, but the program sends HTTP\./);
    expect(byFlag.code).toBe(1);
    const byEnvironment = await visit([collector.otlpHttp], { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    expect(byEnvironment.text).toMatch(/✗ protocol +This port speaks OTLP\/HTTP, but the program sends gRPC\./);
    const byPath = await visit([`${collector.otlpGrpc}/v1/traces`]);
    expect(byPath.text).toMatch(/which has no paths/);
  });

  test('a page whose origin is not allowed is told from one that is', async () => {
    const allowed = await visit([
      collector.otlpHttp,
      '--api',
      collector.explorer,
      '--origin',
      'https://shop.example.com',
    ]);
    // A secure page to plain http on this very machine is the exception that browsers make.
    expect(allowed.text).toMatch(/✓ browser +a page of https:\/\/shop\.example\.com may send there/);
    const refused = await visit([collector.otlpHttp, '--origin', 'https://evil.example']);
    expect(refused.text).toMatch(/✗ browser +A browser would not let https:\/\/evil\.example send there/);
    expect(refused.text).toContain('--cors-origin https://evil.example');
    expect(refused.code).toBe(1);
    const grpc = await visit([collector.otlpGrpc, '--origin', 'https://shop.example.com']);
    expect(grpc.text).toMatch(/✗ browser +A browser cannot speak gRPC/);
  });
});

describe('against what is broken', () => {
  test('nothing listening is said, with what to start', async () => {
    const { code, text, lines } = await visit([`http://127.0.0.1:${await deadPort()}`]);
    expect(text).toMatch(
      /✗ connection +Nothing listens on 127\.0\.0\.1:\d+ \(connection refused\)\.\n +→ .*npx throughline up/,
    );
    expect(lines.at(-1)).toMatch(/connection/);
    expect(code).toBe(1);
  });

  test('a name that does not exist is said to be one', async () => {
    const { text } = await visit(['http://no-such-host.invalid:4318']);
    expect(text).toMatch(/✗ name +(There is no host called no-such-host\.invalid|The name server did not answer)/);
  });

  test('http and https taken for each other are found both ways', async () => {
    const { cert, key } = createTestAuthority().issue();
    const secure = await listen(createHttpsServer({ cert, key }, (_, response) => response.end()));
    const plain = await serve((_, response) => response.end());
    const toSecure = await visit([`http://127.0.0.1:${secure}`]);
    expect(toSecure.text).toMatch(/✗ encryption +The server speaks TLS, but the address says http:\/\//);
    expect(toSecure.text).toContain(`→ Write https://127.0.0.1:${secure}`);
    const toPlain = await visit([`https://127.0.0.1:${plain}`]);
    expect(toPlain.text).toMatch(/✗ encryption +The address says https:\/\/, but the server does not speak TLS/);
  });

  test('a certificate of an unknown authority, an ended one and one for another name each have their sentence [F18]', async () => {
    const authority = createTestAuthority();
    const day = 86_400_000;
    const ca = join(scratch, 'ca.pem');
    writeFileSync(ca, authority.cert);
    const place = async (options: Parameters<typeof authority.issue>[0]) => {
      const { cert, key } = authority.issue(options);
      return `https://127.0.0.1:${await listen(createHttpsServer({ cert, key }, (_, response) => response.end()))}`;
    };
    expect((await visit([await place({})])).text).toMatch(
      /✗ encryption +.*(authority that is not known here|signed by itself)/,
    );
    const trusted = await visit([await place({}), '--ca', ca]);
    expect(trusted.text).toMatch(/✓ encryption +TLSv1\.[23], certificate of localhost until/);
    const ended = await place({ from: new Date(Date.now() - 9 * day), until: new Date(Date.now() - 2 * day) });
    expect((await visit([ended, '--ca', ca])).text).toMatch(/✗ encryption +The server's certificate ended on/);
    const other = await place({ hosts: ['collector.example'] });
    expect((await visit([other, '--ca', ca])).text).toMatch(
      /✗ encryption +The server's certificate is for DNS:collector\.example, not for 127\.0\.0\.1/,
    );
  });

  test('an HTTP server that is no receiver is told by its answer', async () => {
    const port = await serve((_, response) => response.writeHead(404).end('no'));
    const { text } = await visit([`http://127.0.0.1:${port}/otel`]);
    expect(text).toMatch(/✗ protocol +.*POST \/otel\/v1\/traces gave 404.*comes from the address/);
  });

  test('what speaks neither HTTP nor gRPC is said to', async () => {
    const port = await listen(
      createTcpServer((socket) => socket.on('error', () => undefined).end('220 smtp ready\r\n')),
    );
    expect((await visit([`http://127.0.0.1:${port}`])).text).toMatch(
      /✗ protocol +What listens there speaks neither HTTP \(.*\) nor gRPC \(.*\)/,
    );
  });

  test('a server that takes requests and never answers does not hold the doctor up', async () => {
    const port = await serve(() => undefined);
    expect((await visit([`http://127.0.0.1:${port}`, '--timeout', '0.3'])).text).toMatch(
      /✗ protocol +The server took the request and did not answer within 0\.3 s/,
    );
  });

  test.each([
    [401, 'authorization'],
    [403, 'credentials'],
    [413, 'size'],
    [415, 'http/json'],
    [429, 'overloaded'],
    [500, 'log'],
    [502, 'proxy'],
  ])('a refusal with %i says what may be done', async (status, word) => {
    const port = await serve((request, response) => {
      const empty = request.headers['content-length'] === '0';
      request.resume();
      response.writeHead(empty ? 200 : status).end(empty ? '' : 'because');
    });
    const { code, text } = await visit([`http://127.0.0.1:${port}`]);
    expect(text).toMatch(new RegExp(`✗ send +The server refused the span with ${status}: because\\.\\n +→ .*${word}`));
    expect(text).toMatch(/– read back +There is no span to read back/);
    expect(code).toBe(1);
  });

  test('headers given are sent', async () => {
    const port = await serve((request, response) => {
      request.resume();
      response.writeHead(request.headers.authorization === 'Bearer 1' ? 200 : 401).end();
    });
    const { code } = await visit([`http://127.0.0.1:${port}`, '--header', 'Authorization=Bearer 1']);
    expect(code).toBe(0);
  });

  test('a receiver that answers well but rejects the span is found out', async () => {
    const rejected = Buffer.from([0x0a, 0x08, 0x08, 0x01, 0x12, 0x04, ...Buffer.from('full')]);
    const port = await serve((request, response) => {
      request.resume();
      response.writeHead(200).end(request.headers['content-length'] === '0' ? '' : rejected);
    });
    expect((await visit([`http://127.0.0.1:${port}`])).text).toMatch(
      /✗ send +The server answered well but rejected the span: full\./,
    );
  });

  test('an API that stays without the span is told from a receiver that refuses', async () => {
    const status = {
      version: '1',
      startedUnixNano: '1',
      store: { kind: 'embedded', engineVersion: '1', healthy: true },
      spans: 0,
      bytesOnDisk: 0,
      receive: { otlpHttp: 'http://x:1', otlpGrpc: 'http://x:2' },
    };
    const port = await serve((request, response) => {
      request.resume();
      if (request.url === '/api/v1/status') response.end(JSON.stringify(status));
      else response.writeHead(request.method === 'POST' ? 200 : 404).end();
    });
    const { text } = await visit([`http://127.0.0.1:${port}`, '--api', `http://127.0.0.1:${port}`, '--timeout', '0.3']);
    expect(text).toMatch(/✗ read back +The span was accepted, but is not there after 0\.3 s/);
    const none = await visit([`http://127.0.0.1:${port}`, '--api', `http://127.0.0.1:${await deadPort()}`]);
    expect(none.text).toMatch(/✗ read back +No Throughline API answers/);
  });
});

describe('against foreign receivers', () => {
  test.each(['http1', 'grpc'] as const)(
    'a span is sent over %s, and that it was not read back is said',
    async (protocol) => {
      const sink = await otlpSink({ protocol });
      try {
        const { code, text } = await visit([sink.url]);
        expect(text).toMatch(/✓ send/);
        expect(text).toMatch(/– read back +No Throughline stands beside this receiver/);
        expect(text).toMatch(/The address takes spans\./);
        expect(code).toBe(0);
        const [, span] = sink.received;
        expect(Buffer.from(span!.body).includes('throughline-doctor')).toBe(true);
      } finally {
        await sink.close();
      }
    },
  );

  test('over TLS with an authority of its own [F18]', async () => {
    const authority = createTestAuthority();
    const ca = join(scratch, 'ca.pem');
    writeFileSync(ca, authority.cert);
    for (const protocol of ['http1', 'grpc'] as const) {
      const sink = await otlpSink({ protocol, tls: authority.issue() });
      expect((await visit([sink.url, '--ca', ca])).text).toMatch(/✓ send/);
      await sink.close();
    }
  });
});

describe('the environment and the command itself', () => {
  test.each([
    [{ OTEL_SDK_DISABLED: 'true' }, /✗ environment +OTEL_SDK_DISABLED=true/],
    [{ OTEL_TRACES_EXPORTER: 'none' }, /✗ environment +OTEL_TRACES_EXPORTER=none/],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, /✗ environment +OTEL_TRACES_SAMPLER=parentbased_always_off/],
    [
      { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' },
      /! environment +.*about 10 of 100 traces/,
    ],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '10%' }, /✗ environment +.*not a share/],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://elsewhere:4318' },
      /! environment +OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/elsewhere:4318 here/,
    ],
  ])('variables that keep spans from being sent are named: %o', async (env, line) => {
    expect((await visit([`http://127.0.0.1:${await deadPort()}`], env as Record<string, string>)).text).toMatch(line);
  });

  test('addresses that no exporter takes are named', async () => {
    expect((await visit(['grpc://127.0.0.1:1'])).text).toMatch(/✗ address +grpc:\/\/ is not understood/);
    expect((await visit(['http://127.0.0.1:1/v1/traces/v1/traces'])).text).toMatch(
      /✗ address +.* names the path twice/,
    );
    expect((await visit(['http://'])).text).toMatch(/✗ address +http:\/\/ is not an address/);
    expect((await visit(['http://127.0.0.1:1/v1/traces'])).text).toMatch(/! address +.*full path for traces/);
  });

  test('a command that is not understood ends with 2 and the help', async () => {
    for (const args of [
      ['--what'],
      ['a', 'b'],
      ['--protocol', 'smtp'],
      ['--timeout', 'long'],
      ['--header', 'x'],
      ['--ca', '/nowhere/ca.pem'],
    ]) {
      const { code, text } = await visit(args);
      expect(code, args.join(' ')).toBe(2);
      expect(text).toMatch(/throughline doctor \[URL\]/);
    }
    expect((await visit(['--help'])).code).toBe(0);
  });
});
