import { readFileSync } from 'node:fs';
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  type HrTime,
  metrics,
  trace,
} from '@opentelemetry/api';
import { expect, test } from 'vitest';
import type { Exemplar } from '../../src/core/metrics/metric-data.js';
import { createMetricReader } from '../../src/core/metrics/pull-reader.js';
import type { ExemplarReservoir } from '../../src/core/metrics/view.js';
import { alwaysOffSampler } from '../../src/core/sampling/always-off.js';
import { createTestClock } from '../../src/runtimes/testing/test-clock.js';
import { recorded } from './recorded.js';

/* Exemplars of the specification ("Metrics SDK", Exemplar), through `@opentelemetry/api`. */

const values = (exemplars: readonly { asDouble?: number }[]) => exemplars.map(({ asDouble }) => asDouble);

test('a measurement in a sampled span becomes an exemplar with its ids, value and time; one outside of any does not [S7]', async () => {
  const clock = createTestClock(1_700_000_000_000);
  const rig = recorded({ clock });
  const counter = metrics.getMeter('lib').createCounter('c');
  counter.add(1);
  await clock.advance(2_000);
  const span = rig.telemetry.tracer.startSpan('s');
  context.with(trace.setSpan(context.active(), span), () => counter.add(5));
  await clock.advance(1_000);
  counter.add(7);
  const [metric] = await rig.metrics();
  const { traceId, spanId } = span.spanContext();
  expect(metric!.points).toMatchObject([
    {
      asDouble: 13,
      exemplars: [
        {
          asDouble: 5,
          timeUnixNano: '1700000002000000000',
          traceId,
          spanId,
          filteredAttributes: {},
        },
      ],
    },
  ]);
  // An exemplar belongs to the time in which it was measured.
  expect((await rig.metrics())[0]!.points[0]!.exemplars).toEqual([]);
});

test('a span that is not sampled makes no exemplar; a context that is given counts before the active one', async () => {
  const rig = recorded({ sampler: alwaysOffSampler });
  const meter = metrics.getMeter('lib');
  const active = trace.setSpan(context.active(), rig.telemetry.tracer.startSpan('off'));
  context.with(active, () => meter.createCounter('c').add(1));
  expect((await rig.metrics())[0]!.points[0]!.exemplars).toEqual([]);
  const remote = trace.setSpanContext(context.active(), {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceFlags: 1,
  });
  context.with(active, () => meter.createHistogram('h').record(3, {}, remote));
  const [, histogram] = await rig.metrics();
  expect(histogram!.points[0]!.exemplars).toMatchObject([{ asDouble: 3, traceId: 'aa'.repeat(16) }]);
});

test.each([
  ['always_on', [3], [2]],
  ['always_off', [], []],
] as const)('the exemplar filter %s is that of all meters', async (exemplarFilter, ofCounter, ofGauge) => {
  const rig = recorded({ metrics: { exemplarFilter } });
  metrics.getMeter('lib').createCounter('c').add(3);
  metrics
    .getMeter('other')
    .createObservableGauge('g')
    .addCallback((result) => result.observe(2));
  rig.telemetry.measure('s', () => metrics.getMeter('third').createUpDownCounter('u').add(-1));
  const found = Object.fromEntries((await rig.metrics()).map(({ name, points }) => [name, points[0]!.exemplars]));
  expect(values(found.c!)).toEqual(ofCounter);
  expect(values(found.g!)).toEqual(ofGauge);
  expect(found.u).toHaveLength(ofCounter.length);
  expect(found.c!.map(({ traceId }) => traceId)).toEqual(ofCounter.map(() => undefined));
});

test('an exemplar filter that does not exist is said, and the default taken', async () => {
  const rig = recorded({ metrics: { exemplarFilter: 'sometimes' as never } });
  rig.telemetry.measure('s', () => rig.telemetry.meter.createCounter('c').add(1));
  expect((await rig.metrics())[0]!.points[0]!.exemplars).toHaveLength(1);
  expect(rig.telemetry.diagnostics).toMatchObject([{ message: 'exemplarFilter cannot be sometimes' }]);
});

