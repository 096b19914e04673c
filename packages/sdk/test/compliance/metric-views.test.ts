import { metrics } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { recorded } from './recorded.js';

/* Views of the specification ("Metrics SDK", View), through `start({ metrics: { views } })` and `@opentelemetry/api`. */

const names = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name);

test('a view matches by name, type, unit and meter, by all that it says and by nothing else [F14]', async () => {
  const drop = { aggregation: { type: 'drop' } } as const;
  const rig = recorded({
    metrics: {
      views: [
        { instrumentName: 'by.name', ...drop },
        { instrumentType: 'upDownCounter', ...drop },
        { instrumentUnit: 'By', ...drop },
        { meterName: 'noisy', ...drop },
        { meterVersion: '0.1', ...drop },
        { meterSchemaUrl: 'https://old', ...drop },
        { instrumentName: 'both', instrumentUnit: 's', ...drop },
      ],
    },
  });
  const meter = metrics.getMeter('lib', '1', { schemaUrl: 'https://new' });
  meter.createCounter('by.name').add(1);
  meter.createCounter('by.name.not').add(1);
  meter.createUpDownCounter('up.down').add(1);
  meter.createCounter('bytes', { unit: 'By' }).add(1);
  meter.createCounter('both', { unit: 'ms' }).add(1);
  metrics.getMeter('other').createCounter('both', { unit: 's' }).add(1);
  metrics.getMeter('noisy').createCounter('c').add(1);
  metrics.getMeter('early', '0.1').createCounter('c').add(1);
  metrics.getMeter('early', '0.2', { schemaUrl: 'https://old' }).createCounter('c').add(1);
  metrics.getMeter('early', '0.2').createCounter('early.02').add(1);
  expect(names(await rig.metrics())).toEqual(['by.name.not', 'both', 'early.02']);
});

test('names of instruments are matched with * for any number of characters and ? for one [F14]', async () => {
  const rig = recorded({
    metrics: {
      views: [
        { instrumentName: 'http.*.size', aggregation: { type: 'drop' } },
        { instrumentName: 'disk.?', aggregation: { type: 'drop' } },
      ],
    },
  });
  const meter = metrics.getMeter('lib');
  const all = ['http.a.size', 'http..size', 'http.size', 'http.a.sizes', 'xhttp.a.size', 'disk.a', 'disk.', 'disk.ab'];
  for (const name of all) meter.createCounter(name).add(1);
  expect(names(await rig.metrics())).toEqual(['http.size', 'http.a.sizes', 'xhttp.a.size', 'disk.', 'disk.ab']);
});

test('the name * matches every instrument, so that all can be dropped but those another view names [F14]', async () => {
  const rig = recorded({
    metrics: {
      views: [
        { instrumentName: '*', aggregation: { type: 'drop' } },
        { instrumentName: 'wanted', aggregation: { type: 'default' } },
      ],
    },
  });
  const meter = metrics.getMeter('lib');
  for (const name of ['a', 'wanted', 'b.c']) meter.createHistogram(name).record(1);
  meter.createObservableGauge('g').addCallback((result) => result.observe(1));
  expect(await rig.metrics()).toMatchObject([{ name: 'wanted', kind: 'histogram' }]);
  expect(rig.telemetry.diagnostics).toEqual([]);
});

test('a view says name, description, the keys of attributes that are kept, and the aggregation [F14]', async () => {
  const rig = recorded({
    metrics: {
      views: [
        {
          instrumentName: 'request.duration',
          name: 'requests by route',
          description: 'how many',
          attributeKeys: { included: ['http.route', 'code'] },
          aggregation: { type: 'explicit_bucket_histogram', boundaries: [1, 10], recordMinMax: false },
        },
      ],
    },
  });
  const durations = metrics.getMeter('lib').createHistogram('request.duration', {
    unit: 'ms',
    advice: { explicitBucketBoundaries: [7] },
  });
  for (let user = 0; user < 5; user++) durations.record(user * 4, { user, 'http.route': '/a', id: `x${user}` });
  durations.record(2, { 'http.route': '/a', code: 200 });
  expect(await rig.metrics()).toMatchObject([
    {
      name: 'requests by route',
      description: 'how many',
      unit: 'ms',
      points: [
        {
          attributes: { 'http.route': '/a' },
          count: '5',
          sum: 40,
          explicitBounds: [1, 10],
          bucketCounts: ['1', '2', '2'],
        },
        { attributes: { 'http.route': '/a', code: 200n }, count: '1' },
      ],
    },
  ]);
  const [metric] = await rig.metrics();
  expect(metric!.points[0]).not.toHaveProperty('min');
  expect(metric!.points[0]).not.toHaveProperty('max');
});

