import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterAll, expect, test } from 'vitest';
import { createTestAuthority } from '../../../testkit/src/test-certificates.js';
import { decodeLogRequests } from './decode-logs.js';
import { decodeRequests } from './decode-requests.js';
import { receiver, spansOf, started } from './started-by-environment.js';

/*
 * The variables of the specification ("Environment Variable Specification"), each by what it changes in the bytes that a receiver gets
 * or in what the program sees; `start()` is given them in place of `process.env`.
 */

const folder = mkdtempSync(join(tmpdir(), 'throughline-environment-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('OTEL_RESOURCE_ATTRIBUTES is in the resource, percent-decoded, and what the program says wins over it', async () => {
  const sink = await receiver();
  const { telemetry } = started(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=from-attributes, team = a%2Cb%20%3D%20c,host.name=given,program=no',
    },
    { resource: { program: 'yes' } },
  );
  telemetry.tracer.startSpan('x').end();
  expect(await telemetry.flush()).toBe(true);
  expect(spansOf(sink)[0]!.resource.attributes).toMatchObject({
    'service.name': 'from-attributes',
    team: 'a,b = c',
    'host.name': 'given',
    program: 'yes',
  });
});

test('OTEL_SERVICE_NAME names the service, over OTEL_RESOURCE_ATTRIBUTES and below the program', async () => {
  const sink = await receiver();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_SERVICE_NAME: 'from-name',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=from-attributes',
  };
  for (const options of [{}, { serviceName: 'from-program' }]) {
    const { telemetry } = started(env, options);
    telemetry.tracer.startSpan('x').end();
    await telemetry.flush();
  }
  expect(spansOf(sink).map(({ resource }) => resource.attributes['service.name'])).toEqual([
    'from-name',
    'from-program',
  ]);
});

test('OTEL_LOG_LEVEL says from which level on telemetry speaks about itself', () => {
  // A variable that cannot be read is a warning.
  const said = (level?: string) =>
    started({ OTEL_TRACES_EXPORTER: 'none', OTEL_BSP_SCHEDULE_DELAY: 'soon', ...(level && { OTEL_LOG_LEVEL: level }) })
      .diagnostics.length;
  expect([said(), said('info'), said('WARN'), said('error'), said('none')]).toEqual([1, 1, 1, 0, 0]);
});

test('OTEL_PROPAGATORS are the formats that requests carry, none of them with none', async () => {
  const carrierOf = async (names?: string) => {
    const { telemetry } = started(
      { OTEL_TRACES_EXPORTER: 'none', ...(names && { OTEL_PROPAGATORS: names }) },
      { global: true },
    );
    const carrier: Record<string, string> = {};
    telemetry.measure('x', () =>
      propagation.inject(
        propagation.setBaggage(context.active(), propagation.createBaggage({ a: { value: '1' } })),
        carrier,
      ),
    );
    await telemetry.shutdown();
    return Object.keys(carrier).sort();
  };
  expect(await carrierOf()).toEqual(['baggage', 'traceparent']);
  expect(await carrierOf('b3')).toEqual(['b3']);
  expect(await carrierOf('b3multi, jaeger')).toEqual([
    'uber-trace-id',
    'uberctx-a',
    'x-b3-sampled',
    'x-b3-spanid',
    'x-b3-traceid',
  ]);
  expect(await carrierOf('xray,ottrace')).toEqual([
    'ot-baggage-a',
    'ot-tracer-sampled',
    'ot-tracer-spanid',
    'ot-tracer-traceid',
    'x-amzn-trace-id',
  ]);
  expect(await carrierOf('none')).toEqual([]);
});

