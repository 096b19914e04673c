import { type Attributes, type BatchObservableCallback, createNoopMeter, type MetricOptions } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { metricsRig } from '../../../../testkit/src/metrics-rig.js';
import { plainAttributes } from '../../../../testkit/src/otlp-proto.js';

const nanos = (ms: number): string => String(BigInt(ms) * 1_000_000n);
const startMs = 1_700_000_000_000;

test('a counter adds up by attributes, from when each series began until it is collected [F12]', async () => {
  const rig = metricsRig();
  const requests = rig.meter.createCounter('http.requests', { unit: '{request}', description: 'as they came' });
  requests.add(1, { route: '/a' });
  await rig.time.advance(1_000);
  requests.add(2, { route: '/a' });
  requests.add(0.5, { route: '/b' });
  await rig.time.advance(1_000);
  const [metric] = await rig.metrics();
  expect(metric).toMatchObject({ name: 'http.requests', unit: '{request}', description: 'as they came' });
  expect(metric!.sum).toMatchObject({ aggregationTemporality: 2, isMonotonic: true });
  expect(metric!.sum!.dataPoints.map((point) => ({ ...point, attributes: plainAttributes(point.attributes) }))).toEqual(
    [
      {
        attributes: { route: '/a' },
        asDouble: 3,
        startTimeUnixNano: nanos(startMs),
        timeUnixNano: nanos(startMs + 2_000),
        exemplars: [],
      },
      {
        attributes: { route: '/b' },
        asDouble: 0.5,
        startTimeUnixNano: nanos(startMs + 1_000),
        timeUnixNano: nanos(startMs + 2_000),
        exemplars: [],
      },
    ],
  );
});

test('a histogram counts between bounds, which belong to the bucket below, and keeps sum, least and greatest [F12 S7]', async () => {
  const rig = metricsRig();
  const durations = rig.meter.createHistogram('duration', {
    unit: 'ms',
    advice: { explicitBucketBoundaries: [1, 10, 100] },
  });
  for (const value of [0, 1, 1.5, 10, 11, 100, 101, 5_000]) durations.record(value, { op: 'x' });
  const [metric] = await rig.metrics();
  expect(metric!.histogram!.aggregationTemporality).toBe(2);
  expect(metric!.histogram!.dataPoints[0]).toMatchObject({
    count: '8',
    sum: 5_224.5,
    bucketCounts: ['2', '2', '2', '2'],
    explicitBounds: [1, 10, 100],
    min: 0,
    max: 5_000,
  });
});

test('a gauge keeps the last value, whatever number it is; an up-down counter goes both ways', async () => {
  const rig = metricsRig();
  const level = rig.meter.createGauge('level');
  const open = rig.meter.createUpDownCounter('open');
  level.record(7);
  level.record(-2.5);
  level.record(Number.NaN, { broken: true });
  open.add(3);
  open.add(-5);
  const [gauge, sum] = await rig.metrics();
  expect(gauge!.gauge!.dataPoints.map(({ asDouble }) => asDouble)).toEqual([-2.5, Number.NaN]);
  expect(sum!.sum).toMatchObject({ dataPoints: [{ asDouble: -2 }], aggregationTemporality: 2 });
  expect(sum!.sum!.isMonotonic ?? false).toBe(false);
});

test('instruments of integers send integers, fractions cut off, to 53 bits', async () => {
  const rig = metricsRig();
  const options = { valueType: 0 };
  rig.meter.createCounter('sum', options).add(2 ** 52 + 0.5);
  rig.meter.createGauge('last', options).record(-(2 ** 40) - 0.9);
  const [sum, last] = await rig.metrics();
  expect(sum!.sum!.dataPoints[0]).toMatchObject({ asInt: String(2 ** 52) });
  expect(last!.gauge!.dataPoints[0]).toMatchObject({ asInt: String(-(2 ** 40)) });
});

test('what would spoil a sum is refused, said, and never thrown', async () => {
  const rig = metricsRig();
  const counter = rig.meter.createCounter('c');
  const histogram = rig.meter.createHistogram('h');
  counter.add(1);
  histogram.record(1);
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5', undefined, {}]) {
    counter.add(value as number);
    histogram.record(value as number);
  }
  rig.meter.createUpDownCounter('u').add(Number.NaN);
  rig.meter.createGauge('g').record('1' as never);
  counter.add(1, {
    get route(): string {
      throw new Error('not mine');
    },
  });
  const metrics = await rig.metrics();
  expect(metrics.map(({ name }) => name)).toEqual(['c', 'h']);
  expect(metrics[0]!.sum!.dataPoints[0]!.asDouble).toBe(1);
  expect(metrics[1]!.histogram!.dataPoints[0]!.count).toBe('1');
  expect(new Set(rig.said.map(({ code }) => code))).toEqual(new Set(['measurement-refused']));
  expect(rig.said).toHaveLength(15);
});