test('a view leaves out keys of attributes and keeps all others; a key that is named both ways is left out [F14]', async () => {
  const rig = recorded({
    metrics: {
      views: [
        { instrumentName: 'c', attributeKeys: { excluded: ['user', 'url.*'] } },
        { instrumentName: 'd', attributeKeys: { included: ['a', 'b'], excluded: ['b'] } },
      ],
    },
  });
  const meter = metrics.getMeter('lib');
  meter.createCounter('c').add(1, { user: 'x', 'url.full': '/?a', route: '/', code: 1 });
  meter.createCounter('c').add(1, { route: '/', user: 'y', code: 1 });
  meter.createCounter('d').add(1, { a: 1, b: 2, c: 3 });
  const [c, d] = await rig.metrics();
  expect(c!.points).toMatchObject([{ attributes: { route: '/', code: 1n }, asDouble: 2 }]);
  expect(c!.points[0]!.attributes).not.toHaveProperty('user');
  expect(d!.points.map(({ attributes }) => attributes)).toEqual([{ a: 1n }]);
});

test('several views of one instrument make a metric each; two of one name are said [F14]', async () => {
  const rig = recorded({
    metrics: {
      views: [
        { instrumentName: 'latency' },
        {
          instrumentName: 'latency',
          name: 'latency.sum',
          aggregation: { type: 'sum' },
          attributeKeys: { included: [] },
        },
        { instrumentName: 'latency', name: 'latency.last', aggregation: { type: 'last_value' } },
      ],
    },
  });
  const latency = metrics.getMeter('lib').createHistogram('latency');
  latency.record(3, { a: 1 });
  latency.record(4, { a: 2 });
  expect(await rig.metrics()).toMatchObject([
    { name: 'latency', kind: 'histogram', points: [{ count: '1' }, { count: '1' }] },
    { name: 'latency.sum', kind: 'sum', sum: { isMonotonic: true }, points: [{ asDouble: 7, attributes: {} }] },
    { name: 'latency.last', kind: 'gauge', points: [{ asDouble: 3 }, { asDouble: 4 }] },
  ]);
  expect(rig.telemetry.diagnostics).toEqual([]);
  const twice = recorded({
    global: false,
    metrics: { views: [{}, { aggregation: { type: 'last_value' } }] },
  });
  twice.telemetry.meter.createCounter('c').add(1);
  expect(names(await twice.metrics())).toEqual(['c', 'c']);
  expect(twice.telemetry.diagnostics.map(({ code }) => code)).toEqual(['instrument-conflict']);
});

