import { createRequire } from 'node:module';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  type PushMetricExporter as PeerExporter,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { decodeMetrics } from '../../../testkit/src/otlp-proto.js';
import type { ResourceMetrics } from '../../src/core/metrics/metric-data.js';
import { aggregationTemporality, dataPointType } from '../../src/core/metrics/metric-data.js';
import type { MetricFilter } from '../../src/core/metrics/metric-filter.js';
import { filterMetrics, type MetricProducer } from '../../src/core/metrics/metric-producer.js';
import {
  createPeriodicExportingMetricReader,
  type PushMetricExporter,
} from '../../src/core/metrics/periodic-reader.js';
import { createMetricReader } from '../../src/core/metrics/pull-reader.js';
import { readMetrics } from '../../src/core/metrics/read-metrics.js';
import type { ExportResult } from '../../src/core/trace/span-exporter.js';
import { createTestClock } from '../../src/runtimes/testing/test-clock.js';
import { recorded } from './recorded.js';

/* Push exporters, producers and filters of the specification ("Metrics SDK", MetricExporter, MetricProducer, MetricFilter). */

/** An exporter that says what it was asked, and answers when it is told. */
function tellingExporter({ answer = true, ...own }: Partial<PushMetricExporter> & { answer?: boolean } = {}) {
  const exported: ResourceMetrics[] = [];
  const open: ((result: ExportResult) => void)[] = [];
  const asked: string[] = [];
  let underWay = 0;
  let mostUnderWay = 0;
  const exporter: PushMetricExporter = {
    export(metrics, callback) {
      exported.push(metrics);
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      const done = (result: ExportResult) => {
        underWay--;
        callback(result);
      };
      if (answer) queueMicrotask(() => done({ code: 0 }));
      else open.push(done);
    },
    async forceFlush() {
      asked.push('forceFlush');
    },
    async shutdown() {
      asked.push('shutdown');
    },
    ...own,
  };
  const sums = () =>
    exported.map(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) => metrics.flatMap(({ dataPoints }) => dataPoints.map(({ value }) => value))),
    );
  return { exporter, exported, open, asked, sums, mostUnderWay: () => mostUnderWay };
}

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

test('an exporter is handed aggregated metrics in batches, at an interval, with what it says about temporality', async () => {
  const clock = createTestClock(1_700_000_000_000);
  const told = tellingExporter({
    selectAggregationTemporality: (type: string) => (type === 'COUNTER' ? 0 : 1),
  } as never);
  const reader = createPeriodicExportingMetricReader({ ...told, intervalMs: 5_000, maxExportBatchSize: 2 });
  const { telemetry } = recorded({ clock, metrics: { readers: [reader], push: false } });
  const counter = telemetry.meter.createCounter('c');
  const upDown = telemetry.meter.createUpDownCounter('u');
  for (const a of [1, 2, 3]) counter.add(a, { a });
  for (let i = 0; i < 10; i++) upDown.add(1);
  await clock.advance(4_999);
  expect(told.sums()).toEqual([]);
  await clock.advance(1);
  await until(() => told.exported.length === 2);
  expect(told.sums()).toEqual([
    [1, 2],
    [3, 10],
  ]);
  counter.add(7, { a: 1 });
  await clock.advance(5_000);
  await until(() => told.exported.length === 3);
  expect(told.sums().slice(2)).toEqual([[7, 10]]);
  const [, , last] = told.exported;
  expect(last!.scopeMetrics[0]!.metrics.map((metric) => metric.aggregationTemporality)).toEqual([
    aggregationTemporality.delta,
    aggregationTemporality.cumulative,
  ]);
});

test('an exporter is never asked while an earlier export is under way, whoever asks', async () => {
  const told = tellingExporter({ answer: false });
  const reader = createPeriodicExportingMetricReader({ exporter: told.exporter, maxExportBatchSize: 1 });
  const { telemetry } = recorded({ metrics: { readers: [reader], push: false } });
  const counter = telemetry.meter.createCounter('c');
  for (const a of [1, 2]) counter.add(1, { a });
  const flushes = [telemetry.flush(), telemetry.flush(), telemetry.flush()];
  for (let answered = 0; answered < 6; answered++) {
    await until(() => told.open.length > 0);
    expect(told.open).toHaveLength(1);
    told.open.pop()!({ code: 0 });
  }
  expect(await Promise.all(flushes)).toEqual([true, true, true]);
  expect(told.mostUnderWay()).toBe(1);
});

