import { createRequire } from 'node:module';
import { context, trace } from '@opentelemetry/api';
import { logs, SeverityNumber } from '@opentelemetry/api-logs';
import { afterEach, expect, test } from 'vitest';
import { type OtlpSink, otlpSink, type SinkProtocol } from '../../../testkit/src/otlp-sink.js';
import type { Telemetry } from '../../src/core/telemetry-handle.js';
import { start } from '../../src/runtimes/node/index.js';
import { createTestTelemetry } from '../../src/runtimes/testing/index.js';
import { decodeLogRequests } from './decode-logs.js';
import { recorded } from './recorded.js';

/* The logs of the specification, through `@opentelemetry/api-logs` as libraries use it. */

const require = createRequire(import.meta.url);
/** `@opentelemetry/api` 1.10, which has a logs API of its own. */
const api110 = require('otel-api-1.10') as { logs: typeof logs };

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

test('the global provider gives loggers by name, version and schema URL, which are the scope of their records', () => {
  const rig = recorded({ serviceName: 'shop', serviceVersion: '7' });
  logs.getLogger('lib', '1.2', { schemaUrl: 'https://schema' }).emit({ body: 'a' });
  logs.getLogger('lib').emit({ body: 'b' });
  rig.telemetry.logger.emit({ body: 'c' });
  expect(rig.logs().map(({ body, scope }) => [body, scope.name, scope.version, scope.schemaUrl])).toEqual([
    ['a', 'lib', '1.2', 'https://schema'],
    ['b', 'lib', '', ''],
    ['c', 'shop', '7', ''],
  ]);
  expect(rig.logs()[0]!.resource).toMatchObject({ 'service.name': 'shop', 'service.version': '7' });
});

test('attributes of the logger are attributes of its scope, and tell it from one without', () => {
  const rig = recorded();
  logs.getLogger('lib', '1', { attributes: { tenant: 'a' } }).emit({ body: 'with' });
  logs.getLogger('lib', '1').emit({ body: 'without' });
  expect(rig.logs().map(({ body, scope }) => [body, scope.attributes])).toEqual([
    ['with', { tenant: 'a' }],
    ['without', {}],
  ]);
});

test('emit records time, severity, body, attributes and event name of a log record [S7]', () => {
  const rig = recorded();
  // The clock of a test has whole milliseconds, and begins somewhere in one.
  const before = BigInt(Date.now() - 1) * 1_000_000n;
  logs.getLogger('lib').emit({
    eventName: 'cart.full',
    severityNumber: SeverityNumber.WARN2,
    severityText: 'WARNING',
    body: { text: 'nearly full', items: [99, { sku: 'a' }] },
    attributes: { user: 'ada', retries: 3 },
    timestamp: new Date(1_600_000_000_000),
  });
  const [record] = rig.logs();
  expect(record).toMatchObject({
    eventName: 'cart.full',
    severityNumber: 14,
    severityText: 'WARNING',
    body: { text: 'nearly full', items: [99n, { sku: 'a' }] },
    attributes: { user: 'ada', retries: 3n },
    time: 1_600_000_000_000_000_000n,
  });
  expect(record!.observed >= before).toBe(true);
});

test('an event name makes a record an event', () => {
  const rig = recorded();
  logs.getLogger('lib').emit({ eventName: 'session.start' });
  expect(rig.logs()[0]!.eventName).toBe('session.start');
});

test('an exception that is given with a record becomes exception attributes, the record’s own win', () => {
  const rig = recorded();
  const error = new TypeError('no such cart');
  logs.getLogger('lib').emit({ exception: error, attributes: { 'exception.type': 'CartError' } });
  expect(rig.logs()[0]!.attributes).toEqual({
    'exception.type': 'CartError',
    'exception.message': 'no such cart',
    'exception.stacktrace': error.stack,
  });
});

test('a record carries the ids of the active span, or of the span of the context it is given [S7]', () => {
  const rig = recorded();
  const logger = logs.getLogger('lib');
  const tracer = trace.getTracer('lib');
  const other = tracer.startSpan('other');
  tracer.startActiveSpan('active', (span) => {
    logger.emit({ body: 'in it' });
    logger.emit({ body: 'elsewhere', context: trace.setSpan(context.active(), other) });
    span.end();
  });
  logger.emit({ body: 'outside' });
  const active = rig.span('active');
  const record = (body: string) => rig.logs().find((one) => one.body === body)!;
  expect(record('in it')).toMatchObject({ traceId: active.traceId, spanId: active.spanId });
  expect(record('in it').time >= active.start && record('in it').time <= active.end).toBe(true);
  expect(record('elsewhere')).toMatchObject(other.spanContext() && { spanId: other.spanContext().spanId });
  expect(record('outside')).toMatchObject({ traceId: '', spanId: '' });
});