test('in the mode composable the views that match are put together, the last word counts, one metric for each name [F14]', async () => {
  const rig = recorded({
    metrics: {
      viewMatchingMode: 'composable',
      views: [
        { instrumentName: '*', attributeKeys: { excluded: ['secret'] }, description: 'first' },
        { instrumentName: 'h', attributeKeys: { included: ['a', 'secret', 'b'] }, aggregation: { type: 'sum' } },
        {
          instrumentName: 'h',
          attributeKeys: { excluded: ['b'] },
          description: 'last',
          aggregationCardinalityLimit: 2,
        },
        { instrumentName: 'two', name: 'one' },
        { instrumentName: 'two', name: 'other', aggregation: { type: 'last_value' } },
        // Of no sense for what is observed: the one before counts.
        { instrumentName: 'o', aggregation: { type: 'sum' } },
        { instrumentName: 'o', aggregation: { type: 'explicit_bucket_histogram' } },
      ],
    },
  });
  const meter = metrics.getMeter('lib');
  const histogram = meter.createHistogram('h');
  histogram.record(2, { a: 1, b: 1, c: 1, secret: 'x' });
  histogram.record(3, { a: 1, b: 2, secret: 'y' });
  histogram.record(4, { a: 2 });
  meter.createCounter('two').add(5, { secret: 's' });
  meter.createObservableGauge('o').addCallback((result) => result.observe(6, { secret: 1 }));
  expect(
    (await rig.metrics()).map(({ name, kind, description, points }) => [
      name,
      kind,
      description,
      points.map(({ attributes, asDouble }) => [attributes, asDouble]),
    ]),
  ).toEqual([
    [
      'h',
      'sum',
      'last',
      [
        [{ a: 1n }, 5],
        [{ 'otel.metric.overflow': true }, 4],
      ],
    ],
    ['one', 'sum', 'first', [[{}, 5]]],
    ['other', 'gauge', 'first', [[{}, 5]]],
    ['o', 'sum', 'first', [[{}, 6]]],
  ]);
  expect(rig.telemetry.diagnostics.map(({ code }) => code)).toEqual(['bad-view']);
});

test('a mode of matching that does not exist is said, and each view counts for itself', async () => {
  const rig = recorded({
    metrics: {
      viewMatchingMode: 'merged' as never,
      views: [
        { name: 'a', instrumentName: 'c' },
        { name: 'b', instrumentName: 'c' },
      ],
    },
  });
  rig.telemetry.meter.createCounter('c').add(1);
  expect(names(await rig.metrics())).toEqual(['a', 'b']);
  expect(rig.telemetry.diagnostics).toMatchObject([
    { code: 'bad-option', message: 'viewMatchingMode cannot be merged' },
  ]);
});

test('what is dropped is kept by nobody, the instrument says so, and its callbacks are not asked', async () => {
  const rig = recorded({ metrics: { views: [{ instrumentName: 'no*', aggregation: { type: 'drop' } }] } });
  const meter = rig.telemetry.meter;
  const dropped = meter.createCounter('no.counter');
  const kept = meter.createCounter('counter');
  for (const counter of [dropped, kept]) counter.add(1);
  let asked = 0;
  meter.createObservableGauge('no.gauge').addCallback(() => void asked++);
  expect(names(await rig.metrics())).toEqual(['counter']);
  expect(asked).toBe(0);
  const isEnabled = (counter: object) => (counter as { enabled(): boolean }).enabled();
  expect([isEnabled(dropped), isEnabled(kept)]).toEqual([false, true]);
});

test('a view that makes no sense for an instrument is said, and is as if it did not exist', async () => {
  const rig = recorded({
    metrics: {
      views: [
        { instrumentName: 'observed', aggregation: { type: 'explicit_bucket_histogram' } },
        { instrumentName: 'h', aggregation: { type: 'explicit_bucket_histogram', boundaries: [5, 1] } },
      ],
    },
  });
  const meter = rig.telemetry.meter;
  meter.createObservableCounter('observed').addCallback((result) => result.observe(2));
  meter.createHistogram('h', { advice: { explicitBucketBoundaries: [3] } }).record(1);
  expect(await rig.metrics()).toMatchObject([
    { name: 'observed', kind: 'sum', points: [{ asDouble: 2 }] },
    { name: 'h', points: [{ explicitBounds: [3] }] },
  ]);
  expect(rig.telemetry.diagnostics.map(({ code }) => code)).toEqual(['bad-view']);
});

test('the cardinality limit of a view is that of its metric alone, after attributes are left out [F14]', async () => {
  const rig = recorded({
    cardinalityLimit: 4,
    metrics: {
      views: [{ instrumentName: 'few', aggregationCardinalityLimit: 2, attributeKeys: { excluded: ['id'] } }],
    },
  });
  const meter = metrics.getMeter('lib');
  const few = meter.createCounter('few');
  const more = meter.createCounter('more');
  for (let i = 0; i < 12; i++) {
    few.add(1, { id: i, kind: i % 3 });
    more.add(1, { id: i });
  }
  const sizes = (await rig.metrics()).map(({ points }) => points.map(({ asDouble }) => asDouble));
  expect(sizes).toEqual([
    [4, 8],
    [1, 1, 1, 9],
  ]);
});

