import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import type { Batch } from '../../core/batch.js';
import type { Diagnostic } from '../../core/options.js';
import type { Transport } from '../../core/ports.js';
import { baggagePropagator } from '../../core/propagation/baggage.js';
import { traceContextPropagator } from '../../core/propagation/trace-context.js';
import type { Telemetry } from '../../core/telemetry-handle.js';
import { exportRequestToJson } from '../../core/wire/export-request-to-json.js';
import { healthHandler } from './health-handler.js';
import type { NodeOptions } from './node-options.js';
import { defaultServiceName } from './resource/default-service-name.js';
import { start } from './start.js';

const started: Telemetry[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((telemetry) => telemetry.shutdown({ timeoutMs: 50 })));
});

/** Beside the program's own telemetry, and listening to no signal of the test runner. */
function startAlone(options: NodeOptions) {
  const diagnostics: Diagnostic[] = [];
  const telemetry = start({
    global: false,
    signals: false,
    env: {},
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    ...options,
  });
  started.push(telemetry);
  return { telemetry, diagnostics };
}

interface SentSpan {
  readonly name: string;
  readonly attributes?: readonly { readonly key: string; readonly value: object }[];
}

/** A way out that keeps what it is given, as OTLP/JSON. */
function keeping() {
  const requests: { resource: Record<string, unknown>; spans: SentSpan[] }[] = [];
  const transport: Transport = {
    destination: 'kept',
    async send({ signal, bytes }: Batch) {
      for (const { resource, scopeSpans } of JSON.parse(exportRequestToJson(signal, bytes)).resourceSpans)
        requests.push({
          resource: Object.fromEntries(
            resource.attributes.map(({ key, value }: { key: string; value: object }) => [key, Object.values(value)[0]]),
          ),
          spans: scopeSpans.flatMap(({ spans }: { spans: SentSpan[] }) => spans),
        });
      return { kind: 'accepted', rejectedItems: 0 };
    },
  };
  return { transport, requests };
}

test('what start() is told wins over the environment, which wins over the defaults [F4]', async () => {
  const { transport, requests } = keeping();
  const { telemetry, diagnostics } = startAlone({
    serviceName: 'told',
    resource: { team: 'told' },
    spanLimits: { attributeCountLimit: 2 },
    destinations: transport,
    env: {
      OTEL_SERVICE_NAME: 'environment',
      OTEL_RESOURCE_ATTRIBUTES: 'team=environment,zone=environment',
      OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '1',
      OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '3',
      OTEL_TRACES_SAMPLER: 'always_on',
      OTEL_NODE_RESOURCE_DETECTORS: 'os',
    },
  });
  telemetry.tracer.startSpan('work', { attributes: { a: 'abcdef', b: 1, c: 2 } }).end();
  expect(await telemetry.flush()).toBe(true);
  expect(diagnostics).toEqual([]);
  expect(requests[0]?.resource).toMatchObject({ 'service.name': 'told', team: 'told', zone: 'environment' });
  expect(requests[0]?.resource).toHaveProperty(['os.type']);
  expect(requests[0]?.resource).not.toHaveProperty(['process.pid']);
  expect(requests[0]?.spans[0]?.attributes).toEqual([
    { key: 'a', value: { stringValue: 'abc' } },
    { key: 'b', value: { intValue: '1' } },
  ]);
});

test('a detector of the program’s own wins over the runtime’s', async () => {
  const { transport, requests } = keeping();
  const { telemetry } = startAlone({
    destinations: transport,
    resourceDetectors: [{ name: 'own', detect: async () => ({ 'host.name': 'own' }) }],
  });
  telemetry.tracer.startSpan('work').end();
  await telemetry.flush();
  expect(requests[0]?.resource).toMatchObject({ 'host.name': 'own', 'process.pid': String(process.pid) });
});

test('the name of the service is the strongest that anybody says; the package’s is only a guess [F4]', async () => {
  const nameOf = async (options: NodeOptions) => {
    const { transport, requests } = keeping();
    const { telemetry } = startAlone({ ...options, destinations: transport });
    telemetry.tracer.startSpan('work').end();
    await telemetry.flush();
    return requests[0]?.resource['service.name'];
  };
  const env = { OTEL_SERVICE_NAME: 'environment' };
  const resource = { 'service.name': 'attribute' };
  const resourceDetectors = [{ name: 'own', detect: () => ({ 'service.name': 'detected' }) }];
  expect(await nameOf({ serviceName: 'option', resource, env, resourceDetectors })).toBe('option');
  expect(await nameOf({ resource, env, resourceDetectors })).toBe('attribute');
  expect(await nameOf({ env, resourceDetectors })).toBe('environment');
  expect(await nameOf({ resourceDetectors })).toBe('detected');
  expect(await nameOf({})).toBe(defaultServiceName());
});

