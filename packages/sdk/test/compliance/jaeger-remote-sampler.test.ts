import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { afterEach, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/core/options.js';
import { alwaysOffSampler, alwaysOnSampler, parentBasedSampler } from '../../src/core/sampling/index.js';
import { jaegerRemoteSampler, start } from '../../src/runtimes/node/index.js';
import { recorded } from './recorded.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What Jaeger answers, as a server of HTTP; a number is a status without a strategy. */
async function samplingService(strategy: unknown) {
  const service = { strategy, asked: [] as string[], endpoint: '', headers: [] as unknown[] };
  const server = createServer((request, response) => {
    service.asked.push(request.url!);
    service.headers.push(request.headers);
    const { strategy } = service;
    if (typeof strategy === 'number') response.writeHead(strategy).end('no such service');
    else response.end(typeof strategy === 'string' ? strategy : JSON.stringify(strategy));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  service.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return service;
}

const share = (samplingRate: number) => ({ strategyType: 'PROBABILISTIC', probabilisticSampling: { samplingRate } });

function sampling(options: Partial<Parameters<typeof jaegerRemoteSampler>[0]>) {
  const diagnostics: Diagnostic[] = [];
  const sampler = jaegerRemoteSampler({
    serviceName: 'shop & co',
    pollingIntervalMs: 5,
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    ...options,
  });
  const { telemetry, spans } = recorded({ global: false, sampler });
  const kept = (name = 'x', count = 1) => {
    let sampled = 0;
    for (let i = 0; i < count; i++) sampled += telemetry.tracer.startSpan(name).spanContext().traceFlags & 1;
    return sampled;
  };
  return { sampler, kept, diagnostics, spans, telemetry };
}

test('JaegerRemoteSampler does as the service says, from the initial sampler on, and follows its changes', async () => {
  const service = await samplingService(share(1));
  const { kept, sampler, telemetry, spans } = sampling({
    endpoint: service.endpoint,
    initialSampler: alwaysOffSampler,
  });
  expect(kept()).toBe(0);
  await expect.poll(() => kept()).toBe(1);
  expect(service.asked[0]).toBe('/sampling?service=shop%20%26%20co');
  telemetry.tracer.startSpan('with a threshold').end();
  expect(spans()[0]!.traceState).toBe('ot=th:0');
  service.strategy = share(0.25);
  await expect.poll(() => [kept(), String(sampler)][1]).toContain('TraceIdRatioBased{0.25}');
  // Mean 100, standard deviation 8.7.
  expect(Math.abs(kept('x', 400) - 100)).toBeLessThan(61);
  // protobuf's JSON leaves zeros out.
  service.strategy = { strategyType: 'PROBABILISTIC', probabilisticSampling: {} };
  await expect.poll(() => kept()).toBe(0);
});

test('a service that does not answer is asked once, and its password is not told', async () => {
  let asked = 0;
  const silent = createTcpServer((socket) => {
    asked++;
    socket.on('error', () => {});
    closing.push(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  closing.push(() => silent.close());
  await new Promise((resolve) => silent.once('listening', resolve));
  const { kept } = sampling({
    endpoint: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    pollingIntervalMs: 0,
    initialSampler: alwaysOnSampler,
  });
  await expect.poll(() => [kept(), asked][1]).toBe(1);
  expect(kept('x', 100)).toBe(100);
  await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toBe(1);

  const secret = sampling({ endpoint: 'http://user:secret@127.0.0.1:1', initialSampler: alwaysOnSampler });
  await expect.poll(() => [secret.kept(), secret.diagnostics.length][1]).toBe(1);
  expect(secret.diagnostics[0]?.message).toContain('http://127.0.0.1:1:');
  expect(`${secret.diagnostics[0]?.message} ${secret.sampler}`).not.toContain('secret');
});

test('a rate is kept to, also over polls that change nothing', async () => {
  const service = await samplingService({ strategyType: 1, rateLimitingSampling: { maxTracesPerSecond: 0.01 } });
  const { kept, sampler } = sampling({ endpoint: `${service.endpoint}/sampling`, initialSampler: alwaysOffSampler });
  await expect.poll(() => [kept(), String(sampler)][1]).toContain('RateLimitingSampler{0.01}');
  const asked = service.asked.length;
  await expect.poll(() => [kept(), service.asked.length][1]).toBeGreaterThan(asked + 3);
  expect(kept('x', 100)).toBe(0);
  expect(service.asked.at(-1)).toBe('/sampling?service=shop%20%26%20co');
});

test('operations have strategies of their own, and at least so many traces a second', async () => {
  const service = await samplingService({
    strategyType: 'PROBABILISTIC',
    operationSampling: {
      defaultSamplingProbability: 0,
      defaultLowerBoundTracesPerSecond: 0.01,
      perOperationStrategies: [
        { operation: 'GET /all', probabilisticSampling: { samplingRate: 1 } },
        { operation: 'GET /rare', probabilisticSampling: { samplingRate: 0 } },
        { operation: 'broken', probabilisticSampling: { samplingRate: 'many' } },
        null,
      ],
    },
  });
  const { kept } = sampling({ endpoint: service.endpoint, initialSampler: alwaysOffSampler });
  await expect.poll(() => kept('GET /all')).toBe(1);
  expect([kept('GET /all', 50), kept('GET /rare', 50), kept('unknown', 50), kept('broken', 50)]).toEqual([50, 1, 0, 0]);
});

test('a service that is away, refuses or speaks nonsense is named once, and the last strategy goes on', async () => {
  const service = await samplingService(share(1));
  const { kept, diagnostics } = sampling({ endpoint: service.endpoint, initialSampler: alwaysOffSampler });
  await expect.poll(() => kept()).toBe(1);
  const nonsense = [
    'no JSON',
    null,
    [],
    share(2),
    share(-1),
    { strategyType: 'RATE_LIMITING' },
    404,
    'x'.repeat(5_000_000),
  ];
  for (const strategy of nonsense) {
    service.strategy = strategy;
    const asked = service.asked.length;
    await expect.poll(() => [kept(), service.asked.length][1]).toBeGreaterThan(asked + 1);
    expect(kept('x', 10)).toBe(10);
  }
  expect(diagnostics).toHaveLength(1);
  expect(diagnostics[0]).toMatchObject({ level: 'warn', code: 'remote-sampling' });
  expect(diagnostics[0]!.message).toContain(service.endpoint);
});

test('before spans are made nobody is asked, and later no more often than the interval', async () => {
  const service = await samplingService(share(1));
  const { kept } = sampling({ endpoint: service.endpoint, initialSampler: alwaysOnSampler, pollingIntervalMs: 60_000 });
  expect(service.asked).toEqual([]);
  kept('x', 1_000);
  await expect.poll(() => service.asked.length).toBe(1);
  kept('x', 1_000);
  expect(service.asked).toHaveLength(1);
});

test('the request for a strategy is no span and carries no trace', async () => {
  const service = await samplingService(share(1));
  const instrumentation = new HttpInstrumentation();
  const { telemetry, spans } = recorded({
    sampler: parentBasedSampler({
      root: jaegerRemoteSampler({ serviceName: 'shop', endpoint: service.endpoint, initialSampler: alwaysOnSampler }),
    }),
  });
  instrumentation.setTracerProvider(trace.getTracerProvider());
  instrumentation.enable();
  closing.push(() => instrumentation.disable());
  telemetry.measure('work', () => {});
  await expect.poll(() => service.asked.length).toBe(1);
  expect(service.headers[0]).not.toHaveProperty('traceparent');
  expect(spans().map(({ name }) => name)).toEqual(['work']);
});

test('OTEL_TRACES_SAMPLER=jaeger_remote with its arguments, alone and parent-based', async () => {
  for (const [name, followed] of [
    ['jaeger_remote', 0],
    ['parentbased_jaeger_remote', 1],
  ] as const) {
    const service = await samplingService(share(0));
    const diagnostics: Diagnostic[] = [];
    const telemetry = start({
      env: {
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_SERVICE_NAME: 'from-env',
        OTEL_TRACES_SAMPLER: name,
        OTEL_TRACES_SAMPLER_ARG: `endpoint=${service.endpoint},pollingIntervalMs=5,initialSamplingRate=1`,
      },
      global: false,
      signals: false,
      onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    });
    closing.push(() => telemetry.shutdown({ timeoutMs: 0 }));
    const sampled = () => telemetry.tracer.startSpan('x').spanContext().traceFlags & 1;
    const root = telemetry.tracer.startSpan('root');
    expect([root.spanContext().traceFlags & 1, diagnostics]).toEqual([1, []]);
    await expect.poll(sampled).toBe(0);
    expect(service.asked[0]).toBe('/sampling?service=from-env');
    const child = telemetry.tracer.startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, root));
    expect([name, child.spanContext().traceFlags & 1]).toEqual([name, followed]);
  }
});
