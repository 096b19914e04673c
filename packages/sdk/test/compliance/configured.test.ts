import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { context, propagation, ROOT_CONTEXT, type TextMapPropagator, trace } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { type OtlpSink, otlpSink } from '../../../testkit/src/otlp-sink.js';
import type { LogRecordExporter } from '../../src/core/logs/log-record-exporter.js';
import type { ResourceMetrics } from '../../src/core/metrics/metric-data.js';
import type { Diagnostic } from '../../src/core/options.js';
import type { SpanExporter } from '../../src/core/trace/span-exporter.js';
import {
  ConfigurationError,
  createFromConfiguration,
  type PluginComponentProvider,
  type PluginComponents,
  parseConfigurationYaml,
  registerComponentProvider,
} from '../../src/runtimes/node/configuration/index.js';
import type { NodeOptions } from '../../src/runtimes/node/index.js';
import { decodeLogRequests } from './decode-logs.js';
import { decodeMetricRequests } from './decode-metrics.js';
import { decodeRequests } from './decode-requests.js';

/* Specification "Configuration SDK", Create: what a model comes to, seen at a receiver. */

const ending: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function receiver(): Promise<OtlpSink> {
  const sink = await otlpSink({ protocol: 'http1' });
  ending.push(() => sink.close());
  return sink;
}

function created(text: string, options: NodeOptions = {}) {
  const diagnostics: Diagnostic[] = [];
  const components = createFromConfiguration(parseConfigurationYaml(`file_format: "1.0"\n${text}`, { env: {} }), {
    signals: false,
    global: false,
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    ...options,
  });
  ending.push(() => components.telemetry.shutdown({ timeoutMs: 0 }));
  return { ...components, diagnostics };
}

function registered<T extends keyof PluginComponents>(
  type: T,
  name: string,
  createComponent: PluginComponentProvider<T>['createComponent'],
): void {
  ending.push(registerComponentProvider({ type, name, createComponent }));
}

const exporting = (sink: OtlpSink, signal: string, more = '') =>
  `otlp_http: { endpoint: ${sink.url}/v1/${signal}${more} }`;

const of = (sink: OtlpSink, signal: string) =>
  sink.received.filter(({ path }) => path.startsWith(`/v1/${signal}`)).map(({ body }) => body);

test('a configuration becomes a running SDK: three signals, each by its own exporter, of one resource', async () => {
  const sink = await receiver();
  const { telemetry, tracerProvider, meterProvider, loggerProvider, diagnostics } = created(`
resource:
  attributes_list: team=a%2Cb,service.name=listed
  attributes:
    - { name: service.name, value: configured }
    - { name: replicas, value: 3, type: int }
  detection/development:
    attributes: { included: [host.*] }
    detectors: [{ host: }, { process: }]
tracer_provider:
  processors: [{ batch: { exporter: { ${exporting(sink, 'traces', ', headers: [{ name: x-a, value: b }], headers_list: "x-a=list,x-c=d", compression: gzip')} } } }]
meter_provider:
  readers: [{ periodic: { exporter: { ${exporting(sink, 'metrics')} } } }]
logger_provider:
  processors: [{ batch: { exporter: { ${exporting(sink, 'logs')} } } }]
`);
  tracerProvider
    .getTracer('t')
    .startSpan('span', { attributes: { long: 'x'.repeat(3_000) } })
    .end();
  meterProvider.getMeter('m').createCounter('counter').add(2);
  loggerProvider.getLogger('l').emit({ body: 'record' });
  expect(await telemetry.flush()).toBe(true);
  const [span] = decodeRequests(of(sink, 'traces'));
  expect(span).toMatchObject({ name: 'span', scope: { name: 't' } });
  expect(span!.resource.attributes).toMatchObject({ 'service.name': 'configured', team: 'a,b', replicas: 3n });
  expect(span!.resource.attributes).toHaveProperty('host.name');
  expect(span!.resource.attributes).not.toHaveProperty('process.pid');
  expect(decodeMetricRequests(of(sink, 'metrics'))).toMatchObject([{ name: 'counter' }]);
  expect(decodeLogRequests(of(sink, 'logs'))).toMatchObject([{ body: 'record', scope: { name: 'l' } }]);
  expect(sink.received.find(({ path }) => path.startsWith('/v1/traces'))!.headers).toMatchObject({
    'x-a': 'b',
    'x-c': 'd',
    'content-encoding': 'gzip',
  });
  expect(diagnostics).toEqual([]);
});

