import { once } from 'node:events';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { otlpSink } from '../../../testkit/src/otlp-sink.js';
import { createTestAuthority } from '../../../testkit/src/test-certificates.js';
import type { InstalledSdk } from './installed-sdk.js';
import type { JsonSink } from './json-sink.js';
import { type RunningProgram, runProgram } from './run-program.js';
import { useInstalledSdk } from './use-installed-sdk.js';

/*
 * Real programs in processes of their own, with the package as npm installs it, against a real receiver.
 */

const installed = useInstalledSdk();
let sdk: InstalledSdk;
let sink: JsonSink;
beforeEach(() => {
  ({ sdk, sink } = installed);
});

interface Settings {
  readonly cwd?: string;
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly env?: Record<string, string>;
}

function run(file: string, { env, ...settings }: Settings = {}): RunningProgram {
  return runProgram(file, {
    cwd: sdk.folder,
    ...settings,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', ...env },
  });
}

const names = () => sink.spans.map(({ name }) => name).sort();

/** An address where nobody listens. */
async function closedAddress(): Promise<string> {
  const server: Server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${address.port}`;
}

test('a program that comes to its end has sent everything, and telemetry does not keep it', async () => {
  const { code, stdout, stderr } = await run('script.mjs').ended;
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  expect(names()).toEqual(['last', 'work']);
  expect(sink.requests[0]?.path).toMatch(/^\/v1\/traces\?tl-batch=[0-9a-f]{32}$/);
});

test('a counter, a histogram, a gauge and a log record of a short program arrive, the record with its span [F12 S7]', async () => {
  const { code, stdout, stderr } = await run('measured.mjs').ended;
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  const paths = new Set(sink.requests.map(({ path }) => path.replace(/\?.*/, '')));
  expect(paths).toEqual(new Set(['/v1/traces', '/v1/metrics', '/v1/logs']));
  const times = { startTimeUnixNano: expect.any(String), timeUnixNano: expect.any(String) };
  const card = [{ key: 'payment.type', value: { stringValue: 'card' } }];
  const asked = [{ key: 'asked', value: { boolValue: true } }];
  const [span] = sink.spans;
  // One of the measurements, and where it was made.
  const exemplars = [
    {
      timeUnixNano: expect.any(String),
      asDouble: expect.any(Number),
      traceId: span!.traceId,
      spanId: span!.spanId,
    },
  ];
  expect(sink.bodies('resourceMetrics')).toEqual([
    {
      resourceMetrics: [
        expect.objectContaining({
          scopeMetrics: [
            {
              scope: { name: 'checkout', version: '1.0.0' },
              metrics: [
                {
                  name: 'orders',
                  unit: '{order}',
                  sum: {
                    dataPoints: [{ ...times, asDouble: 3, attributes: card, exemplars }],
                    aggregationTemporality: 2,
                    isMonotonic: true,
                  },
                },
                {
                  name: 'duration',
                  unit: 's',
                  histogram: {
                    dataPoints: [
                      {
                        ...times,
                        count: '1',
                        sum: 0.25,
                        bucketCounts: ['0', '1', '0'],
                        explicitBounds: [0.1, 1],
                        min: 0.25,
                        max: 0.25,
                        exemplars,
                      },
                    ],
                    aggregationTemporality: 2,
                  },
                },
                { name: 'basket', gauge: { dataPoints: [{ ...times, asDouble: 7 }] } },
                { name: 'answer', gauge: { dataPoints: [{ ...times, asDouble: 42, attributes: asked }] } },
              ],
            },
          ],
        }),
      ],
    },
  ]);
  expect(sink.bodies('resourceLogs')).toEqual([
    {
      resourceLogs: [
        expect.objectContaining({
          scopeLogs: [
            {
              scope: { name: 'checkout' },
              logRecords: [
                {
                  timeUnixNano: expect.any(String),
                  observedTimeUnixNano: expect.any(String),
                  severityNumber: 9,
                  body: { stringValue: 'paid' },
                  flags: 3,
                  traceId: span!.traceId,
                  spanId: span!.spanId,
                },
              ],
            },
          ],
        }),
      ],
    },
  ]);
});

test.each([
  ['OTEL_METRICS_EXPORTER', 'none', ['/v1/logs', '/v1/traces'], ''],
  ['OTEL_LOGS_EXPORTER', 'none', ['/v1/metrics', '/v1/traces'], ''],
  ['OTEL_TRACES_EXPORTER', 'none', ['/v1/logs', '/v1/metrics'], ''],
  ['OTEL_METRICS_EXPORTER', 'console', ['/v1/logs', '/v1/traces'], 'orders{payment.type=card} 3 {order}'],
  ['OTEL_LOGS_EXPORTER', 'console', ['/v1/metrics', '/v1/traces'], 'measured  INFO  paid  trace'],
] as const)('%s=%s decides about its own signal alone', async (variable, value, paths, printed) => {
  const { code, stdout, stderr } = await run('measured.mjs', { env: { [variable]: value } }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect([...new Set(sink.requests.map(({ path }) => path.replace(/\?.*/, '')))].sort()).toEqual(paths);
  expect(stdout).toContain(printed);
});

test('the resource says which service, process, host and system it was [F4 S3]', async () => {
  await run('script.mjs', {
    env: { OTEL_RESOURCE_ATTRIBUTES: 'service.version=1.2.3,team=a%20b', OTEL_SERVICE_NAME: 'from-environment' },
  }).ended;
  expect(sink.spans[0]?.resource).toMatchObject({
    'service.name': 'script',
    'service.version': '1.2.3',
    team: 'a b',
    'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'telemetry.sdk.language': 'nodejs',
    'process.pid': expect.any(Number),
    'process.runtime.name': 'nodejs',
    'host.name': expect.any(String),
    'os.type': expect.any(String),
  });
});

test('a CommonJS program loads the package with require, without a warning that stops or misleads it', async () => {
  const { code, stdout, stderr } = await run('script.cjs', { env: { OTEL_SERVICE_NAME: 'common' } }).ended;
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'done\n' });
  // Node 20 says of each program that uses require(esm) that this is experimental there; nothing else may be said.
  expect(stderr.replace(/\(node:\d+\) ExperimentalWarning: CommonJS module .*\n.*--trace-warnings.*\n/s, '')).toBe('');
  expect(names()).toEqual(['from CommonJS']);
  expect(sink.spans[0]?.resource['service.name']).toBe('common');
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  '%s sends what is there and then ends the process as it would have ended [F22]',
  async (signal) => {
    const program = run('server.mjs', { env: { OTEL_BSP_SCHEDULE_DELAY: '60000' } });
    await program.line(/ready/);
    program.kill(signal);
    expect(await program.ended).toMatchObject({ code: null, signal });
    expect(names()).toEqual(['before the signal']);
  },
);

test('a collector that does not answer holds the end of a process no longer than the bound [F22]', async () => {
  sink.answer = () => undefined;
  const program = run('server.mjs', { env: { BOUND_MS: '400' } });
  await program.line(/ready/);
  const startedMs = performance.now();
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ signal: 'SIGTERM' });
  // The default bound is five seconds; what is over 400 ms is the machine.
  expect(performance.now() - startedMs).toBeLessThan(3000);
});

test('a request that nobody answers does not hold a program that has come to its end past the bound [F22]', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(silent.address() as { port: number }).port}`;
  const ways: Record<string, string>[] = [
    { PROTOCOL: 'http/protobuf' },
    { PROTOCOL: 'http/protobuf', HTTP2: '1' },
    { PROTOCOL: 'grpc' },
  ];
  const startedMs = performance.now();
  const endings = ways.map((way) => run('held.mjs', { env: { ...way, OTEL_EXPORTER_OTLP_ENDPOINT } }).ended);
  for (const ending of endings) expect(await ending).toMatchObject({ code: 0, stderr: '' });
  // One request waits ten seconds for its answer; what is over 400 ms is the machine.
  expect(performance.now() - startedMs).toBeLessThan(7_000);
  expect(sockets.size).toBeGreaterThanOrEqual(3);
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test('a server that stops by itself keeps its last spans, without a word about telemetry [F22]', async () => {
  const program = run('server.mjs', { args: ['graceful'], env: { OTEL_BSP_SCHEDULE_DELAY: '60000' } });
  await program.line(/ready/);
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 0, signal: null });
  expect(names()).toEqual(['after the signal', 'before the signal']);
});