test('a flush of telemetry says whether the exporter succeeded, failed or took too long, and asks it to flush', async () => {
  const results: (() => void)[] = [];
  let code: 0 | 1 = 0;
  const told = tellingExporter({
    export: (_metrics, callback) => (code === 0 ? callback({ code }) : callback({ code, error: new Error('away') })),
    forceFlush: () => new Promise<void>((resolve) => results.push(resolve)),
  });
  const reader = createPeriodicExportingMetricReader({ exporter: told.exporter });
  const { telemetry } = recorded({ metrics: { readers: [reader] } });
  telemetry.meter.createCounter('c').add(1);
  const flushed = async (answers = true) => {
    const flushing = telemetry.flush({ timeoutMs: answers ? 5_000 : 20 });
    if (answers) {
      await until(() => results.length > 0);
      results.pop()!();
    }
    return flushing;
  };
  expect(await flushed()).toBe(true);
  code = 1;
  expect(await flushed()).toBe(false);
  expect(telemetry.diagnostics.map(({ message }) => message)).toEqual(['A metric exporter failed: away']);
  code = 0;
  expect(await flushed()).toBe(true);
  expect(await flushed(false)).toBe(false);
});

test('an exporter that never answers holds up neither a flush nor the shutdown, and one that throws is a failure', async () => {
  const silent = tellingExporter({ answer: false, shutdown: () => new Promise(() => {}) });
  const { telemetry } = recorded({
    metrics: { readers: [createPeriodicExportingMetricReader({ exporter: silent.exporter, timeoutMs: 10 })] },
  });
  telemetry.meter.createCounter('c').add(1);
  expect(await telemetry.flush()).toBe(false);
  expect(await telemetry.shutdown({ timeoutMs: 30 })).toBe(false);
  const throwing = tellingExporter({
    export() {
      throw new Error('broken');
    },
  });
  const second = recorded({
    global: false,
    metrics: { readers: [createPeriodicExportingMetricReader({ exporter: throwing.exporter })] },
  });
  second.telemetry.meter.createCounter('c').add(1);
  expect(await second.telemetry.flush()).toBe(false);
  expect(second.telemetry.diagnostics).toMatchObject([{ message: 'A metric exporter failed: broken' }]);
});

test('the shutdown of telemetry exports what is left, then shuts the exporter down, once, and nothing is exported afterwards', async () => {
  const clock = createTestClock(1_700_000_000_000);
  const told = tellingExporter();
  const reader = createPeriodicExportingMetricReader({ exporter: told.exporter });
  const { telemetry } = recorded({ clock, metrics: { readers: [reader] } });
  const counter = telemetry.meter.createCounter('c');
  counter.add(2);
  expect(await telemetry.shutdown()).toBe(true);
  await telemetry.shutdown();
  counter.add(3);
  await clock.advance(600_000);
  expect(told.sums()).toEqual([[2]]);
  expect(told.asked).toEqual(['shutdown']);
});

test('exporters and serializers of OpenTelemetry’s SDK take what a reader hands to them as it is', async () => {
  const peer: PeerExporter & { getMetrics(): unknown[] } = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = createPeriodicExportingMetricReader({ exporter: peer as unknown as PushMetricExporter });
  const pull = createMetricReader({ histogramAggregation: 'base2_exponential_bucket_histogram' });
  const { telemetry } = recorded({ serviceName: 'shop', metrics: { readers: [reader, pull] } });
  telemetry.meter.createCounter('c').add(2, { a: 1 });
  telemetry.meter.createHistogram('h').record(3);
  expect(await telemetry.flush()).toBe(true);
  expect(peer.getMetrics()).toMatchObject([{ scopeMetrics: [{ metrics: [{ descriptor: { name: 'c' } }, {}] }] }]);
  const { ProtobufMetricsSerializer } = createRequire(import.meta.url)('@opentelemetry/otlp-transformer');
  const { resourceMetrics } = await pull.collect();
  const bytes: Uint8Array = ProtobufMetricsSerializer.serializeRequest(resourceMetrics);
  expect(decodeMetrics(bytes).resourceMetrics[0]!.scopeMetrics[0]!.metrics).toMatchObject([
    { name: 'c', sum: { isMonotonic: true, dataPoints: [{ asDouble: 2 }] } },
    { name: 'h', exponentialHistogram: { dataPoints: [{ count: '1', sum: 3, scale: 20 }] } },
  ]);
});