test('attributes of a view are capped in number and length, and those it names fall into buckets [F14]', async () => {
  const rig = recorded({
    metrics: {
      views: [
        { instrumentName: 'capped', attributeLimits: { count: 2, valueLength: 4 } },
        { instrumentName: 'hashed', hashBuckets: { 'user.id': 8 } },
      ],
    },
  });
  const meter = metrics.getMeter('lib');
  meter.createCounter('capped').add(1, { b: 'abcdefgh', a: 1, c: true });
  const hashed = meter.createCounter('hashed');
  for (let user = 0; user < 1_000; user++) hashed.add(1, { 'user.id': `user-${user}`, route: '/' });
  hashed.add(1, { route: '/' });
  const [first, second] = await rig.metrics();
  expect(first!.points[0]!.attributes).toEqual({ a: 1n, b: 'abcd' });
  const buckets = second!.points.filter(({ attributes }) => 'user.id' in attributes);
  expect(buckets.map(({ attributes }) => attributes['user.id']).sort()).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]);
  const shares = buckets.map(({ asDouble }) => asDouble!);
  expect(shares.reduce((sum, share) => sum + share)).toBe(1_000);
  for (const share of shares) expect(Math.abs(share - 125)).toBeLessThan(60);
  expect(second!.points).toHaveLength(9);
});

test('attributes that an instrument advises are kept and others left out, unless a view says keys', async () => {
  const rig = recorded({ metrics: { views: [{ instrumentName: 'viewed', attributeKeys: { included: ['b'] } }] } });
  const advice = { attributes: ['a'] } as object;
  const meter = metrics.getMeter('lib');
  for (const name of ['advised', 'viewed']) meter.createCounter(name, { advice }).add(1, { a: 1, b: 2 });
  meter.createCounter('neither').add(1, { a: 1, b: 2 });
  expect((await rig.metrics()).map(({ points }) => points[0]!.attributes)).toEqual([
    { a: 1n },
    { b: 2n },
    { a: 1n, b: 2n },
  ]);
});

test('a view whose name several instruments could have, and numbers that are none, are left out and said', async () => {
  const rig = recorded({
    metrics: {
      views: [
        {
          instrumentName: 'c*',
          name: 'one for all',
          description: 'kept',
          aggregationCardinalityLimit: 0,
          hashBuckets: { a: 0.5 },
        },
      ],
    },
  });
  rig.telemetry.meter.createCounter('c').add(1, { a: 'x' });
  expect(await rig.metrics()).toMatchObject([{ name: 'c', description: 'kept', points: [{ attributes: { a: 'x' } }] }]);
  expect(rig.telemetry.diagnostics.map(({ message }) => message)).toEqual([
    'A view of c* cannot have this name,aggregationCardinalityLimit,hashBuckets; it is left out.',
  ]);
});

test('values below zero have buckets of their own, those no further from zero than the threshold count as zero, and there is no sum', async () => {
  const aggregation = { type: 'base2_exponential_bucket_histogram', maxScale: 0, zeroThreshold: 0.5 } as const;
  const rig = recorded({ metrics: { views: [{ instrumentName: 'degrees', aggregation }] } });
  const degrees = metrics.getMeter('lib').createGauge('degrees');
  for (const value of [-0.5, 0.5, -1, -4, 2]) degrees.record(value);
  const [metric] = await rig.metrics();
  expect(metric!.points[0]).toMatchObject({
    count: '5',
    zeroCount: '2',
    negative: { offset: -1, bucketCounts: ['1', '0', '1'] },
    positive: { bucketCounts: ['1'] },
    min: -4,
    max: 2,
  });
  expect(metric!.points[0]).not.toHaveProperty('sum');
});