test('a model may come from anywhere: written in a program, put together, changed', async () => {
  const sink = await receiver();
  const { telemetry, tracerProvider } = createFromConfiguration(
    {
      ...parseConfigurationYaml('file_format: "1.0"\nresource: { attributes: [{ name: from, value: file }] }'),
      tracer_provider: {
        processors: [{ simple: { exporter: { otlp_http: { endpoint: `${sink.url}/v1/traces`, encoding: 'json' } } } }],
      },
    },
    { signals: false, global: false, resource: { program: 'too' } },
  );
  ending.push(() => telemetry.shutdown());
  tracerProvider.getTracer('t').startSpan('at once').end();
  // Simple: nobody flushes.
  await sink.arrived(1);
  const { resource } = JSON.parse(Buffer.from(sink.received[0]!.body).toString()).resourceSpans[0];
  const keys = resource.attributes.map(({ key }: { key: string }) => key);
  expect(keys).toEqual(expect.arrayContaining(['from', 'program']));
});

test('the tracer provider has the processors, limits, sampler and ids of its configuration', async () => {
  const sink = await receiver();
  const { telemetry, tracerProvider, diagnostics } = created(`
attribute_limits: { attribute_count_limit: 3 }
tracer_provider:
  processors:
    - batch: { schedule_delay: 60000, max_export_batch_size: 2, exporter: { ${exporting(sink, 'traces')} } }
    - batch: { schedule_delay: 10, exporter: { ${exporting(sink, 'traces?second')} } }
  limits: { event_count_limit: 1, attribute_value_length_limit: 4, event_attribute_count_limit: 1 }
  sampler:
    parent_based:
      root:
        composite/development:
          rule_based:
            rules:
              - attribute_values: { key: http.route, values: [/health] }
                sampler: { always_off: }
              - attribute_patterns: { key: http.route, included: ["/api/*"] }
                span_kinds: [server]
                parent: [none]
                sampler: { probability: { ratio: 1 } }
              - sampler: { always_off: }
      remote_parent_sampled: { always_off: }
  id_generator: { random: }
`);
  const tracer = tracerProvider.getTracer('t');
  const kept = (attributes: Record<string, string>, kind = 1, parent = ROOT_CONTEXT) => {
    const span = tracer.startSpan('x', { kind, attributes }, parent);
    span.addEvent('e1', { a: 1, b: 2 }).addEvent('e2', { a: 1, b: 2 }).end();
    return span.spanContext().traceFlags & 1;
  };
  const remote = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceFlags: 1,
    isRemote: true,
  });
  expect([
    kept({ 'http.route': '/health' }),
    kept({ 'http.route': '/api/x' }, 0),
    kept({ other: 'y' }),
    kept({ 'http.route': '/api/x' }, 1, remote),
    kept({ 'http.route': '/api/x', b: '12345', c: '3', d: '4' }),
    kept({ 'http.route': '/api/y' }),
  ]).toEqual([0, 0, 0, 0, 1, 1]);
  // Two are a batch, to both.
  await sink.arrived(2);
  const spans = decodeRequests(of(sink, 'traces').slice(0, 1));
  expect(spans).toHaveLength(2);
  expect(spans[0]!.attributes).toEqual({ 'http.route': '/api', b: '1234', c: '3' });
  expect(spans[0]!.events.map(({ name, attributes }) => [name, Object.keys(attributes)])).toEqual([['e2', ['a']]]);
  expect(diagnostics.map(({ message }) => message)).toEqual([
    expect.stringContaining('tracer_provider.processors[1] is batched as tracer_provider.processors[0] is'),
  ]);
  await telemetry.flush();
});