test('the same instrument asked for twice is one; another of its name works too, and that is said', async () => {
  const rig = metricsRig();
  const one = rig.meter.createCounter('Requests', { unit: '1', description: 'first' });
  expect(rig.meter.createCounter('requests', { unit: '1', description: 'first' })).toBe(one);
  expect(rig.said).toEqual([]);
  expect(rig.meter.createCounter('requests', { unit: '1', description: 'second' })).toBe(one);
  const other = rig.meter.createHistogram('requests');
  other.record(1);
  one.add(1);
  rig.provider.getMeter('elsewhere').createCounter('requests').add(1);
  expect((await rig.metrics()).map(({ name, description }) => [name, description])).toEqual([
    ['Requests', 'first'],
    ['Requests', undefined],
    ['requests', undefined],
  ]);
  expect(rig.said.map(({ code }) => code)).toEqual(['instrument-conflict', 'instrument-conflict']);
});

test('a name or bounds that are none are said, and what is measured is kept', async () => {
  const rig = metricsRig();
  rig.meter.createCounter('9 lives').add(1);
  rig.meter.createHistogram('h', { advice: { explicitBucketBoundaries: [5, 1] } }).record(1);
  rig.meter.createHistogram('i', { advice: { explicitBucketBoundaries: [1, Number.POSITIVE_INFINITY] } }).record(1);
  const [lives, histogram, endless] = await rig.metrics();
  expect(lives!.name).toBe('9 lives');
  expect(histogram!.histogram!.dataPoints[0]!.explicitBounds).toHaveLength(15);
  expect(endless!.histogram!.dataPoints[0]!.explicitBounds).toEqual([1]);
  expect(rig.said.map(({ code }) => code)).toEqual(['bad-instrument', 'bad-instrument']);
});

test('observables are asked when metrics are collected; what is no longer observed is no longer sent [F12]', async () => {
  const rig = metricsRig();
  const rooms = new Map([
    ['kitchen', 21],
    ['attic', 30],
  ]);
  const temperature = rig.meter.createObservableGauge('temperature', { unit: 'Cel' });
  const read = (result: { observe(value: number, attributes: { room: string }): void }) => {
    for (const [room, value] of rooms) result.observe(value, { room });
  };
  temperature.addCallback(read);
  temperature.addCallback(read);
  const values = async () => {
    const [metric] = await rig.metrics();
    return metric?.gauge?.dataPoints.map(({ attributes, asDouble }) => [plainAttributes(attributes).room, asDouble]);
  };
  expect(await values()).toEqual([
    ['kitchen', 21],
    ['attic', 30],
  ]);
  rooms.delete('kitchen');
  rooms.set('attic', 31);
  expect(await values()).toEqual([['attic', 31]]);
  temperature.removeCallback(read);
  expect(await values()).toBe(undefined);
});

test('a batch callback observes several instruments and no other; what one callback throws stops no other', async () => {
  const rig = metricsRig();
  const used = rig.meter.createObservableUpDownCounter('used');
  const faults = rig.meter.createObservableCounter('faults');
  const foreign = rig.meter.createObservableGauge('foreign');
  const batch = async (result: { observe(observable: typeof used, value: number): void }) => {
    await Promise.resolve();
    result.observe(used, 5);
    result.observe(faults, 2);
    result.observe(foreign, 9);
  };
  rig.meter.addBatchObservableCallback(batch, [used, faults]);
  rig.meter.addBatchObservableCallback(batch, [faults, used]);
  foreign.addCallback(() => {
    throw new Error('no sensor');
  });
  foreign.addCallback(async () => {
    throw new Error('no answer');
  });
  expect((await rig.metrics()).map(({ name, sum }) => [name, sum!.dataPoints[0]!.asDouble])).toEqual([
    ['used', 5],
    ['faults', 2],
  ]);
  expect(rig.said.map(({ message }) => message.replace(/.*Error: /, ''))).toEqual(['no sensor', 'no answer']);
  rig.meter.removeBatchObservableCallback(batch, [used, faults]);
  expect(await rig.metrics()).toEqual([]);
});

test('an observed counter that starts anew has a new start, and its delta is what it tells', async () => {
  for (const temporality of ['cumulative', 'delta'] as const) {
    const rig = metricsRig({ temporality });
    let total = 100;
    rig.meter.createObservableCounter('total').addCallback((result) => result.observe(total));
    const seen: unknown[] = [];
    for (const next of [100, 130, 20]) {
      total = next;
      await rig.time.advance(1_000);
      const [point] = (await rig.metrics())[0]!.sum!.dataPoints;
      seen.push([point!.asDouble, Number(BigInt(point!.startTimeUnixNano!) / 1_000_000n) - startMs]);
    }
    // What is observed first may have counted since the instrument was made.
    expect(seen).toEqual(
      temporality === 'cumulative'
        ? [
            [100, 0],
            [130, 0],
            [20, 2_000],
          ]
        : [
            [100, 0],
            [30, 1_000],
            [20, 2_000],
          ],
    );
  }
});