test('exponential histograms count in buckets that grow by a factor, as fine as 160 of them allow, at first at scale 20 [S7]', async () => {
  const rig = recorded({
    metrics: {
      histogramAggregation: 'base2_exponential_bucket_histogram',
      views: [
        {
          instrumentName: 'own',
          aggregation: {
            type: 'base2_exponential_bucket_histogram',
            maxSize: 4,
            maxScale: 3,
            zeroThreshold: 0.5,
            recordMinMax: false,
          },
        },
        { instrumentName: 'wrong', aggregation: { type: 'base2_exponential_bucket_histogram', maxSize: 1 } },
      ],
    },
  });
  const meter = metrics.getMeter('lib');
  const [one, many, own] = ['one', 'many', 'own'].map((name) => meter.createHistogram(name));
  one!.record(3);
  for (let i = 2; i <= 1_000; i++) many!.record(i);
  for (const value of [0, 0.25, 0.5, 1, 2, 4, 8]) own!.record(value);
  meter.createUpDownCounter('wrong').add(-1);
  const [first, second, third, fourth] = await rig.metrics();
  expect(first).toMatchObject({
    kind: 'exponentialHistogram',
    points: [{ count: '1', sum: 3, scale: 20, min: 3, max: 3 }],
  });
  const [point] = second!.points;
  expect(point).toMatchObject({ count: '999', sum: 500_499, scale: 4 });
  // 2^(1/16) to a bucket: 160 of them are 2^10.
  expect(point!.positive!.bucketCounts.length).toBeLessThanOrEqual(160);
  expect(point!.positive!.bucketCounts.reduce((sum, count) => sum + Number(count), 0)).toBe(999);
  expect(third!.points[0]).toMatchObject({
    count: '7',
    zeroCount: '3',
    zeroThreshold: 0.5,
    positive: { offset: -1, bucketCounts: ['1', '1', '1', '1'] },
  });
  expect(third!.points[0]!.scale ?? 0).toBe(0);
  expect(third!.points[0]).not.toHaveProperty('min');
  expect(fourth).toMatchObject({ name: 'wrong', kind: 'sum', points: [{ asDouble: -1 }] });
  expect(rig.telemetry.diagnostics.map(({ code }) => code)).toEqual(['bad-view']);
});

test('views that come out the same are one metric, and what is no number spoils no sum', async () => {
  const view = { instrumentName: 'level', name: 'sum', aggregation: { type: 'sum' } } as const;
  const rig = recorded({ metrics: { views: [view, { ...view, instrumentType: 'gauge' }] } });
  const level = metrics.getMeter('lib').createGauge('level');
  level.record(1);
  level.record(Number.NaN);
  level.record(2);
  const found = await rig.metrics();
  expect(found.map(({ name, points }) => [name, points.map(({ asDouble }) => asDouble)])).toEqual([['sum', [3]]]);
});

test('a gauge made a histogram counts numbers alone: what is none leaves no point, no least or greatest, and no exemplar', async () => {
  const histograms = [
    { type: 'explicit_bucket_histogram', boundaries: [1] },
    { type: 'base2_exponential_bucket_histogram' },
    { type: 'sum' },
  ] as const;
  for (const aggregation of histograms) {
    const views = [{ instrumentName: 'level', aggregation }];
    const rig = recorded({ metrics: { views, exemplarFilter: 'always_on' } });
    const level = metrics.getMeter('lib').createGauge('level');
    level.record(Number.NaN, { broken: true });
    expect(rig.telemetry.status().uncollected).toBe(false);
    for (const value of [2, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) level.record(value);
    const [metric] = await rig.metrics();
    expect(metric!.points).toHaveLength(1);
    const [point] = metric!.points;
    if (aggregation.type === 'sum') expect(point!.asDouble).toBe(2);
    else expect(point).toMatchObject({ count: '1', min: 2, max: 2 });
    expect(point!.exemplars.map(({ asDouble }) => asDouble)).toEqual([2]);
    await rig.telemetry.shutdown();
  }
});