test('the meter provider has the readers, views and preferences of its configuration', async () => {
  const sink = await receiver();
  const { telemetry, meterProvider } = created(`
meter_provider:
  readers:
    - periodic:
        interval: 50
        exporter: { ${exporting(sink, 'metrics', ', temporality_preference: delta, default_histogram_aggregation: base2_exponential_bucket_histogram')} }
        cardinality_limits: { default: 3, up_down_counter: 2 }
    - pull: { exporter: { prometheus/development: { host: 127.0.0.1, port: 0, scope_info_enabled: false } } }
  views:
    - selector: { instrument_name: latency, instrument_type: histogram }
      stream: { name: renamed, aggregation: { explicit_bucket_histogram: { boundaries: [1, 10] } }, attribute_keys: { excluded: [user] } }
    - selector: { instrument_name: noise }
      stream: { aggregation: { drop: } }
  meter_configurator/development:
    meters: [{ name: "off.*", config: { enabled: false } }]
`);
  const meter = meterProvider.getMeter('m');
  meter.createHistogram('latency').record(5, { user: 'u', route: '/' });
  meter.createHistogram('other').record(5);
  meter.createCounter('noise').add(1);
  const counter = meter.createCounter('series');
  for (let i = 0; i < 9; i++) counter.add(1, { i });
  const jobs = meter.createUpDownCounter('open');
  for (let i = 0; i < 9; i++) jobs.add(1, { i });
  meterProvider.getMeter('off.this').createCounter('unheard').add(1);
  // Nobody flushes: it is collected at its interval.
  await sink.arrived(1);
  const metrics = new Map(decodeMetricRequests(of(sink, 'metrics').slice(0, 1)).map((metric) => [metric.name, metric]));
  expect([...metrics.keys()].sort()).toEqual(['open', 'other', 'renamed', 'series']);
  expect(metrics.get('renamed')!.histogram).toMatchObject({ aggregationTemporality: 1 });
  expect(metrics.get('renamed')!.points[0]).toMatchObject({ explicitBounds: [1, 10] });
  expect(
    JSON.stringify(metrics.get('renamed')!.points[0], (_, value) =>
      typeof value === 'bigint' ? Number(value) : value,
    ),
  ).not.toContain('"u"');
  expect(metrics.get('other')).toHaveProperty('exponentialHistogram');
  expect(metrics.get('series')!.points).toHaveLength(3);
  // Never delta, so it is told at each collection.
  const open = new Set(metrics.get('open')!.points.map(({ attributes }) => String(Object.entries(attributes))));
  expect([...open]).toEqual(['i,0', 'otel.metric.overflow,true']);
  await telemetry.flush();
});

test('the logger provider has the processors, limits and loggers of its configuration', async () => {
  const sink = await receiver();
  const { telemetry, loggerProvider } = created(`
logger_provider:
  processors: [{ batch: { schedule_delay: 60000, max_export_batch_size: 2, exporter: { ${exporting(sink, 'logs')} } } }]
  limits: { attribute_count_limit: 1, attribute_value_length_limit: 3 }
  logger_configurator/development:
    default_config: { minimum_severity: warn }
    loggers: [{ name: "chatty.*", config: { enabled: false } }]
`);
  const logger = loggerProvider.getLogger('l');
  logger.emit({ severityNumber: 9, body: 'quiet' });
  loggerProvider.getLogger('chatty.one').emit({ severityNumber: 17, body: 'off' });
  logger.emit({ severityNumber: 13, body: 'one', attributes: { a: '12345', b: 1 } });
  logger.emit({ severityNumber: 13, body: 'two' });
  await sink.arrived(1);
  const records = decodeLogRequests(of(sink, 'logs'));
  expect(records.map(({ body }) => body)).toEqual(['one', 'two']);
  expect(records[0]!.attributes).toEqual({ a: '123' });
  await telemetry.flush();
});