test('series that come and go do not fill an observable for ever', async () => {
  const rig = metricsRig({ cardinalityLimit: 10 });
  let connection = 0;
  rig.meter.createObservableGauge('connections').addCallback((result) => {
    for (let i = 0; i < 3; i++) result.observe(1, { id: connection + i });
  });
  for (let round = 0; round < 20; round++) {
    connection = round * 3;
    const [metric] = await rig.metrics();
    const ids = metric!.gauge!.dataPoints.map(({ attributes }) => plainAttributes(attributes).id);
    // At most once in a while three are one, when the table is full; then it is emptied.
    if (ids.length === 3) expect(ids).toEqual([0n, 1n, 2n].map((i) => BigInt(connection) + i));
    else expect(round % 4).toBe(3);
  }
});

test('delta counters begin anew after each collection, from the moment of the last', async () => {
  const rig = metricsRig({ temporality: 'delta' });
  const counter = rig.meter.createCounter('c');
  counter.add(2, { a: 1 });
  await rig.time.advance(1_000);
  expect((await rig.metrics())[0]!.sum).toMatchObject({ aggregationTemporality: 1, dataPoints: [{ asDouble: 2 }] });
  expect(await rig.metrics()).toEqual([]);
  await rig.time.advance(500);
  counter.add(3, { a: 1 });
  await rig.time.advance(500);
  expect((await rig.metrics())[0]!.sum!.dataPoints[0]).toMatchObject({
    asDouble: 3,
    startTimeUnixNano: nanos(startMs + 1_000),
    timeUnixNano: nanos(startMs + 2_000),
  });
});

test('a wall clock that is set back makes no interval of less than nothing', async () => {
  const rig = metricsRig();
  rig.meter.createCounter('c').add(1);
  rig.time.jumpWall(-3_600_000);
  const [point] = (await rig.metrics())[0]!.sum!.dataPoints;
  expect(point!.startTimeUnixNano).toBe(point!.timeUnixNano);
});

test('beyond the cardinality limit measurements are one series that says so [F14]', async () => {
  const rig = metricsRig({ cardinalityLimit: 3 });
  const counter = rig.meter.createCounter('c');
  for (let user = 0; user < 100; user++) counter.add(1, { user });
  counter.add(1, { user: 0 });
  const points = (await rig.metrics())[0]!.sum!.dataPoints;
  expect(points.map(({ attributes, asDouble }) => [plainAttributes(attributes), asDouble])).toEqual([
    [{ user: 0n }, 2],
    [{ user: 1n }, 1],
    [{ 'otel.metric.overflow': true }, 98],
  ]);
});

test('observations beyond the cardinality limit are one sum, from when it began, in delta what came since', async () => {
  for (const [temporality, values] of [
    ['cumulative', [30, 33, 36]],
    ['delta', [30, 3, 3]],
  ] as const) {
    const rig = metricsRig({ cardinalityLimit: 3, temporality });
    let count = 10;
    rig.meter.createObservableCounter('c').addCallback((result) => {
      for (let i = 0; i < 5; i++) result.observe(count, { i });
    });
    for (const [round, value] of values.entries()) {
      const overflow = (await rig.metrics())[0]!.sum!.dataPoints[2]!;
      expect(plainAttributes(overflow.attributes)).toEqual({ 'otel.metric.overflow': true });
      expect([temporality, overflow.asDouble]).toEqual([temporality, value]);
      const since = temporality === 'delta' ? Math.max(round - 1, 0) * 1_000 : 0;
      expect(overflow.startTimeUnixNano).toBe(nanos(startMs + since));
      count++;
      await rig.time.advance(1_000);
    }
  }
});

test('what was bound and never measured is no series yet', async () => {
  const rig = metricsRig();
  const histogram = rig.meter.createHistogram('h');
  const bound = histogram.bind({ a: 1 });
  rig.meter.createCounter('c').bind();
  histogram.record(1);
  expect((await rig.metrics()).map(({ name, histogram }) => [name, histogram!.dataPoints.length])).toEqual([['h', 1]]);
  bound.record(2);
  const { dataPoints } = (await rig.metrics())[0]!.histogram!;
  expect(dataPoints.map(({ attributes, min }) => [plainAttributes(attributes), min])).toEqual([
    [{ a: 1n }, 2],
    [{}, 1],
  ]);
});