test('what an option leaves undefined the environment still says', async () => {
  const { transport, requests } = keeping();
  const { telemetry } = startAlone({
    destinations: transport,
    resource: { 'service.namespace': undefined },
    batch: { maxItems: undefined },
    spanLimits: { attributeCountLimit: undefined },
    env: {
      OTEL_RESOURCE_ATTRIBUTES: 'service.namespace=shop',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1',
      OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '1',
    },
  });
  telemetry.tracer.startSpan('first', { attributes: { a: 1, b: 2 } }).end();
  telemetry.tracer.startSpan('second').end();
  await telemetry.flush();
  expect(requests.map(({ spans }) => spans.length)).toEqual([1, 1]);
  expect(requests[0]?.resource).toMatchObject({ 'service.namespace': 'shop' });
  expect(requests[0]?.spans[0]?.attributes).toHaveLength(1);
});

test('an address may be a URL object; one that is neither is named', async () => {
  for (const protocol of ['http/protobuf', 'grpc'] as const) {
    const endpoint = new URL('http://localhost:4999');
    const [destination] = startAlone({ endpoint, protocol }).telemetry.status().destinations;
    expect(destination?.destination).toMatch(/^http:\/\/localhost:4999\/?$/);
    const { diagnostics } = startAlone({ endpoint: {} as unknown as string, protocol });
    expect(diagnostics).toEqual([expect.objectContaining({ code: 'bad-endpoint' })]);
  }
});

test('a propagator of the program’s own that throws stops neither the request nor the other formats', () => {
  const fail = () => {
    throw new Error('broken');
  };
  const { telemetry, diagnostics } = startAlone({
    global: true,
    propagators: [traceContextPropagator, { inject: fail, extract: fail, fields: fail }, baggagePropagator],
  });
  const carrier: Record<string, string> = {};
  telemetry.measure('work', () => propagation.inject(context.active(), carrier));
  expect(carrier.traceparent).toMatch(/^00-/);
  expect(trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier))).toMatchObject({ isRemote: true });
  expect(propagation.fields()).toEqual(['traceparent', 'tracestate', 'baggage']);
  expect(diagnostics).toEqual([
    { level: 'warn', code: 'propagator-failed', message: expect.stringContaining('broken') },
  ]);
});

test('no option and no variable, however wrong, stops the program [F2]', () => {
  const wrong = {
    endpoint: 'nonsense',
    sampler: 5,
    propagators: 'tracecontext',
    instrumentations: [undefined, {}],
    resourceDetectors: [{ name: 'broken', detect: () => JSON.parse('{') }],
    batch: { maxItems: 'many' },
    env: { OTEL_BSP_MAX_QUEUE_SIZE: 'x', OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere', OTEL_PROPAGATORS: '?' },
  } as unknown as NodeOptions;
  const { telemetry, diagnostics } = startAlone(wrong);
  expect(telemetry.measure('work', () => 42)).toBe(42);
  expect(diagnostics.length).toBeGreaterThan(0);
});

test('an address without a scheme gets one sentence that says what to write [F5]', () => {
  const { diagnostics } = startAlone({ endpoint: 'collector:4318' });
  expect(diagnostics).toEqual([
    expect.objectContaining({ level: 'error', message: expect.stringContaining('write "http://collector:4318"') }),
  ]);
});

test('OTEL_LOG_LEVEL says from which level on telemetry speaks', () => {
  const speaks = (OTEL_LOG_LEVEL: string) =>
    startAlone({ env: { OTEL_LOG_LEVEL, OTEL_BSP_SCHEDULE_DELAY: 'soon' } }).diagnostics.length;
  expect([speaks('none'), speaks('error'), speaks('warn'), speaks('DEBUG')]).toEqual([0, 0, 1, 1]);
});

test('the health handler of a telemetry whose collector is away says degraded, and why [F23 F16]', async () => {
  const transport: Transport = { destination: 'away', send: async () => ({ kind: 'retry', reason: 'nobody answers' }) };
  const { telemetry } = startAlone({ destinations: transport });
  const server = createServer(healthHandler(telemetry, { degradedStatus: 503 })).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const ask = () => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(await (await ask()).json()).toMatchObject({ status: 'healthy', lastExport: null });
    telemetry.tracer.startSpan('work').end();
    expect(await telemetry.flush({ timeoutMs: 20 })).toBe(false);
    const answer = await ask();
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      status: 'degraded',
      queue: { items: 1 },
      lastError: { message: 'nobody answers' },
      destinations: [{ destination: 'away', reachable: false }],
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