test('enabled says whether a record of this kind would be kept', async () => {
  const rig = recorded();
  const logger = logs.getLogger('lib');
  expect(logger.enabled({ severityNumber: SeverityNumber.DEBUG, eventName: 'x' })).toBe(true);
  await rig.telemetry.shutdown();
  expect(logger.enabled()).toBe(false);
});

test('after shutdown no logger records, and both places of the logs API are free again', async () => {
  const rig = recorded();
  const logger = logs.getLogger('lib');
  const later = api110.logs.getLogger('lib');
  logger.emit({ body: 'kept' });
  await rig.telemetry.shutdown();
  logger.emit({ body: 'lost' });
  later.emit({ body: 'lost' });
  rig.telemetry.logger.emit({ body: 'lost' });
  expect(rig.logs().map(({ body }) => body)).toEqual(['kept']);
  const own = { getLogger: () => ({ emit() {}, enabled: () => false }) };
  expect(logs.setGlobalLoggerProvider(own)).toBe(own);
  logs.disable();
  expect(api110.logs.setGlobalLoggerProvider(own)).toBe(true);
  (api110.logs as unknown as { disable(): void }).disable();
});

test('loggers of api 1.10 and of api-logs record alike, also those that were taken before the start and in an earlier telemetry', async () => {
  const early = [logs.getLogger('early-logs'), api110.logs.getLogger('early-api')];
  for (const body of ['first', 'second']) {
    const telemetry = createTestTelemetry();
    for (const logger of [...early, logs.getLogger('logs'), api110.logs.getLogger('api')]) logger.emit({ body });
    const seen = decodeLogRequests(telemetry.requests('logs'));
    await telemetry.shutdown();
    expect(seen.map((record) => [record.scope.name, record.body])).toEqual([
      ['early-logs', body],
      ['early-api', body],
      ['logs', body],
      ['api', body],
    ]);
  }
});

test('a logs SDK that stands there keeps its place, and that is said', async () => {
  const foreign = { getLogger: () => ({ emit() {}, enabled: () => true }) };
  logs.setGlobalLoggerProvider(foreign);
  const rig = recorded();
  expect(logs.getLoggerProvider()).toBe(foreign);
  expect(rig.telemetry.diagnostics.map(({ code }) => code)).toEqual(['another-logs']);
  await rig.telemetry.shutdown();
  expect(logs.getLoggerProvider()).toBe(foreign);
  logs.disable();
});

async function sentOver(protocol: SinkProtocol): Promise<{ sink: OtlpSink; telemetry: Telemetry }> {
  const sink = await otlpSink({ protocol });
  ending.push(() => sink.close());
  const telemetry = start({
    env: { OTEL_EXPORTER_OTLP_PROTOCOL: protocol === 'grpc' ? 'grpc' : 'http/protobuf' },
    endpoint: sink.url,
    signals: false,
    global: false,
  });
  ending.push(() => telemetry.shutdown({ timeoutMs: 0 }));
  telemetry.tracer.startActiveSpan('checkout', (span) => {
    telemetry.logger.emit({ severityNumber: 9, body: 'paid' });
    telemetry.logger.emit({ severityNumber: 17, body: 'not shipped' });
    span.end();
  });
  expect(await telemetry.flush()).toBe(true);
  expect(telemetry.status().sent).toEqual({ traces: 1, metrics: 0, logs: 2 });
  return { sink, telemetry };
}

/** Error records leave first. */
const bodies = (sink: OtlpSink, path: string) => {
  const requests = sink.received.filter((request) => request.path.startsWith(path));
  return decodeLogRequests(requests.map(({ body }) => body)).map(({ body }) => body);
};

test('log records leave over HTTP to /v1/logs, errors before the others, each batch with an id', async () => {
  const { sink } = await sentOver('http1');
  expect(bodies(sink, '/v1/logs?')).toEqual(['not shipped', 'paid']);
  expect(new Set(sink.received.map(({ batchId }) => batchId)).size).toBe(3);
});

test('log records leave over gRPC to the service for logs', async () => {
  const { sink } = await sentOver('grpc');
  expect(bodies(sink, '/opentelemetry.proto.collector.logs.v1.LogsService/Export')).toEqual(['not shipped', 'paid']);
});

test('flush hands over every record that was emitted and says whether it arrived', async () => {
  const { sink, telemetry } = await sentOver('http1');
  sink.answers.push({ status: 400 });
  telemetry.logger.emit({ body: 'unwanted' });
  expect(await telemetry.flush()).toBe(false);
  expect(telemetry.status().dropped.refused).toBe(1);
});
