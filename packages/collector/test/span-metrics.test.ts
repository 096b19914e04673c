import { afterAll, beforeAll, expect, test } from 'vitest';
import { red } from '../src/query/histogram.js';
import { createReader } from '../src/query/reader.js';
import { spanMetrics } from '../src/query/span-metrics.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { type PlantedSpan, plantSpans, spanIdOf, traceIdOf } from './plant-spans.js';

const MINUTE = 60_000_000_000n;
const START = 1_795_147_200_000_000_000n;
const range = { startNano: START, endNano: START + 10n * MINUTE };

/** A thousand spans of two services over ten minutes, durations from nothing to a second. */
const SPANS: readonly PlantedSpan[] = Array.from({ length: 1_000 }, (_, index) => ({
  traceId: traceIdOf(index),
  spanId: spanIdOf(index),
  parent: index % 3 === 0 ? '' : spanIdOf(5_000 + index),
  service: index % 4 === 0 ? 'pay' : 'shop',
  name: index % 5 === 0 ? 'POST /cart' : 'GET /',
  kind: index % 2 === 0 ? 'Server' : 'Internal',
  status: index % 7 === 0 ? 'Error' : 'Unset',
  resource: { 'service.version': index < 600 ? '1.0' : '1.1' },
  atNano: START + (BigInt(index) * 10n * MINUTE) / 1_000n,
  durationNano: index === 12 ? 0n : BigInt((index * 7_919) % 1_000) * 1_000_000n + 1n,
}));

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  // In three inserts, so that parts are added up.
  for (let from = 0; from < SPANS.length; from += 400) await plantSpans(opened.store, SPANS.slice(from, from + 400));
}, 60_000);
afterAll(async () => {
  await opened?.close();
});
const reader = () => createReader(opened.store);

test('metrics of spans say of each minute what SQL says of the spans: rate, errors, sum of durations [F12]', async () => {
  for (const service of ['shop', 'pay']) {
    const answer = await spanMetrics(reader(), { range, service, all: false, by: [], buckets: 10 });
    const spans = await red(reader(), { service, range, stepNano: MINUTE });
    expect(answer.stepNano).toBe(Number(MINUTE));
    expect(answer.series[0]!.count).toEqual(spans.count);
    expect(answer.series[0]!.errorCount).toEqual(spans.errors);
    const { rows } = await opened.store.query<{ spans: string; errors: string; sum: string }>(
      `SELECT count() AS spans, countIf(StatusCode = 'Error') AS errors, sum(Duration) AS sum FROM otel_traces
       WHERE ServiceName = '${service}' AND (SpanKind = 'Server' OR ParentSpanId = '')`,
    );
    expect(answer.series[0]).toMatchObject({
      spans: Number(rows[0]!.spans),
      errors: Number(rows[0]!.errors),
      durationSumNano: Number(rows[0]!.sum),
    });
    for (const [step, p95] of answer.series[0]!.p95Nano.entries()) {
      expect(Math.abs(p95! / spans.p95[step]! - 1)).toBeLessThan(0.15);
    }
  }
});

test('quantiles of what was counted are within the width of a bucket of those of the spans [F12]', async () => {
  const [series] = (await spanMetrics(reader(), { range, all: true, by: [], buckets: 1 })).series;
  const durations = SPANS.map(({ durationNano }) => Number(durationNano)).sort((a, b) => a - b);
  for (const [share, value] of [
    [0.5, series!.p50],
    [0.95, series!.p95],
    [0.99, series!.p99],
  ] as const) {
    const exact = durations[Math.ceil(share * durations.length) - 1]!;
    expect(Math.abs(value / exact - 1)).toBeLessThan(2 ** (1 / 8) - 1);
  }
});

test('metrics of spans are grouped by service, operation, kind and version [F12]', async () => {
  const { series } = await spanMetrics(reader(), {
    range,
    all: true,
    by: ['service', 'operation', 'kind', 'version'],
    buckets: 10,
  });
  expect(series.reduce((sum, { spans }) => sum + spans, 0)).toBe(SPANS.length);
  expect(series).toHaveLength(12);
  const matches = SPANS.filter(
    ({ service, name, kind, resource }) =>
      service === 'shop' && name === 'GET /' && kind === 'Internal' && resource?.['service.version'] === '1.0',
  );
  expect(
    series.find(
      ({ service, operation, kind, version }) =>
        service === 'shop' && operation === 'GET /' && kind === 'internal' && version === '1.0',
    ),
  ).toMatchObject({ spans: matches.length, errors: matches.filter(({ status }) => status === 'Error').length });
});

test('an insert that is repeated is counted once, in the spans and in what the view made of them [S7]', async () => {
  const total = async () =>
    (await opened.store
      .query<{ spans: string; counted: string }>(
        'SELECT (SELECT count() FROM otel_traces) AS spans, (SELECT sum(Spans) FROM otel_span_metrics) AS counted',
      )
      .then(({ rows }) => rows[0]))!;
  const before = await total();
  expect(before.counted).toBe(before.spans);
  const again = SPANS.slice(0, 50).map((span, index) => ({ ...span, spanId: spanIdOf(9_000 + index) }));
  await plantSpans(opened.store, again, 'one-token');
  await plantSpans(opened.store, again, 'one-token');
  expect(await total()).toEqual({
    spans: String(Number(before.spans) + 50),
    counted: String(Number(before.spans) + 50),
  });
});