test('attributes that a view leaves out, and all of those beyond the limit, are on the exemplar; secrets are not [F14]', async () => {
  const rig = recorded({
    redact: ['token'],
    metrics: {
      exemplarFilter: 'always_on',
      views: [
        { instrumentName: 'viewed', attributeKeys: { included: ['x', 'y'] } },
        { instrumentName: 'limited', aggregationCardinalityLimit: 1 },
      ],
    },
  });
  const meter = metrics.getMeter('lib');
  meter.createCounter('viewed').add(1, { x: 'x', y: 'y', z: 'z', token: 'hunter2' });
  meter.createCounter('limited', { valueType: 0 }).add(2, { x: 'x', n: 1 });
  meter.createCounter('whole').add(3, { x: 'x' });
  const [viewed, limited, whole] = await rig.metrics();
  expect(viewed!.points).toMatchObject([
    { attributes: { x: 'x', y: 'y' }, exemplars: [{ filteredAttributes: { z: 'z', token: '[REDACTED]' } }] },
  ]);
  expect(limited!.points).toMatchObject([
    {
      attributes: { 'otel.metric.overflow': true },
      exemplars: [{ asInt: '2', filteredAttributes: { x: 'x', n: 1n } }],
    },
  ]);
  expect(whole!.points[0]!.exemplars[0]!.filteredAttributes).toEqual({});
});

test('sums and values have room for one exemplar, each measurement with the same chance; histograms of buckets one for each [S7]', async () => {
  const rig = recorded({ metrics: { exemplarFilter: 'always_on' } });
  const meter = metrics.getMeter('lib');
  const counter = meter.createCounter('c');
  const histogram = meter.createHistogram('h', { advice: { explicitBucketBoundaries: [10, 20] } });
  const chosen = new Map<number, number>();
  for (let round = 0; round < 400; round++) {
    for (let value = 0; value < 4; value++) counter.add(value);
    if (round === 0) for (const value of [1, 2, 11, 12, 13, 21]) histogram.record(value);
    const [sum, buckets] = await rig.metrics();
    const { exemplars } = sum!.points[0]!;
    expect(exemplars).toHaveLength(1);
    chosen.set(exemplars[0]!.asDouble!, (chosen.get(exemplars[0]!.asDouble!) ?? 0) + 1);
    if (round === 0) {
      const [low, middle, high] = values(buckets!.points[0]!.exemplars);
      expect([1, 2]).toContain(low);
      expect([11, 12, 13]).toContain(middle);
      expect(high).toBe(21);
    }
  }
  // Each a quarter of 400; nine standard deviations around it.
  expect([...chosen.keys()].sort()).toEqual([0, 1, 2, 3]);
  for (const times of chosen.values()) expect(Math.abs(times - 100)).toBeLessThan(80);
});

test('exponential histograms have room for 20 exemplars; a view chooses another reservoir [S7]', async () => {
  const rig = recorded({
    metrics: {
      exemplarFilter: 'always_on',
      histogramAggregation: 'base2_exponential_bucket_histogram',
      views: [
        { instrumentName: 'three', exemplarReservoir: { type: 'simple_fixed_size', size: 3 } },
        { instrumentName: 'aligned', exemplarReservoir: { type: 'aligned_histogram_bucket', boundaries: [5] } },
      ],
    },
  });
  const meter = metrics.getMeter('lib');
  for (const name of ['exponential', 'three', 'aligned']) {
    const histogram = meter.createHistogram(name);
    for (let value = 0; value < 50; value++) histogram.record(value);
  }
  const [exponential, three, aligned] = await rig.metrics();
  expect(exponential!.points[0]!.exemplars).toHaveLength(20);
  expect(new Set(values(exponential!.points[0]!.exemplars)).size).toBe(20);
  expect(three!.points[0]!.exemplars).toHaveLength(3);
  const [low, high] = values(aligned!.points[0]!.exemplars);
  expect(low).toBeLessThanOrEqual(5);
  expect(high).toBeGreaterThan(5);
});