/** What another library counted. */
const bridge: MetricProducer = {
  produce: ({ filter }) =>
    filterMetrics(
      [
        {
          scope: { name: 'bridge' },
          metrics: [
            {
              descriptor: { name: 'bridged', description: '', unit: '1', valueType: 0 },
              aggregationTemporality: aggregationTemporality.cumulative,
              dataPointType: dataPointType.sum,
              isMonotonic: true,
              dataPoints: [1, 2].map((a) => ({ startTime: [1, 0], endTime: [2, 0], attributes: { a }, value: a * 10 })),
            },
          ],
        },
      ],
      filter,
    ),
};
/** Half of everything but what is called `whole`, and nothing called `no…`. */
const halves: MetricFilter = {
  testMetric: ({ name }) => (name === 'whole' ? 'accept' : name.startsWith('no') ? 'drop' : 'accept_partial'),
  testAttributes: (_metric, { a }) => (a === 2 ? 'accept' : 'drop'),
};

test('a filter is asked for each metric and for the series of some, by the SDK and by producers, at each collection', async () => {
  const seen: unknown[] = [];
  const asked: MetricFilter = {
    ...halves,
    testMetric(metric) {
      seen.push([metric.scope.name, metric.name, metric.dataPointType, metric.unit]);
      return halves.testMetric(metric);
    },
  };
  const reader = createMetricReader({ filter: asked, producers: [bridge], temporality: 'delta' });
  const unfiltered = createMetricReader({ producers: [bridge] });
  const { telemetry } = recorded({ serviceName: 'shop', metrics: { readers: [reader, unfiltered] } });
  const counters = ['whole', 'nothing', 'half'].map((name) => telemetry.meter.createCounter(name, { unit: 's' }));
  const add = () => {
    for (const counter of counters) for (const a of [1, 2]) counter.add(a, { a });
  };
  const found = async (one: typeof reader) =>
    (await one.collect()).resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
      metrics.map(({ descriptor, dataPoints }) => [descriptor.name, ...dataPoints.map(({ value }) => value)]),
    );
  add();
  const expected = [
    ['whole', 1, 2],
    ['half', 2],
    ['bridged', 20],
  ];
  expect(await found(reader)).toEqual(expected);
  expect(seen).toEqual([
    // By the producer, which looks at it, and of what it made.
    ['bridge', 'bridged', 3, '1'],
    ['bridge', 'bridged', 3, '1'],
    ['shop', 'whole', 3, 's'],
    ['shop', 'nothing', 3, 's'],
    ['shop', 'half', 3, 's'],
  ]);
  // What was left out begins anew all the same.
  add();
  expect(await found(reader)).toEqual(expected);
  expect(await found(unfiltered)).toEqual([
    ['whole', 2, 4],
    ['nothing', 2, 4],
    ['half', 2, 4],
    ['bridged', 10, 20],
  ]);
});

test('the metrics of producers leave with those of the program, of every kind and as they were handed over', async () => {
  const times = { startTime: [1, 0] as [number, number], endTime: [2, 5] as [number, number] };
  const reader = createMetricReader({ histogramAggregation: 'base2_exponential_bucket_histogram' });
  const source = recorded({
    global: false,
    metrics: {
      exemplarFilter: 'always_on',
      readers: [reader],
      push: false,
      views: [{ instrumentName: 'explicit', aggregation: { type: 'explicit_bucket_histogram', boundaries: [1, 2] } }],
    },
  });
  const meter = source.telemetry.meter;
  meter.createUpDownCounter('sum', { valueType: 0 }).add(-7, { a: 'x' });
  meter.createGauge('gauge', { unit: 's', description: 'd' }).record(1.5);
  meter.createHistogram('explicit').record(1.25);
  for (const value of [0, 3, 1_000]) meter.createHistogram('exponential').record(value);
  const { resourceMetrics } = await reader.collect();
  const handed = resourceMetrics.scopeMetrics.map(({ metrics }) => ({
    scope: { name: 'bridge', version: '2' },
    metrics: metrics.map((metric) => ({
      ...metric,
      dataPoints: metric.dataPoints.map((point) => ({ ...point, ...times })),
    })),
  })) as unknown as Awaited<ReturnType<MetricProducer['produce']>>;
  const again = createMetricReader({ producers: [{ produce: () => handed }] });
  const rig = recorded({ metrics: { producers: [{ produce: async () => handed }], readers: [again] } });
  const sent = await rig.metrics();
  expect(sent.map(({ name, kind, scope }) => [name, kind, scope.name, scope.version])).toEqual([
    ['sum', 'sum', 'bridge', '2'],
    ['gauge', 'gauge', 'bridge', '2'],
    ['explicit', 'histogram', 'bridge', '2'],
    ['exponential', 'exponentialHistogram', 'bridge', '2'],
  ]);
  expect(sent[0]).toMatchObject({ points: [{ asInt: '-7', attributes: { a: 'x' }, exemplars: [{ asInt: '-7' }] }] });
  expect(sent[0]!.sum!.isMonotonic ?? false).toBe(false);
  expect(sent[1]).toMatchObject({
    unit: 's',
    description: 'd',
    points: [{ asDouble: 1.5, startTimeUnixNano: '1000000000', timeUnixNano: '2000000005' }],
  });
  // Read back they are what they were.
  const read = rig.telemetry.requests('metrics').flatMap(readMetrics);
  expect(read.flatMap(({ metrics }) => metrics)).toEqual(handed.flatMap(({ metrics }) => metrics));
  expect((await again.collect()).resourceMetrics.scopeMetrics).toEqual(handed);
});

