import { type Attributes, context, type Meter, metrics, trace, ValueType } from '@opentelemetry/api';
import { afterEach, expect, test } from 'vitest';
import { otlpSink, type SinkProtocol } from '../../../testkit/src/otlp-sink.js';
import type { Batch } from '../../src/core/batch.js';
import type { SdkMeterProvider } from '../../src/core/metrics/meter-provider.js';
import type { Outcome, Transport } from '../../src/core/ports.js';
import { type NodeOptions, start } from '../../src/runtimes/node/index.js';
import { createTestClock } from '../../src/runtimes/testing/test-clock.js';
import { decodeMetricRequests } from './decode-metrics.js';
import { recorded } from './recorded.js';

/* The metrics of the specification, through `@opentelemetry/api` as libraries use it. */

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

test('the global meter provider is the one of the telemetry, and none when it is over', async () => {
  const before = metrics.getMeterProvider();
  const rig = recorded();
  expect(metrics.getMeterProvider()).not.toBe(before);
  metrics.getMeter('lib').createCounter('c').add(1);
  expect((await rig.metrics()).map(({ name }) => name)).toEqual(['c']);
  await rig.telemetry.shutdown();
  expect(metrics.getMeterProvider()).toBe(before);
});

test('each telemetry makes a meter provider of its own, with its own resource and options', async () => {
  const one = recorded({ global: false, serviceName: 'one' });
  const two = recorded({ global: false, serviceName: 'two', metricTemporality: 'delta' });
  one.telemetry.meter.createCounter('c').add(1);
  two.telemetry.meter.createCounter('c').add(2);
  const [[first], [second]] = [await one.metrics(), await two.metrics()];
  expect([first!.resource['service.name'], first!.points[0]!.asDouble]).toEqual(['one', 1]);
  expect([second!.resource['service.name'], second!.points[0]!.asDouble]).toEqual(['two', 2]);
  expect([first!.sum!.aggregationTemporality, second!.sum!.aggregationTemporality]).toEqual([2, 1]);
});

test('a meter has name, version and schema URL, which are the scope of its metrics; equal ones are one meter', async () => {
  const rig = recorded({ serviceName: 'shop', serviceVersion: '7' });
  const meter = metrics.getMeter('lib', '1.2', { schemaUrl: 'https://schema' });
  expect(metrics.getMeter('lib', '1.2', { schemaUrl: 'https://schema' })).toBe(meter);
  meter.createCounter('a').add(1);
  rig.telemetry.meter.createCounter('b').add(1);
  expect((await rig.metrics()).map(({ scope }) => [scope.name, scope.version, scope.schemaUrl])).toEqual([
    ['shop', '7', ''],
    ['lib', '1.2', 'https://schema'],
  ]);
});

test('attributes of the meter are attributes of its scope, and tell it from one without', async () => {
  const rig = recorded();
  const withTenant = { attributes: { tenant: 'a' } } as object;
  metrics.getMeter('lib', '1', withTenant).createCounter('c').add(1);
  metrics.getMeter('lib', '1').createCounter('c').add(2);
  expect((await rig.metrics()).map(({ scope, points }) => [scope.attributes, points[0]!.asDouble])).toEqual([
    [{ tenant: 'a' }, 1],
    [{}, 2],
  ]);
});

test('a meter without a name works, and its scope keeps what was given', async () => {
  const rig = recorded();
  for (const name of ['', undefined, null])
    metrics
      .getMeter(name as string)
      .createCounter('c')
      .add(1);
  const names = (await rig.metrics()).map(({ scope }) => scope.name);
  expect(new Set(names)).toEqual(new Set(['']));
});

test('counters add what is not negative, of all or by attributes [F12]', async () => {
  const rig = recorded();
  const counter = metrics.getMeter('lib').createCounter('requests');
  counter.add(1, { route: '/a' });
  counter.add(2.5, { route: '/a' });
  counter.add(4);
  counter.add(-1);
  const [metric] = await rig.metrics();
  expect(metric).toMatchObject({ kind: 'sum', sum: { isMonotonic: true, aggregationTemporality: 2 } });
  expect(metric!.points.map(({ attributes, asDouble }) => [attributes, asDouble])).toEqual([
    [{ route: '/a' }, 3.5],
    [{}, 4],
  ]);
});