test('a program that ends the process itself shuts telemetry down first [F22]', async () => {
  const program = run('server.mjs', { args: ['exits'], env: { OTEL_BSP_SCHEDULE_DELAY: '60000' } });
  await program.line(/ready/);
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 7, signal: null });
  expect(names()).toEqual(['after the signal', 'before the signal']);
});

test('starting twice is one telemetry, one warning and one end [F2]', async () => {
  const program = run('server.mjs', { args: ['twice'], env: { OTEL_BSP_SCHEDULE_DELAY: '60000' } });
  await program.line(/ready/);
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
  expect((await program.ended).stdout).toBe('started-twice\nready\n');
  expect(names()).toEqual(['before the signal']);
});

test('tracers taken before start() record, from every copy of the API that was loaded [F19]', async () => {
  const { code, stderr } = await run('early.mjs').ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(names()).toEqual(['inner of an older copy', 'outer', 'span 0', 'span 1', 'span 2', 'span 3']);
  const outer = sink.spans.find(({ name }) => name === 'outer');
  expect(sink.spans.find(({ name }) => name.startsWith('inner'))?.parentSpanId).toBe(outer?.spanId);
});

test('tracers taken before start() record from both copies of an API that has an ES module build [F19]', async () => {
  const project = join(sdk.folder, 'newer');
  mkdirSync(join(project, 'node_modules/@opentelemetry'), { recursive: true });
  const api = dirname(dirname(createRequire(import.meta.url).resolve('otel-api-1.10')));
  cpSync(api, join(project, 'node_modules/@opentelemetry/api'), { recursive: true, dereference: true });
  cpSync(join(sdk.folder, 'early-module.mjs'), join(project, 'early-module.mjs'));
  const { code, stdout, stderr } = await run('early-module.mjs', { cwd: project }).ended;
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'two copies\n', stderr: '' });
  const [inner, outer] = [...sink.spans].sort((a, b) => a.name.localeCompare(b.name));
  expect([inner?.name, outer?.name, inner?.parentSpanId]).toEqual(['inner', 'outer', outer?.spanId]);
});