test('OTEL_BSP_* set how large and how old a batch gets, how much waits and how long for an answer', async () => {
  const sink = await receiver();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url };
  const sized = started({ ...env, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '3', OTEL_BSP_SCHEDULE_DELAY: '60000' }).telemetry;
  for (let i = 0; i < 7; i++) sized.tracer.startSpan('sized').end();
  await sink.arrived(2);
  expect(sink.received.map(({ body }) => decodeRequests([body]).length)).toEqual([3, 3]);
  // The seventh waits for its time, which is a minute.
  await expect.poll(() => sized.status().queued.items).toBe(1);
  await sized.flush();

  const aged = started({ ...env, OTEL_BSP_SCHEDULE_DELAY: '20' }).telemetry;
  aged.tracer.startSpan('aged').end();
  await sink.arrived(4);
  expect(spansOf(sink).at(-1)!.name).toBe('aged');

  sink.answers.push({ silent: true });
  const waiting = started({ ...env, OTEL_BSP_EXPORT_TIMEOUT: '150', OTEL_BSP_MAX_QUEUE_SIZE: '10' });
  for (let i = 0; i < 25; i++) waiting.telemetry.tracer.startSpan('waiting').end();
  await expect.poll(() => waiting.telemetry.status().lastError?.message).toContain('150 ms');
  const { queued, dropped, sent } = waiting.telemetry.status();
  expect(queued.items).toBeLessThanOrEqual(10);
  expect(queued.items + dropped['queue-full'] + sent.traces).toBe(25);
});

test('OTEL_BLRP_* set how log records are batched, apart from the rest', async () => {
  const sink = await receiver();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url };
  const logsOf = () => sink.received.filter(({ path }) => path.startsWith('/v1/logs'));
  const sized = started({ ...env, OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '3', OTEL_BLRP_SCHEDULE_DELAY: '60000' }).telemetry;
  for (let i = 0; i < 7; i++) {
    sized.logger.emit({ body: 'sized' });
    sized.tracer.startSpan('not sized').end();
  }
  await sink.arrived(2);
  expect(logsOf().map(({ body }) => decodeLogRequests([body]).length)).toEqual([3, 3]);
  // A log record that waits for its minute, and spans that wait as spans do.
  await expect.poll(() => sized.status().queued.items).toBe(8);
  expect(sized.status()).toMatchObject({ sent: { logs: 6, traces: 0 }, destinations: [{ reachable: true }] });
  expect(await sized.flush()).toBe(true);
  expect(sized.status()).toMatchObject({ sent: { logs: 7, traces: 7 }, queued: { items: 0 } });

  const before = sink.received.length;
  const aged = started({ ...env, OTEL_BLRP_SCHEDULE_DELAY: '20', OTEL_BSP_SCHEDULE_DELAY: '60000' }).telemetry;
  aged.tracer.startSpan('waits').end();
  aged.logger.emit({ body: 'aged' });
  await sink.arrived(before + 1);
  expect(decodeLogRequests([sink.received.at(-1)!.body])[0]!.body).toBe('aged');

  // Two are under way, nobody answers, and of the rest ten may wait.
  for (let i = 0; i < 20; i++) sink.answers.push({ silent: true });
  const waiting = started({ ...env, OTEL_BLRP_EXPORT_TIMEOUT: '150', OTEL_BLRP_MAX_QUEUE_SIZE: '10' });
  for (let i = 0; i < 25; i++) waiting.telemetry.logger.emit({ body: 'waiting' });
  waiting.telemetry.tracer.startSpan('has room').end();
  await expect.poll(() => waiting.telemetry.status().lastError?.message).toContain('150 ms');
  const { queued, dropped, sent } = waiting.telemetry.status();
  expect(queued.items).toBeLessThanOrEqual(11);
  expect(queued.items + dropped['queue-full'] + sent.logs).toBe(26);
  // What the program says of batches holds for all of them.
  const told = started(
    { ...env, OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '3' },
    { batch: { maxItems: 5, maxAgeMs: 60_000 } },
  ).telemetry;
  for (let i = 0; i < 4; i++) told.logger.emit({ body: 'told' });
  expect(told.status().queued.items).toBe(4);
});