test('up-down counters add in both directions and are not monotonic', async () => {
  const rig = recorded();
  const counter = metrics.getMeter('lib').createUpDownCounter('open');
  counter.add(5);
  counter.add(-7);
  const [metric] = await rig.metrics();
  expect(metric).toMatchObject({ kind: 'sum', points: [{ asDouble: -2 }] });
  expect(metric!.sum!.isMonotonic ?? false).toBe(false);
});

test('histograms count what is recorded between the bounds of the advice, else of the specification [F12 S7]', async () => {
  const rig = recorded();
  const meter = metrics.getMeter('lib');
  const own = meter.createHistogram('own', { advice: { explicitBucketBoundaries: [0.1, 1] } });
  const standard = meter.createHistogram('standard');
  for (const value of [0.1, 0.2, 5, 20_000]) {
    own.record(value);
    standard.record(value);
  }
  const [first, second] = await rig.metrics();
  expect(first).toMatchObject({
    kind: 'histogram',
    points: [
      { count: '4', sum: 20_005.3, min: 0.1, max: 20_000, explicitBounds: [0.1, 1], bucketCounts: ['1', '1', '2'] },
    ],
  });
  expect(second!.points[0]!.explicitBounds).toEqual([
    0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000,
  ]);
  expect(second!.points[0]!.bucketCounts!.map(Number)).toEqual([0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
});

test('gauges keep the last value that was recorded [F12]', async () => {
  const rig = recorded();
  const gauge = metrics.getMeter('lib').createGauge('level', { valueType: ValueType.INT });
  for (const value of [7, -3]) gauge.record(value, { tank: 'left' });
  expect(await rig.metrics()).toMatchObject([
    { kind: 'gauge', points: [{ asInt: '-3', attributes: { tank: 'left' } }] },
  ]);
});

test.each([
  ['createObservableCounter', 'sum', true],
  ['createObservableUpDownCounter', 'sum', false],
  ['createObservableGauge', 'gauge', undefined],
] as const)(
  '%s is asked at each collection, by callbacks of its own and of several instruments [F12]',
  async (create, kind, monotonic) => {
    const rig = recorded();
    const meter = metrics.getMeter('lib');
    const observable = meter[create]('own', { unit: 's' });
    const other = meter[create]('other');
    let value = 1;
    const own = (result: { observe(value: number, attributes: Attributes): void }) =>
      result.observe(value, { by: 'own' });
    observable.addCallback(own);
    meter.addBatchObservableCallback(
      async (result) => {
        result.observe(observable, value * 10, { by: 'batch' });
        result.observe(other, value * 100);
      },
      [observable, other],
    );
    for (value of [1, 2]) {
      const [first, second] = await rig.metrics();
      expect(first).toMatchObject({ name: 'own', kind, unit: 's' });
      expect(first!.sum?.isMonotonic ?? false).toBe(monotonic ?? false);
      expect(first!.points.map(({ attributes, asDouble }) => [attributes.by, asDouble])).toEqual([
        ['own', value],
        ['batch', value * 10],
      ]);
      expect(second!.points[0]!.asDouble).toBe(value * 100);
    }
    observable.removeCallback(own);
    expect((await rig.metrics())[0]!.points.map(({ attributes }) => attributes.by)).toEqual(['batch']);
  },
);

test('instruments have a name, a kind, and where they are given a unit and a description, kept as they are', async () => {
  const rig = recorded();
  const meter = metrics.getMeter('lib');
  const unit = 'x'.repeat(63);
  const description = `${'ü'.repeat(1_000)} \u{2603}`;
  meter.createCounter('Http.server_requests-total/1', { unit, description }).add(1);
  meter.createHistogram(`a${'b'.repeat(254)}`, { unit: 'By' }).record(1);
  meter.createGauge('plain').record(1);
  expect((await rig.metrics()).map(({ name, kind, unit: u, description: d }) => [name, kind, u, d])).toEqual([
    ['Http.server_requests-total/1', 'sum', unit, description],
    [`a${'b'.repeat(254)}`, 'histogram', 'By', undefined],
    ['plain', 'gauge', undefined, undefined],
  ]);
  expect(rig.telemetry.diagnostics).toEqual([]);
});

test('a name that is none is said, and the instrument works', async () => {
  const rig = recorded();
  const meter = metrics.getMeter('lib');
  for (const name of ['', '9', 'a b', 'é', `a${'b'.repeat(255)}`]) meter.createCounter(name).add(1);
  expect(await rig.metrics()).toHaveLength(5);
  expect(rig.telemetry.diagnostics.map(({ code }) => code)).toEqual(['bad-instrument']);
});

test('instruments of one name in one meter are said, work, and keep the name that was first; in two meters they are apart', async () => {
  const rig = recorded();
  const meter = metrics.getMeter('lib');
  const first = meter.createCounter('Requests', { description: 'first' });
  expect(meter.createCounter('requests', { description: 'first' })).toBe(first);
  expect(rig.telemetry.diagnostics).toEqual([]);
  first.add(1);
  meter.createCounter('requests', { description: 'second' }).add(1);
  meter.createHistogram('REQUESTS').record(1);
  expect(rig.telemetry.diagnostics.map(({ code }) => code)).toEqual(['instrument-conflict']);
  metrics.getMeter('other').createCounter('requests').add(5);
  const seen = await rig.metrics();
  expect(seen.map(({ name, kind, description, scope }) => [name, kind, description, scope.name])).toEqual([
    ['Requests', 'sum', 'first', 'lib'],
    ['Requests', 'histogram', undefined, 'lib'],
    ['requests', 'sum', undefined, 'other'],
  ]);
  expect(seen[0]!.points[0]!.asDouble).toBe(2);
});

test('meters taken, instruments made, values recorded and collected by many tasks lose and double nothing', async () => {
  const rig = recorded({ metricTemporality: 'delta' });
  const total = { added: 0, seen: 0 };
  const task = async (n: number) => {
    for (let i = 0; i < 50; i++) {
      const counter = metrics.getMeter('lib', String(n % 2)).createCounter('c');
      await Promise.resolve();
      counter.add(1, { task: n });
      total.added++;
      if (i % 10 === 0) await rig.telemetry.flush();
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, n) => task(n)));
  await rig.telemetry.flush();
  for (const { points } of decodeMetricRequests(rig.telemetry.requests('metrics')))
    for (const { asDouble } of points) total.seen += asDouble!;
  expect(total.seen).toBe(total.added);
});

test('the resource of the telemetry stands with the metrics of every meter', async () => {
  const rig = recorded({ serviceName: 'shop', resource: { 'shop.id': 7 } });
  for (const name of ['a', 'b']) metrics.getMeter(name).createCounter('c').add(1);
  const seen = await rig.metrics();
  expect(seen.map(({ scope }) => scope.name)).toEqual(['a', 'b']);
  for (const { resource } of seen) expect(resource).toMatchObject({ 'service.name': 'shop', 'shop.id': 7n });
});

test('each instrument has the aggregation the specification gives its kind', async () => {
  const rig = recorded();
  const meter: Meter = metrics.getMeter('lib');
  meter.createCounter('counter').add(1);
  meter.createUpDownCounter('upDownCounter').add(1);
  meter.createHistogram('histogram').record(1);
  meter.createGauge('gauge').record(1);
  meter.createObservableCounter('observableCounter').addCallback((result) => result.observe(1));
  meter.createObservableUpDownCounter('observableUpDownCounter').addCallback((result) => result.observe(1));
  meter.createObservableGauge('observableGauge').addCallback((result) => result.observe(1));
  const kinds = (await rig.metrics()).map(({ name, kind, sum }) => [name, kind, sum?.isMonotonic]);
  expect(kinds).toEqual([
    ['counter', 'sum', true],
    ['upDownCounter', 'sum', undefined],
    ['histogram', 'histogram', undefined],
    ['gauge', 'gauge', undefined],
    ['observableCounter', 'sum', true],
    ['observableUpDownCounter', 'sum', undefined],
    ['observableGauge', 'gauge', undefined],
  ]);
});

test('a series says since when it counts: since its first measurement, in every collection', async () => {
  const rig = recorded();
  const counter = metrics.getMeter('lib').createCounter('c');
  counter.add(1, { n: 1 });
  const [first] = await rig.metrics();
  counter.add(1, { n: 2 });
  const [second] = await rig.metrics();
  const starts = second!.points.map(({ startTimeUnixNano }) => BigInt(startTimeUnixNano!));
  expect(starts[0]).toBe(BigInt(first!.points[0]!.startTimeUnixNano!));
  expect(starts[1]! >= starts[0]!).toBe(true);
  expect(BigInt(second!.points[1]!.timeUnixNano!) >= starts[1]!).toBe(true);
});

test('beyond the cardinality limit of the telemetry all measurements of a metric are one series that says so [F14]', async () => {
  const rig = recorded({ cardinalityLimit: 5 });
  const meter = metrics.getMeter('lib');
  const [one, two] = [meter.createCounter('one'), meter.createCounter('two')];
  for (let user = 0; user < 20; user++) one.add(1, { user });
  for (let user = 0; user < 4; user++) two.add(1, { user });
  const [first, second] = await rig.metrics();
  expect(first!.points).toHaveLength(5);
  expect(first!.points[4]).toMatchObject({ asDouble: 16, attributes: { 'otel.metric.overflow': true } });
  expect(second!.points).toHaveLength(4);
});

/** A telemetry whose metrics go to a destination of the test's own. */
function sending(send: Transport['send'], options: NodeOptions = {}) {
  const telemetry = start({
    env: {},
    signals: false,
    global: false,
    destinations: { destination: 'own', send },
    onDiagnostic() {},
    ...options,
  });
  ending.push(() => telemetry.shutdown({ timeoutMs: 0 }));
  return telemetry;
}

test('a destination of the program’s own gets aggregated metrics in batches of the size it asked for and says what became of them', async () => {
  const batches: Batch[] = [];
  let outcome: Outcome = { kind: 'accepted', rejectedItems: 0 };
  const telemetry = sending(
    async (batch) => {
      batches.push(batch);
      return outcome;
    },
    { batch: { maxItems: 100 } },
  );
  const counter = telemetry.meter.createCounter('c');
  for (let i = 0; i < 1_000; i++) counter.add(1, { n: i % 500 });
  expect(await telemetry.flush()).toBe(true);
  const points = batches.flatMap(({ bytes }) => decodeMetricRequests([bytes])).flatMap((metric) => metric.points);
  expect(points.map(({ asDouble }) => asDouble)).toEqual(Array.from({ length: 500 }, () => 2));
  // A batch is sealed between pieces of a metric, which are 2 KB.
  for (const { items } of batches) expect(items).toBeLessThan(170);
  expect(batches.length).toBeGreaterThan(3);
  outcome = { kind: 'refused', reason: 'not today' };
  expect(await telemetry.flush()).toBe(false);
  expect(telemetry.status().dropped.refused).toBe(500);
});

test('a destination that does not answer does not hold a collection or a flush up', async () => {
  const telemetry = sending(() => new Promise(() => {}), { batch: { sendTimeoutMs: 50 } });
  telemetry.meter.createCounter('c').add(1);
  expect(await telemetry.flush({ timeoutMs: 200 })).toBe(false);
  telemetry.meter.createCounter('c').add(1);
  expect(await telemetry.shutdown({ timeoutMs: 200 })).toBe(false);
});

test.each<[SinkProtocol, string]>([
  ['http1', '/v1/metrics?tl-batch='],
  ['grpc', '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'],
])('metrics leave over %s to %s', async (protocol, path) => {
  const sink = await otlpSink({ protocol });
  ending.push(() => sink.close());
  const telemetry = start({
    env: { OTEL_EXPORTER_OTLP_PROTOCOL: protocol === 'grpc' ? 'grpc' : 'http/protobuf' },
    endpoint: sink.url,
    signals: false,
    global: false,
  });
  ending.push(() => telemetry.shutdown({ timeoutMs: 0 }));
  telemetry.meter.createCounter('c').add(3);
  expect(await telemetry.flush()).toBe(true);
  expect(sink.received.map((request) => request.path.startsWith(path))).toEqual([true]);
  expect(decodeMetricRequests([sink.received[0]!.body])[0]!.points[0]!.asDouble).toBe(3);
  expect(telemetry.status().sent).toEqual({ traces: 0, metrics: 1, logs: 0 });
});

test('synchronous instruments are bound to attributes, which count as if they were given each time [F12]', async () => {
  const clock = createTestClock(1_700_000_000_000);
  const rig = recorded({
    clock,
    cardinalityLimit: 3,
    metricTemporality: 'delta',
    metrics: { views: [{ instrumentName: 'viewed', attributeKeys: { included: ['a'] } }] },
  });
  const { meter } = rig.telemetry;
  const counter = meter.createCounter('c');
  const given = { a: 1 };
  const first = counter.bind(given);
  given.a = 99;
  counter.add(1, { a: 2 });
  // Beyond the limit when it is bound, and for ever.
  const beyond = counter.bind({ a: 3 });
  const viewed = meter.createUpDownCounter('viewed').bind({ a: 1, b: 2 });
  const histogram = meter.createHistogram('h', { advice: { explicitBucketBoundaries: [1] } }).bind();
  const gauge = meter.createGauge('g', { valueType: ValueType.INT }).bind({ a: 1 });
  const round = async () => {
    first.add(1);
    counter.add(1, { a: 1 });
    beyond.add(10);
    viewed.add(-1);
    histogram.record(0.5);
    gauge.record(7.9);
    await clock.advance(1_000);
    return (await rig.metrics()).map(({ name, points }) => [
      name,
      points.map(({ attributes, asDouble, asInt, count }) => [attributes, asDouble ?? asInt ?? count]),
    ]);
  };
  const expected = (own: unknown[]) => [
    ['c', [[{ a: 1n }, 2], ...own, [{ 'otel.metric.overflow': true }, 10]]],
    ['viewed', [[{ a: 1n }, -1]]],
    ['h', [[{}, '1']]],
    ['g', [[{ a: 1n }, '7']]],
  ];
  expect(await round()).toEqual(expected([[{ a: 2n }, 1]]));
  // What others measured makes room for what comes; what is bound stays where it is.
  for (let a = 100; a < 110; a++) counter.add(0, { a });
  await rig.metrics();
  expect((await round()).slice(1)).toEqual([
    ['viewed', [[{ a: 1n }, -2]]],
    ['h', [[{}, '1']]],
    ['g', [[{ a: 1n }, '7']]],
  ]);
  first.add(-1);
  gauge.record(Number.NaN);
  expect(rig.telemetry.diagnostics.map(({ code }) => code)).toEqual(['measurement-refused']);
});

test('what is measured by a bound instrument becomes an exemplar, and follows when its meter is turned off and on', async () => {
  const rig = recorded();
  const provider = metrics.getMeterProvider() as unknown as SdkMeterProvider;
  const bound = provider.getMeter('lib').createCounter('c').bind({ a: 1 });
  const span = rig.telemetry.tracer.startSpan('s');
  bound.add(1, trace.setSpan(context.active(), span));
  const [metric] = await rig.metrics();
  expect(metric!.points[0]!.exemplars).toMatchObject([{ asDouble: 1, traceId: span.spanContext().traceId }]);
  provider.setMeterConfigurator(() => ({ enabled: false }));
  bound.add(10);
  expect(await rig.metrics()).toEqual([]);
  provider.setMeterConfigurator(undefined);
  bound.add(100);
  expect((await rig.metrics())[0]!.points).toMatchObject([{ asDouble: 101 }]);
});