test.each([
  ['http/protobuf', 'http1', '/v1/traces'],
  ['http/json', 'http1', '/v1/traces'],
  ['grpc', 'grpc', '/opentelemetry.proto.collector.trace.v1.TraceService/Export'],
] as const)(
  'the environment chooses %s, its certificates and headers [F1 F18]',
  async (protocol, sinkProtocol, path) => {
    const authority = createTestAuthority();
    const server = authority.issue();
    const client = authority.issue({ hosts: ['client'] });
    const pem = (name: string, text: string) => {
      writeFileSync(join(sdk.folder, name), text);
      return join(sdk.folder, name);
    };
    const secure = await otlpSink({ protocol: sinkProtocol, tls: { ...server, clientCa: authority.cert } });
    try {
      const { code, stderr } = await run('script.mjs', {
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: secure.url,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_EXPORTER_OTLP_HEADERS: 'x-token=a%20b',
          OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
          OTEL_EXPORTER_OTLP_CERTIFICATE: pem('ca.pem', authority.cert),
          OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: pem('cert.pem', client.cert),
          OTEL_EXPORTER_OTLP_CLIENT_KEY: pem('key.pem', client.key),
        },
      }).ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(secure.received).toHaveLength(1);
      const [request] = secure.received;
      expect(request?.path.split('?')[0]).toBe(path);
      expect(request?.headers['x-token']).toBe('a b');
      expect(request?.batchId).toMatch(/^[0-9a-f]{32}$/);
      expect(Buffer.from(request?.body ?? []).toString('latin1')).toContain('work');
    } finally {
      await secure.close();
    }
  },
);

test('a program whose collector is away runs, ends by itself, promptly, and says so in one line [F15]', async () => {
  const startedMs = performance.now();
  const { code, stdout, stderr } = await run('script.mjs', {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: await closedAddress() },
  }).ended;
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'done\n' });
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain('127.0.0.1');
  expect(performance.now() - startedMs).toBeLessThan(3000);
});

test('while the collector is away memory is bounded, and what was dropped is counted [F11 F16]', async () => {
  const { code, stdout } = await run('away.mjs', {
    nodeArgs: ['--expose-gc'],
    args: ['200000'],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: await closedAddress(),
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_BSP_MAX_QUEUE_SIZE: '4096',
    },
  }).ended;
  expect(code).toBe(0);
  const { grownBytes, queued, dropped } = JSON.parse(stdout);
  expect(queued.items).toBeLessThanOrEqual(4096);
  expect(queued.items + dropped['queue-full']).toBe(202_000);
  // 4,096 spans of some 200 bytes are under a megabyte; what a runtime keeps beside it is not ours to bound.
  expect(grownBytes).toBeLessThan(6_000_000);
});

