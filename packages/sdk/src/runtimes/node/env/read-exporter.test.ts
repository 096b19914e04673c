import { expect, test } from 'vitest';
import { createEnvironment } from './environment.js';
import { readBatchLimits } from './read-batch-limits.js';
import { readEnvironment } from './read-environment.js';
import { readExporterNames, readOtlpSettings } from './read-exporter.js';
import { readResource } from './read-resource.js';

test.each([
  ['traces', 'TRACES'],
  ['metrics', 'METRICS'],
  ['logs', 'LOGS'],
] as const)('the form of an OTLP variable that names %s wins over the general one [F1 F18]', (signal, NAME) => {
  const environment = createEnvironment({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
    [`OTEL_EXPORTER_OTLP_${NAME}_ENDPOINT`]: 'https://own:4318/take',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    [`OTEL_EXPORTER_OTLP_${NAME}_PROTOCOL`]: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20general',
    [`OTEL_EXPORTER_OTLP_${NAME}_HEADERS`]: 'authorization=Bearer%20own',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem',
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: '/cert.pem',
    [`OTEL_EXPORTER_OTLP_${NAME}_CLIENT_KEY`]: '/key.pem',
    [`OTEL_EXPORTER_OTLP_${NAME}_INSECURE`]: 'true',
  });
  expect(readOtlpSettings(environment, signal)).toEqual({
    protocol: 'http/json',
    endpoint: 'http://collector:4318',
    signalEndpoint: 'https://own:4318/take',
    headers: { authorization: 'Bearer own' },
    compression: 'gzip',
    caFile: '/ca.pem',
    certFile: '/cert.pem',
    keyFile: '/key.pem',
    insecure: true,
  });
  expect(environment.diagnostics).toEqual([]);
});

test('a variable that cannot be used is named once, however many signals read it', () => {
  const environment = createEnvironment({ OTEL_EXPORTER_OTLP_PROTOCOL: 'carrier-pigeon' });
  for (const signal of ['traces', 'metrics', 'logs'] as const) readOtlpSettings(environment, signal);
  expect(environment.diagnostics).toHaveLength(1);
});

test.each([
  [undefined, undefined, 0],
  ['none', [], 0],
  ['otlp,console', ['otlp', 'console'], 0],
  ['OTLP', ['otlp'], 0],
  ['logging', ['console'], 0],
  ['pigeon', undefined, 1],
  ['pigeon,otlp', ['otlp'], 1],
  ['none,otlp', [], 1],
])('OTEL_TRACES_EXPORTER, and those of metrics and logs, =%s', (value, expected, reports) => {
  for (const signal of ['traces', 'metrics', 'logs'] as const) {
    const environment = createEnvironment({ [`OTEL_${signal.toUpperCase()}_EXPORTER`]: value });
    expect(readExporterNames(environment, signal)).toEqual(expected);
    expect(environment.diagnostics).toHaveLength(reports);
  }
});

test('OTEL_BSP_* set the size and age of batches [F7]', () => {
  const environment = createEnvironment({
    OTEL_BSP_SCHEDULE_DELAY: '0',
    OTEL_BSP_MAX_QUEUE_SIZE: '4096',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1024',
  });
  expect(readBatchLimits(environment)).toEqual({
    maxAgeMs: 0,
    maxQueueItems: 4096,
    maxItems: 1024,
  });
});

test('of the time-outs of a signal the shortest counts, and the outbox waits as long as the longest', () => {
  const { timeoutMs, batch } = readEnvironment({
    OTEL_BSP_EXPORT_TIMEOUT: '20000',
    OTEL_EXPORTER_OTLP_TIMEOUT: '7000',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '5000',
    OTEL_METRIC_EXPORT_TIMEOUT: '6000',
    OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '12000',
  });
  expect(timeoutMs).toEqual({ traces: 5000, metrics: 6000, logs: 12_000 });
  expect(batch).toEqual({ sendTimeoutMs: 12_000 });
  // Of the others the usual ten seconds.
  expect(readEnvironment({ OTEL_BLRP_EXPORT_TIMEOUT: '300' }).batch).toEqual({ sendTimeoutMs: 10_000 });
});

test('exporters are known by signal: Zipkin takes spans', () => {
  const environment = createEnvironment({ OTEL_TRACES_EXPORTER: 'zipkin,otlp', OTEL_LOGS_EXPORTER: 'zipkin' });
  expect(readExporterNames(environment, 'traces')).toEqual(['zipkin', 'otlp']);
  expect(readExporterNames(environment, 'logs')).toBeUndefined();
  expect(environment.diagnostics.map(({ message }) => message)).toEqual([
    'OTEL_LOGS_EXPORTER is ignored: the exporter "zipkin" is not one of otlp, console, none.',
  ]);
});

test('a batch is never larger than the queue', () => {
  const tooLarge = createEnvironment({ OTEL_BSP_MAX_QUEUE_SIZE: '100', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '512' });
  expect(readBatchLimits(tooLarge)).toEqual({ maxQueueItems: 100, maxItems: 100 });
  expect(tooLarge.diagnostics).toHaveLength(1);
  const byDefault = createEnvironment({ OTEL_BSP_MAX_QUEUE_SIZE: '100' });
  expect(readBatchLimits(byDefault)).toEqual({ maxQueueItems: 100, maxItems: 100 });
  expect(byDefault.diagnostics).toEqual([]);
});

test('OTEL_SERVICE_NAME wins over service.name in OTEL_RESOURCE_ATTRIBUTES [F4]', () => {
  const attributes = 'service.name=from-attributes,deployment.environment.name=staging%20eu';
  expect(readResource(createEnvironment({ OTEL_RESOURCE_ATTRIBUTES: attributes }))).toEqual({
    serviceName: 'from-attributes',
    attributes: { 'deployment.environment.name': 'staging eu' },
  });
  expect(
    readResource(createEnvironment({ OTEL_RESOURCE_ATTRIBUTES: attributes, OTEL_SERVICE_NAME: 'own' })).serviceName,
  ).toBe('own');
});