test('OTEL_CONFIG_FILE is a file that says everything, and no other variable says anything beside it', async () => {
  const sink = await receiver();
  const file = join(folder, 'otel.yaml');
  writeFileSync(
    file,
    `file_format: "1.0"
resource: { attributes: [{ name: service.name, value: "\${NAME}" }] }
propagator: { composite: [{ b3: }] }
tracer_provider:
  processors: [{ simple: { exporter: { otlp_http: { endpoint: ${sink.url}/v1/traces } } } }]
`,
  );
  const ignored = {
    OTEL_SDK_DISABLED: 'true',
    OTEL_SERVICE_NAME: 'ignored',
    OTEL_RESOURCE_ATTRIBUTES: 'ignored=yes',
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_TRACES_SAMPLER: 'always_off',
    OTEL_BSP_SCHEDULE_DELAY: 'soon',
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '0',
  };
  const { telemetry, diagnostics } = started({ ...ignored, OTEL_CONFIG_FILE: file, NAME: 'from-file' });
  telemetry.tracer.startSpan('x', { attributes: { kept: true } }).end();
  telemetry.meter.createCounter('not asked for').add(1);
  expect(await telemetry.flush()).toBe(true);
  const [span, ...others] = spansOf(sink);
  expect(span).toMatchObject({ attributes: { kept: true }, resource: { attributes: { 'service.name': 'from-file' } } });
  expect([others, span!.resource.attributes.ignored, diagnostics]).toEqual([[], undefined, []]);
  // What the program says counts over the file.
  const told = started({ OTEL_CONFIG_FILE: file }, { serviceName: 'from-program', endpoint: sink.url });
  told.telemetry.tracer.startSpan('y').end();
  expect(await told.telemetry.flush()).toBe(true);
  expect(spansOf(sink).at(-1)!.resource.attributes['service.name']).toBe('from-program');

  // A file that cannot be used is named by its lines, and nothing is recorded: where to is not known.
  writeFileSync(file, 'file_format: "1.0"\ntracer_provider:\n  procesors: []\n');
  const wrong = started({ OTEL_CONFIG_FILE: file });
  expect(wrong.telemetry.tracer.startSpan('z').isRecording()).toBe(false);
  expect(wrong.diagnostics).toEqual([
    expect.objectContaining({ level: 'error', code: 'bad-configuration' }),
    expect.objectContaining({
      message: `${file}:3: tracer_provider.procesors is not known; did you mean processors?`,
    }),
  ]);
});

test('OTEL_EXPORTER_OTLP_* say where to, how, with what headers, certificates and patience', async () => {
  const authority = createTestAuthority();
  const pem = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const client = authority.issue({ hosts: ['client'] });
  const tls = { ...authority.issue(), clientCa: authority.cert };
  const secure = await receiver({ protocol: 'http1', tls });
  const grpc = await receiver({ protocol: 'grpc', tls });
  const general = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${secure.url}/base`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-token=a%20b,x-both=general',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_CERTIFICATE: pem('ca.pem', authority.cert),
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: pem('cert.pem', client.cert),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: pem('key.pem', client.key),
  };
  const send = async (env: Record<string, string>): Promise<void> => {
    const { telemetry } = started({ ...general, ...env });
    telemetry.tracer.startSpan('x', { attributes: { long: 'x'.repeat(5_000) } }).end();
    expect([await telemetry.flush(), telemetry.status().lastError]).toEqual([true, undefined]);
  };

  await send({});
  expect(secure.received.at(-1)).toMatchObject({
    path: expect.stringMatching(/^\/base\/v1\/traces(\?|$)/),
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'x-token': 'a b',
      'x-both': 'general',
    },
  });
  // Each form for traces wins over its general one, and an address for traces is used as it stands.
  await send({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${secure.url}/elsewhere`,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-both=traces',
    OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: 'none',
  });
  const request = secure.received.at(-1)!;
  expect(request.path).toMatch(/^\/elsewhere(\?|$)/);
  expect(request.headers).toMatchObject({ 'content-type': 'application/json', 'x-both': 'traces' });
  expect(request.headers).not.toHaveProperty('content-encoding');
  expect(JSON.parse(Buffer.from(request.body).toString()).resourceSpans[0].scopeSpans[0].spans[0].name).toBe('x');

  await send({ OTEL_EXPORTER_OTLP_ENDPOINT: grpc.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
  expect(grpc.received.at(-1)).toMatchObject({
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    headers: { 'x-token': 'a b', 'grpc-encoding': 'gzip' },
  });
  expect(spansOf(grpc).map(({ name }) => name)).toEqual(['x']);

  secure.answers.push({ silent: true });
  const impatient = started({
    ...general,
    OTEL_EXPORTER_OTLP_TIMEOUT: '9000',
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '120',
  });
  impatient.telemetry.tracer.startSpan('x').end();
  void impatient.telemetry.flush();
  await expect.poll(() => impatient.telemetry.status().lastError?.message).toContain('120 ms');
});

