import { metrics } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import type { SdkMeterProvider } from '../../src/core/metrics/meter-provider.js';
import { createMetricReader } from '../../src/core/metrics/pull-reader.js';
import { createTestClock } from '../../src/runtimes/testing/test-clock.js';
import { recorded } from './recorded.js';

/* Readers beside the one that feeds the outbox (specification "Metrics SDK", MetricReader). */

/** Name, and value by attributes, of everything a reader finds. */
async function found(reader: ReturnType<typeof createMetricReader>) {
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors).toEqual([]);
  return resourceMetrics.scopeMetrics.flatMap(({ metrics: all }) =>
    all.map(({ descriptor, dataPoints }) => [descriptor.name, ...dataPoints.map(({ value }) => value)]),
  );
}

test('a reader is asked for everything the program measured, as plain objects [F12]', async () => {
  const reader = createMetricReader();
  const clock = createTestClock(1_700_000_000_000);
  const { telemetry } = recorded({ clock, serviceName: 'shop', metrics: { readers: [reader] } });
  const meter = metrics.getMeter('lib', '1.2', { schemaUrl: 'https://schema' });
  meter.createCounter('c', { unit: '{x}', description: 'd', valueType: 0 }).add(2, { a: 'x', 'n°': 1.5, list: ['y'] });
  meter.createHistogram('h', { advice: { explicitBucketBoundaries: [1, 2] } }).record(1.5);
  telemetry.meter.createObservableGauge('g').addCallback(async (result) => result.observe(-7.25));
  await clock.advance(1_500);
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors).toEqual([]);
  expect(resourceMetrics.resource.attributes['service.name']).toBe('shop');
  const times = { startTime: [1_700_000_000, 0], endTime: [1_700_000_001, 500_000_000] };
  expect(resourceMetrics.scopeMetrics).toEqual([
    {
      scope: { name: 'shop' },
      metrics: [
        {
          descriptor: { name: 'g', description: '', unit: '', valueType: 1 },
          aggregationTemporality: 1,
          dataPointType: 2,
          dataPoints: [{ ...times, attributes: {}, value: -7.25 }],
        },
      ],
    },
    {
      scope: { name: 'lib', version: '1.2', schemaUrl: 'https://schema' },
      metrics: [
        {
          descriptor: { name: 'c', description: 'd', unit: '{x}', valueType: 0 },
          aggregationTemporality: 1,
          dataPointType: 3,
          isMonotonic: true,
          dataPoints: [{ ...times, attributes: { a: 'x', 'n°': 1.5, list: ['y'] }, value: 2 }],
        },
        {
          descriptor: { name: 'h', description: '', unit: '', valueType: 1 },
          aggregationTemporality: 1,
          dataPointType: 0,
          dataPoints: [
            {
              ...times,
              attributes: {},
              value: { buckets: { boundaries: [1, 2], counts: [0, 1, 0] }, count: 1, sum: 1.5, min: 1.5, max: 1.5 },
            },
          ],
        },
      ],
    },
  ]);
});

test('readers are apart: each has its own temporality, its own turn, and observations of its own asking [F12]', async () => {
  const deltas = createMetricReader({ temporality: 'delta' });
  const totals = createMetricReader({ temporality: { observableCounter: 'delta' } });
  const { telemetry, ...rig } = recorded({ metrics: { readers: [deltas, totals] } });
  const counter = telemetry.meter.createCounter('c');
  let asked = 0;
  telemetry.meter.createObservableCounter('o').addCallback((result) => result.observe(++asked * 10));
  counter.add(1);
  expect(await found(deltas)).toEqual([
    ['c', 1],
    ['o', 10],
  ]);
  counter.add(2);
  expect(await found(totals)).toEqual([
    ['c', 3],
    ['o', 20],
  ]);
  expect(await found(deltas)).toEqual([
    ['c', 2],
    ['o', 20],
  ]);
  expect(await found(deltas)).toEqual([['o', 10]]);
  expect(await found(totals)).toEqual([
    ['c', 3],
    ['o', 30],
  ]);
  expect((await rig.metrics()).map(({ name, points }) => [name, points[0]!.asDouble])).toEqual([
    ['c', 3],
    ['o', 60],
  ]);
});

test('a reader chooses aggregation and cardinality limit by kind of instrument; a view goes before both', async () => {
  const reader = createMetricReader({
    aggregation: { counter: { type: 'explicit_bucket_histogram', boundaries: [1] }, gauge: { type: 'drop' } },
    cardinalityLimit: { upDownCounter: 2 },
  });
  const { telemetry } = recorded({
    metrics: { readers: [reader], views: [{ instrumentName: 'viewed', aggregation: { type: 'sum' } }] },
  });
  const { meter } = telemetry;
  meter.createCounter('c').add(3);
  meter.createCounter('viewed').add(3);
  meter.createGauge('g').record(3);
  for (let i = 0; i < 5; i++) meter.createUpDownCounter('u').add(1, { i });
  expect(await found(reader)).toEqual([
    ['c', { buckets: { boundaries: [1], counts: [0, 1] }, count: 1, sum: 3, min: 3, max: 3 }],
    ['viewed', 3],
    ['u', 1, 4],
  ]);
});