test('the propagators are those of the configuration, each once, and none without', () => {
  const { propagators } = created(
    'propagator: { composite: [{ tracecontext: }, { b3: }], composite_list: "b3,baggage" }',
  );
  const carrier: Record<string, string> = {};
  const parent = propagation.setBaggage(
    trace.setSpanContext(context.active(), { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
    propagation.createBaggage({ k: { value: 'v' } }),
  );
  propagators.inject(parent, carrier, { set: (into, key, value) => Object.assign(into, { [key]: value }) });
  expect(carrier).toEqual({
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    b3: `${'a'.repeat(32)}-${'b'.repeat(16)}-1`,
    baggage: 'k=v',
  });
  expect(created('').propagators.fields()).toEqual([]);
});

test('providers of plugins are asked for the components that a file names, with their properties', async () => {
  const asked: Record<string, unknown> = {};
  const seen: Record<string, string[]> = { processor: [], spans: [], logs: [], metrics: [] };
  const collecting = (into: string[]) => ({
    export(items: readonly { name?: string; body?: unknown }[], done: (result: { code: 0 }) => void) {
      into.push(...items.map(({ name, body }) => String(name ?? body)));
      done({ code: 0 });
    },
    shutdown: async () => {},
  });
  const idle = { forceFlush: async () => {}, shutdown: async () => {} };
  const propagator: TextMapPropagator = {
    inject: (_, carrier, setter) => setter.set(carrier, 'x-own', '1'),
    extract: (given) => given,
    fields: () => ['x-own'],
  };
  registered('SpanProcessor', 'noting', (properties) => {
    asked.processor = properties;
    return { onStart: () => {}, onEnd: ({ name }) => void seen.processor!.push(name), ...idle };
  });
  registered('SpanExporter', 'collecting', (properties) => {
    asked.exporter = properties;
    return collecting(seen.spans!) as unknown as SpanExporter;
  });
  registered('LogRecordExporter', 'collecting', () => collecting(seen.logs!) as unknown as LogRecordExporter);
  registered('PushMetricExporter', 'collecting', () => ({
    export({ scopeMetrics }: ResourceMetrics, done) {
      seen.metrics!.push(...scopeMetrics.flatMap(({ metrics }) => metrics.map(({ descriptor }) => descriptor.name)));
      done({ code: 0 });
    },
    ...idle,
  }));
  registered('Sampler', 'by-name', ({ skip }) => ({
    shouldSample: (_context, _traceId, name) => ({ decision: name === skip ? 0 : 2 }),
    toString: () => 'ByName',
  }));
  registered('TextMapPropagator', 'own', () => propagator);
  registered('ResourceDetector', 'own', () => ({ name: 'own', detect: () => ({ 'own.place': 'here' }) }));
  registered('IdGenerator', 'ones', () => ({
    generateTraceId: () => '1'.repeat(32),
    generateSpanId: () => '2'.repeat(16),
  }));
  const { telemetry, tracerProvider, meterProvider, loggerProvider, propagators } = created(`
resource: { detection/development: { detectors: [{ own: }] } }
propagator: { composite: [{ own: }] }
tracer_provider:
  processors:
    - noting: { config-parameter: value, list: [1, { deep: null }] }
    - batch: { exporter: { collecting: } }
  sampler: { by-name: { skip: skipped } }
  id_generator: { ones: }
meter_provider:
  readers: [{ periodic: { exporter: { collecting: {} } } }]
logger_provider:
  processors: [{ simple: { exporter: { collecting: } } }]
`);
  const span = tracerProvider.getTracer('t').startSpan('kept');
  span.end();
  tracerProvider.getTracer('t').startSpan('skipped').end();
  meterProvider.getMeter('m').createCounter('counted').add(1);
  loggerProvider.getLogger('l').emit({ body: 'said' });
  await telemetry.flush();
  expect(asked).toEqual({ processor: { 'config-parameter': 'value', list: [1, { deep: null }] }, exporter: {} });
  expect(seen).toEqual({ processor: ['kept'], spans: ['kept'], logs: ['said'], metrics: ['counted'] });
  expect(span.spanContext()).toMatchObject({ traceId: '1'.repeat(32), spanId: '2'.repeat(16) });
  expect(propagators.fields()).toEqual(['x-own']);
});

test('a provider is registered once for its type and name, and can be taken back', () => {
  const provider = {
    type: 'Sampler',
    name: 'once',
    createComponent: () => ({ shouldSample: () => ({ decision: 2 as const }), toString: () => 'Once' }),
  } as const;
  const takeBack = registerComponentProvider(provider);
  expect(() => registerComponentProvider(provider)).toThrow('There is a Sampler called "once" already');
  // The same name of another type is another thing.
  registerComponentProvider({ type: 'ComposableSampler', name: 'once', createComponent: () => null as never })();
  takeBack();
  registerComponentProvider(provider)();
});

test('what cannot be made is named with its line, all of it, and nothing is started', () => {
  registered('Sampler', 'broken', () => {
    throw new Error('skip is missing');
  });
  const text = `file_format: "1.0"
tracer_provider:
  processors:
    - batch: { exporter: { otlp_htp: } }
    - bach: {}
    - batch:
        exporter:
          otlp_http:
            compression: zip
            headers_list: nonsense
            tls:
              ca_file: relative.pem
    - batch:
        exporter:
          otlp_grpc: { tls: { ca_file: /nowhere/ca.pem } }
  sampler:
    broken: {}
propagator:
  composite_list: b4
`;
  let thrown: unknown;
  try {
    createFromConfiguration(parseConfigurationYaml(text, { file: 'otel.yaml', env: {} }), { signals: false });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ConfigurationError);
  expect((thrown as Error).message.split('\n')).toEqual([
    'otel.yaml:4: tracer_provider.processors[0].batch.exporter.otlp_htp is no SpanExporter that is built in or registered; did you mean otlp_http?',
    'otel.yaml:5: tracer_provider.processors[1].bach is no SpanProcessor that is built in or registered; did you mean batch?',
    'otel.yaml:9: tracer_provider.processors[2].batch.exporter.otlp_http.compression is "zip"; one of gzip, br, none is expected',
    'otel.yaml:10: tracer_provider.processors[2].batch.exporter.otlp_http.headers_list must read key=value,key=value with commas and equals signs inside percent-encoded',
    'otel.yaml:12: tracer_provider.processors[2].batch.exporter.otlp_http.tls.ca_file is "relative.pem"; an absolute path is expected',
    expect.stringMatching(/^otel\.yaml:15: .*otlp_grpc\.tls\.ca_file names a file that cannot be read: ENOENT/),
    'otel.yaml:17: tracer_provider.sampler.broken could not be made: skip is missing',
    'otel.yaml:19: propagator.composite_list names "b4"; did you mean b3?',
  ]);
});

test('every file of the guide is a configuration', () => {
  const guide = readFileSync(fileURLToPath(new URL('../../../../docs/configuration.md', import.meta.url)), 'utf8');
  const files = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
  expect(files.length).toBeGreaterThan(1);
  registered('SpanExporter', 'my-exporter', () => ({
    export: (_, done) => done({ code: 0 }),
    shutdown: async () => {},
  }));
  for (const text of files) {
    const model = parseConfigurationYaml(text, { file: 'docs/configuration.md', env: { API_KEY: 'secret' } });
    const { telemetry } = createFromConfiguration(model, {
      signals: false,
      global: false,
      destinations: { copies: [] },
    });
    ending.push(() => telemetry.shutdown({ timeoutMs: 0 }));
  }
});

test('a provider that is left out does nothing, and a disabled SDK neither', async () => {
  const server = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ending.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { tracerProvider, meterProvider, telemetry } = created(`
logger_provider: { processors: [{ batch: { exporter: { otlp_http: { endpoint: "${url}/v1/logs" } } } }] }
`);
  expect(tracerProvider.getTracer('t').startSpan('x').isRecording()).toBe(false);
  meterProvider.getMeter('m').createCounter('c').add(1);
  telemetry.logger.emit({ body: 'x' });
  expect(await telemetry.flush()).toBe(true);
  expect(telemetry.status().sent).toEqual({ traces: 0, metrics: 0, logs: 1 });
  const disabled = created('disabled: true\ntracer_provider: { processors: [{ simple: { exporter: { console: } } }] }');
  expect(disabled.tracerProvider.getTracer('t').startSpan('x').isRecording()).toBe(false);
});