test('OTEL_SDK_DISABLED records nothing, sends nothing and still passes context on', async () => {
  const { code, stdout } = await run('disabled.mjs', { env: { OTEL_SDK_DISABLED: 'true' } }).ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    result: 42,
    recording: false,
    injected: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
  expect(sink.requests).toEqual([]);
});

test.each([
  ['always_off', '', 0],
  ['always_on', '', 100],
  ['traceidratio', '0.5', 50],
  ['parentbased_traceidratio', '0.5', 50],
  ['parentbased_always_off', '', 0],
])('OTEL_TRACES_SAMPLER=%s %s decides what is sent [F3]', async (sampler, argument, expected) => {
  await run('sampled.mjs', { env: { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument } }).ended;
  // 1,000 decisions at one half: outside of 40 to 60 % once in a thousand million runs.
  const share = sink.spans.length / 10;
  expect(Math.abs(share - expected)).toBeLessThanOrEqual(expected === 50 ? 10 : 0);
});

test('OTEL_TRACES_EXPORTER=console writes spans to the console and sends nothing', async () => {
  const { stdout } = await run('script.mjs', { env: { OTEL_TRACES_EXPORTER: 'console' } }).ended;
  expect(stdout).toContain('work');
  expect(sink.requests).toEqual([]);
});

test('OTEL_TRACES_EXPORTER=none sends nothing, and the program ends by itself', async () => {
  const { code, stderr } = await run('script.mjs', { env: { OTEL_TRACES_EXPORTER: 'none' } }).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(sink.requests).toEqual([]);
});

test('a variable that cannot be read is named once and its default taken', async () => {
  const { code, stderr } = await run('script.mjs', { env: { OTEL_BSP_SCHEDULE_DELAY: 'soon' } }).ended;
  expect(code).toBe(0);
  expect(stderr).toBe(
    '[throughline] invalid-environment: OTEL_BSP_SCHEDULE_DELAY is ignored: "soon" is not a whole number of at least 0.\n',
  );
  expect(names()).toEqual(['last', 'work']);
});

test('a program that samples by outcome sends the traces with an error and the slow one, whole, and nothing of the others [W5]', async () => {
  const { code, stdout, stderr } = await run('outcome.mjs').ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(names()).toEqual(['bad', 'bad', 'bad', 'bad inside', 'bad inside', 'bad inside', 'slow', 'slow inside']);
  for (const span of sink.spans.filter(({ name }) => name.endsWith('inside')))
    expect(sink.spans.find(({ spanId }) => spanId === span.parentSpanId)?.traceId).toBe(span.traceId);
  expect(JSON.parse(stdout)).toMatchObject({ heldTraces: 0, keptTraces: 4, droppedTraces: 201, droppedSpans: 400 });
});

test.each(['http.get', 'fetch'])(
  'a program that knows nothing of telemetry is traced by --import register alone: %s [F9 F19]',
  async (way) => {
    const { code, stdout, stderr } = await run('web.mjs', {
      args: [way],
      nodeArgs: ['--import', '@throughline/sdk/node/register'],
      env: { OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http,undici' },
    }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [, traceId, spanId] = stdout.match(/traceparent 00-([0-9a-f]{32})-([0-9a-f]{16})-0[13]/) ?? [];
    const byId = new Map(sink.spans.map((span) => [span.spanId, span]));
    const chain = [];
    const inner = sink.spans.find((span) => span.kind === 2 && span.parentSpanId === spanId);
    for (let span = inner; span; span = byId.get(span.parentSpanId)) chain.push([span.kind, span.traceId === traceId]);
    // The inner server, the client that asked it, the outer server, and the client that asked that.
    expect(chain).toEqual([
      [2, true],
      [3, true],
      [2, true],
      [3, true],
    ]);
    // Nothing of what telemetry itself sends.
    expect(sink.spans).toHaveLength(4);
    expect(sink.spans[0]?.resource['service.name']).toBe('throughline-repository');
  },
);

test('a module of Node that was imported before is patched too, and given back at shutdown [F19]', async () => {
  const { code, stdout, stderr } = await run('patched.mjs').ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({ patched: true, restored: true });
});