test('without destinations metrics are for readers alone where `push` is off', async () => {
  const reader = createMetricReader();
  const rig = recorded({ metrics: { readers: [reader], push: false } });
  rig.telemetry.meter.createCounter('c').add(1);
  expect(await rig.metrics()).toEqual([]);
  expect(await found(reader)).toEqual([['c', 1]]);
});

test('what a callback throws, or never answers, is among the errors, and the rest is collected', async () => {
  const reader = createMetricReader();
  const { telemetry } = recorded({ metrics: { readers: [reader], push: false } });
  telemetry.meter.createCounter('c').add(1);
  telemetry.meter.createObservableGauge('a').addCallback(() => {
    throw new Error('no sensor');
  });
  telemetry.meter.createObservableGauge('b').addCallback(() => new Promise(() => {}));
  const { resourceMetrics, errors } = await reader.collect({ timeoutMs: 5 });
  expect(errors.map((error) => (error as Error).message)).toEqual([
    'no sensor',
    'callbacks or producers did not answer in 5 ms',
  ]);
  expect(resourceMetrics.scopeMetrics[0]!.metrics.map(({ descriptor }) => descriptor.name)).toEqual(['c']);
});

test('a reader has nothing before the start and after the shutdown, and says so; a second telemetry does not get it', async () => {
  const reader = createMetricReader();
  const nothing = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(resourceMetrics.scopeMetrics).toEqual([]);
    expect(errors).toHaveLength(1);
  };
  await nothing();
  const { telemetry } = recorded({ metrics: { readers: [reader] } });
  const second = recorded({ global: false, metrics: { readers: [reader] } });
  expect(second.telemetry.diagnostics.map(({ code }) => code)).toEqual(['bad-option']);
  telemetry.meter.createCounter('c').add(1);
  expect(await found(reader)).toEqual([['c', 1]]);
  await telemetry.shutdown();
  await nothing();
});

test('the meter provider takes another configuration of meters, and it applies to meters that were given already', async () => {
  const reader = createMetricReader();
  const rig = recorded({
    metrics: {
      readers: [reader],
      meterConfigurator: ({ name }) => (name === 'noisy' ? { enabled: false } : undefined),
    },
  });
  const provider = metrics.getMeterProvider() as unknown as SdkMeterProvider;
  const noisy = provider.getMeter('noisy').createCounter('n');
  const quiet = provider.getMeter('quiet').createCounter('q');
  let asked = 0;
  provider
    .getMeter('noisy')
    .createObservableGauge('o')
    .addCallback((result) => result.observe(++asked));
  const add = () => {
    noisy.add(1);
    quiet.add(1);
  };
  add();
  expect(await found(reader)).toEqual([['q', 1]]);
  expect(asked).toBe(0);
  provider.setMeterConfigurator(({ name }) => ({ enabled: name === 'noisy' }));
  add();
  expect(await found(reader)).toEqual([
    ['n', 1],
    ['o', 1],
  ]);
  provider.setMeterConfigurator(undefined);
  add();
  expect(await found(reader)).toEqual([
    ['n', 2],
    ['o', 2],
    ['q', 2],
  ]);
  expect((await rig.metrics()).map(({ name }) => name)).toEqual(['n', 'o', 'q']);
});

test('a filter that fails for what a producer made is an error of that collection, and the next one goes well', async () => {
  let isFailing = true;
  const dataPoints = [{ startTime: [0, 0], endTime: [0, 0], attributes: {}, value: 1 }] as const;
  const descriptor = { name: 'produced', description: '', unit: '', valueType: 1 } as const;
  const reader = createMetricReader({
    producers: [
      {
        produce: () => [
          {
            scope: { name: 'other' },
            metrics: [{ descriptor, aggregationTemporality: 1, dataPointType: 2, dataPoints: dataPoints as never }],
          },
        ],
      },
    ],
    filter: {
      testMetric({ name }) {
        if (isFailing && name === 'produced') throw new Error('the program’s own');
        return 'accept';
      },
    },
  });
  const { telemetry } = recorded({ metrics: { readers: [reader] } });
  telemetry.meter.createCounter('c').add(1);
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors.map(String)).toEqual(['Error: the program’s own']);
  expect(resourceMetrics.scopeMetrics.map(({ scope }) => scope.name)).toEqual(['test']);
  isFailing = false;
  expect(await found(reader)).toEqual([
    ['c', 1],
    ['produced', 1],
  ]);
});