test('OTEL_EXPORTER_OTLP_INSECURE decides for a gRPC address without a scheme', async () => {
  const grpc = await receiver({ protocol: 'grpc' });
  const send = async (insecure: string) => {
    const { telemetry } = started({
      OTEL_EXPORTER_OTLP_ENDPOINT: `127.0.0.1:${grpc.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_INSECURE: insecure,
    });
    telemetry.tracer.startSpan('x').end();
    return telemetry.flush({ timeoutMs: 1_500 });
  };
  expect([await send('true'), await send('false')]).toEqual([true, false]);
});

const attributes = { one: 'abcdef', two: ['abcdef', 'x'], three: 'abc' };
const link = {
  context: trace.getSpanContext(
    trace.setSpanContext(ROOT_CONTEXT, { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
  )!,
};

test.each([
  ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', '2', { span: 2, droppedAttributes: 1, event: 3, link: 3 }],
  ['OTEL_ATTRIBUTE_COUNT_LIMIT', '2', { span: 2, droppedAttributes: 1, event: 2, link: 2 }],
  ['OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', '1', { span: 3, event: 1, link: 3 }],
  ['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', '1', { span: 3, event: 3, link: 1 }],
  ['OTEL_SPAN_EVENT_COUNT_LIMIT', '1', { events: 1, droppedEvents: 1, links: 2, droppedLinks: 0 }],
  ['OTEL_SPAN_LINK_COUNT_LIMIT', '1', { events: 2, droppedEvents: 0, links: 1, droppedLinks: 1 }],
  ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', '4', { one: 'abcd', two: ['abcd', 'x'], droppedAttributes: 0 }],
  ['OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', '5', { one: 'abcde', two: ['abcde', 'x'], droppedAttributes: 0 }],
] as const)('%s is kept to on the wire', async (variable, value, expected) => {
  const sink = await receiver();
  const { telemetry } = started({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, [variable]: value });
  const span = telemetry.tracer.startSpan('x', { attributes });
  for (const name of ['e1', 'e2']) span.addEvent(name, attributes).addLink({ ...link, attributes });
  span.end();
  await telemetry.flush();
  const [sent] = spansOf(sink);
  const { events, links, ...counts } = sent!;
  const count = (of: object | undefined) => Object.keys(of ?? {}).length;
  expect({
    ...counts,
    ...sent!.attributes,
    span: count(sent!.attributes),
    event: count(events[0]?.attributes),
    link: count(links[0]?.attributes),
    events: events.length,
    links: links.length,
  }).toMatchObject(expected);
});

test.each([
  ['OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT', '2', { one: 'abcdef', two: ['abcdef', 'x'] }],
  ['OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT', '4', { one: 'abcd', two: ['abcd', 'x'], three: 'abc' }],
] as const)('%s is kept to by log records on the wire', async (variable, value, expected) => {
  const sink = await receiver();
  const { telemetry } = started({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, [variable]: value });
  telemetry.logger.emit({ body: 'x', attributes });
  await telemetry.flush();
  expect(decodeLogRequests(sink.received.map(({ body }) => body))[0]!.attributes).toEqual(expected);
});

test('OTEL_TRACES_SAMPLER_ARG is the share of the ratio samplers, and an unusable one is named', async () => {
  const sink = await receiver();
  const kept = async (env: Record<string, string>) => {
    const { telemetry, diagnostics } = started({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, ...env });
    let sampled = 0;
    for (let i = 0; i < 400; i++) sampled += telemetry.tracer.startSpan('x').spanContext().traceFlags & 1;
    return { sampled, said: diagnostics.map(({ message }) => message).join() };
  };
  for (const OTEL_TRACES_SAMPLER of ['traceidratio', 'parentbased_traceidratio']) {
    // Mean 100, standard deviation 8.7.
    const quarter = await kept({ OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG: '0.25' });
    expect(Math.abs(quarter.sampled - 100)).toBeLessThan(61);
    expect((await kept({ OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG: '0' })).sampled).toBe(0);
    expect(await kept({ OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG: 'some' })).toEqual({
      sampled: 400,
      said: expect.stringContaining('OTEL_TRACES_SAMPLER_ARG'),
    });
  }
});