test('sums that are observed apart by attributes nobody advised are added up', async () => {
  const rig = metricsRig();
  const advice = { advice: { attributes: ['a'] } } as MetricOptions;
  rig.meter.createObservableUpDownCounter('sum', advice).addCallback((result) => {
    result.observe(1, { a: 1, b: 1 });
    result.observe(2, { a: 1, b: 2 });
  });
  rig.meter.createObservableGauge('last', advice).addCallback((result) => {
    result.observe(1, { a: 1, b: 1 });
    result.observe(2, { a: 1, b: 2 });
  });
  const [sum, last] = await rig.metrics();
  expect(sum!.sum!.dataPoints.map(({ asDouble }) => asDouble)).toEqual([3]);
  expect(last!.gauge!.dataPoints.map(({ asDouble }) => asDouble)).toEqual([2]);
});

test('merged sums that two collections ask for at once are those of the later asking, whoever answers late', async () => {
  const rig = metricsRig();
  const advice = { advice: { attributes: ['a'] } } as MetricOptions;
  const sum = rig.meter.createObservableUpDownCounter('sum', advice);
  const answers: (() => void)[] = [];
  let counted = 1;
  sum.addCallback((result) => {
    result.observe(counted, { a: 1, b: 1 });
    result.observe(counted, { a: 1, b: 2 });
  });
  sum.addCallback(async (result) => {
    await new Promise<void>((resolve) => answers.push(resolve));
    result.observe(10 * counted, { a: 1, b: 3 });
    result.observe(counted, { a: 2, b: 3 });
  });
  const first = rig.metrics();
  counted = 2;
  const second = rig.metrics();
  expect(answers).toHaveLength(2);
  // The earlier asking is answered last.
  answers[1]!();
  await second;
  answers[0]!();
  const valuesOf = (found: Awaited<typeof first>) => found.flatMap((one) => one.sum!.dataPoints).map((p) => p.asDouble);
  expect(valuesOf(await second)).toEqual([24, 2]);
  await first;

  // What came after it was collected is not added to what the next asking is answered.
  const third = rig.metrics();
  answers[2]!();
  expect(valuesOf(await third)).toEqual([24, 2]);
});

test('a callback for several observables may hold one of another SDK or of none, and take itself away', async () => {
  const rig = metricsRig();
  const gauge = rig.meter.createObservableGauge('g');
  // Made before there was a telemetry.
  const early = createNoopMeter().createObservableGauge('early');
  let asked = 0;
  const once: BatchObservableCallback = () => {
    asked++;
    rig.meter.removeBatchObservableCallback(once, [gauge]);
  };
  rig.meter.addBatchObservableCallback(once, [gauge]);
  rig.meter.addBatchObservableCallback(
    (result) => {
      result.observe(early, 1);
      result.observe(gauge, 2);
    },
    [early, gauge],
  );
  rig.meter.addBatchObservableCallback(() => void asked++, [early]);
  for (let round = 0; round < 2; round++) {
    const points = (await rig.metrics()).map(({ name, gauge: of }) => [
      name,
      of!.dataPoints.map((one) => one.asDouble),
    ]);
    expect(points).toEqual([['g', [2]]]);
  }
  expect(asked).toBe(1);
  expect(rig.said).toEqual([]);
});

test('an observed counter that stands still has not begun anew, and one that is made later begins when it is made', async () => {
  const rig = metricsRig({ temporality: 'delta' });
  const cumulative = metricsRig();
  for (const { meter } of [rig, cumulative])
    meter.createObservableCounter('c').addCallback((result) => result.observe(5));
  for (const each of [rig, cumulative]) {
    await each.metrics();
    await each.time.advance(1_000);
  }
  expect((await rig.metrics())[0]!.sum!.dataPoints).toMatchObject([{ asDouble: 0, startTimeUnixNano: nanos(startMs) }]);
  expect((await cumulative.metrics())[0]!.sum!.dataPoints).toMatchObject([
    { asDouble: 5, startTimeUnixNano: nanos(startMs) },
  ]);
  await cumulative.time.advance(500);
  cumulative.meter.createObservableCounter('late').addCallback((result) => result.observe(7));
  await cumulative.time.advance(500);
  expect((await cumulative.metrics())[1]!.sum!.dataPoints).toMatchObject([
    { asDouble: 7, startTimeUnixNano: nanos(startMs + 1_500), timeUnixNano: nanos(startMs + 2_000) },
  ]);
});

test('what attributes inherit is none of theirs, and leads nobody else to their series', async () => {
  const rig = metricsRig();
  const counter = rig.meter.createCounter('c');
  counter.add(1, Object.create({ a: 1 }) as Attributes);
  counter.add(2, { a: 1 });
  const points = (await rig.metrics())[0]!.sum!.dataPoints;
  expect(points.map(({ attributes, asDouble }) => [plainAttributes(attributes), asDouble])).toEqual([
    [{}, 1],
    [{ a: 1n }, 2],
  ]);
});