test('a filter that throws costs no metric, and is said', async () => {
  const broken: MetricFilter = {
    testMetric({ name }) {
      if (name === 'a') throw new Error('no list');
      return 'accept_partial';
    },
    testAttributes() {
      throw new Error('no list');
    },
  };
  const rig = recorded({ metrics: { filter: broken } });
  for (const name of ['a', 'b']) rig.telemetry.meter.createCounter(name).add(1);
  expect((await rig.metrics()).map(({ name }) => name)).toEqual(['a', 'b']);
  expect(rig.telemetry.diagnostics).toMatchObject([{ code: 'filter-failed' }]);
});

test('the metrics that leave are filtered too, and a producer that fails is said and stops nothing', async () => {
  const rig = recorded({ metrics: { filter: halves } });
  for (const name of ['whole', 'nothing']) rig.telemetry.meter.createCounter(name).add(1, { a: 1 });
  expect((await rig.metrics()).map(({ name }) => name)).toEqual(['whole']);
  const failing: MetricProducer = {
    produce() {
      throw new Error('no bridge');
    },
  };
  const reader = createMetricReader({ producers: [failing, bridge] });
  recorded({ global: false, metrics: { readers: [reader] } });
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors.map((error) => (error as Error).message)).toEqual(['no bridge']);
  expect(resourceMetrics.scopeMetrics.map(({ scope }) => scope.name)).toEqual(['bridge']);
});

test('an exporter that never answers is given up after an interval, and handed what there is then', async () => {
  const clock = createTestClock(1_700_000_000_000);
  const told = tellingExporter({ answer: false });
  const reader = createPeriodicExportingMetricReader({ ...told, intervalMs: 5_000 });
  const { telemetry } = recorded({ clock, metrics: { readers: [reader], push: false } });
  telemetry.meter.createCounter('c').add(1);
  clock.advance(5_000);
  await until(() => told.exported.length === 1);
  clock.advance(5_000);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(5_000);
  await until(() => told.exported.length === 2);
  // The end waits for it no longer than it is told.
  const ended = telemetry.shutdown({ timeoutMs: 1_000 });
  clock.advance(1_000);
  expect(await ended).toBe(false);
});

test('an interval without an end is the longest there is: what is measured is exported by a flush alone', async () => {
  const clock = createTestClock(1_700_000_000_000);
  const delays: number[] = [];
  const timed = {
    ...clock,
    after(delayMs: number, run: () => void) {
      delays.push(delayMs);
      return clock.after(delayMs, run);
    },
  };
  const told = tellingExporter();
  const reader = createPeriodicExportingMetricReader({ ...told, intervalMs: Number.POSITIVE_INFINITY });
  const { telemetry } = recorded({ clock: timed, metrics: { readers: [reader], push: false } });
  telemetry.meter.createCounter('c').add(2);
  expect(delays).toContain(2 ** 31 - 1);
  expect(Math.max(...delays)).toBe(2 ** 31 - 1);
  expect(await telemetry.flush()).toBe(true);
  expect(told.sums()).toEqual([[2]]);
});