test('a reservoir of the program’s own is made for each series, offered value, time, attributes and context, and collected', async () => {
  const clock = createTestClock(1_700_000_000_000);
  const baggage = createContextKey('baggage');
  const offered: [number, HrTime, Attributes, unknown][] = [];
  let made = 0;
  const keepLargest = (): ExemplarReservoir => {
    made++;
    let largest: (Exemplar & { attributes: Attributes }) | undefined;
    return {
      offer(value: number, timestamp: HrTime, attributes: Attributes, from: Context) {
        offered.push([value, timestamp, { ...attributes }, from.getValue(baggage)]);
        if (value >= (largest?.value ?? 0))
          largest = {
            value,
            timestamp,
            attributes: { ...attributes },
            filteredAttributes: {},
            traceId: '0a'.repeat(16),
            spanId: '0b'.repeat(8),
          };
      },
      collect(pointAttributes) {
        if (!largest) return [];
        const filteredAttributes = Object.fromEntries(
          Object.entries(largest.attributes).filter(([key]) => !(key in pointAttributes)),
        );
        const exemplar = { ...largest, filteredAttributes };
        largest = undefined;
        return [exemplar];
      },
    };
  };
  const reader = createMetricReader();
  const rig = recorded({
    clock,
    metrics: {
      exemplarFilter: 'always_on',
      push: false,
      readers: [reader],
      views: [{ attributeKeys: { included: ['a'] }, exemplarReservoir: keepLargest }],
    },
  });
  const histogram = metrics.getMeter('lib').createHistogram('h');
  await clock.advance(500);
  for (const value of [3, 9, 4]) histogram.record(value, { a: 1, b: value }, context.active().setValue(baggage, value));
  histogram.record(1, { a: 2 });
  expect(made).toBe(2);
  const timestamp = [1_700_000_000, 500_000_000];
  expect(offered).toEqual([
    [3, timestamp, { a: 1, b: 3 }, 3],
    [9, timestamp, { a: 1, b: 9 }, 9],
    [4, timestamp, { a: 1, b: 4 }, 4],
    [1, timestamp, { a: 2 }, undefined],
  ]);
  const { resourceMetrics } = await reader.collect();
  expect(resourceMetrics.scopeMetrics[0]!.metrics[0]!.dataPoints.map(({ exemplars }) => exemplars)).toEqual([
    [{ value: 9, timestamp, filteredAttributes: { b: 9 }, traceId: '0a'.repeat(16), spanId: '0b'.repeat(8) }],
    [{ value: 1, timestamp, filteredAttributes: {}, traceId: '0a'.repeat(16), spanId: '0b'.repeat(8) }],
  ]);
  expect(rig.telemetry.diagnostics).toEqual([]);
});

test('a reservoir that throws costs its exemplars and no measurement, and is said', async () => {
  const failing = () => ({
    offer() {
      throw new Error('full');
    },
    collect: () => [],
  });
  const rig = recorded({ metrics: { exemplarFilter: 'always_on', views: [{ exemplarReservoir: failing }] } });
  rig.telemetry.meter.createCounter('c').add(2);
  expect((await rig.metrics())[0]!.points).toMatchObject([{ asDouble: 2, exemplars: [] }]);
  expect(rig.telemetry.diagnostics).toMatchObject([{ code: 'exemplar-failed' }]);
});

test('the guide says that attributes which a view leaves out may stand on exemplars, and how to have none', () => {
  const guide = readFileSync(new URL('../../../../docs/metrics-and-logs.md', import.meta.url), 'utf8');
  const chapter = guide.slice(guide.indexOf('## Exemplars'));
  expect(chapter.slice(0, chapter.indexOf('\n## '))).toMatch(/leaves out[^.]*still[^.]*exemplar.*`always_off`/s);
});

test('what is observed is observed in no span, whoever asks for it', async () => {
  const rig = recorded();
  rig.telemetry.meter.createObservableGauge('g').addCallback((result) => result.observe(1));
  const asking = trace.setSpan(context.active(), rig.telemetry.tracer.startSpan('asking'));
  const [metric] = await context.with(asking, () => rig.metrics());
  expect(metric!.points).toMatchObject([{ asDouble: 1, exemplars: [] }]);
});

test('an exemplar stays with its series when others make room', async () => {
  const rig = recorded({ cardinalityLimit: 3, metricTemporality: 'delta' });
  const counter = metrics.getMeter('lib').createCounter('c');
  for (const a of [1, 2]) counter.add(1, { a });
  await rig.metrics();
  const span = rig.telemetry.tracer.startSpan('s');
  counter.add(5, { a: 2 }, trace.setSpan(context.active(), span));
  // For this one the series that was not measured since goes.
  counter.add(7, { a: 3 });
  const [metric] = await rig.metrics();
  expect(metric!.points).toMatchObject([
    { attributes: { a: 2n }, asDouble: 5, exemplars: [{ asDouble: 5 }] },
    { attributes: { a: 3n }, asDouble: 7, exemplars: [] },
  ]);
});
