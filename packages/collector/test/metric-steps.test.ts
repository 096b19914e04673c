import { afterAll, beforeAll, expect, test } from 'vitest';
import { metricQuery } from '../src/query/metric-query.js';
import type { MetricQuestion } from '../src/query/metric-selection.js';
import { type RowsOfTotals, rowsOfPoints, rowsOfSteps } from '../src/query/metric-steps.js';
import { arrayIncreases, stepIncreases } from '../src/query/metric-totals.js';
import { createReader } from '../src/query/reader.js';
import { applyMigrations } from '../src/store/apply-migrations.js';
import { differencesOfSteps } from './count-serials.js';
import type { Metric } from './expected-metric-rows.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantMetrics } from './plant-signals.js';

const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;
/** Midnight lies in the range. */
const START = (1_795_147_200_000_000_000n / DAY) * DAY - HOUR;
const DELTA = 1;
const CUMULATIVE = 2;
type Point = NonNullable<Metric['sum']>['dataPoints'][number];

/** Repeatable chance. */
function chanceOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Two hours of a counter with gaps and restarts that it names; it may begin or end within them. Halves and integers, so that sums do not depend on their order. */
function counter(seed: number): Point[] {
  const chance = chanceOf(seed);
  let since = START - BigInt(chance(2) * 7200 + 401) * SECOND;
  let value = chance(1000);
  const points: Point[] = [];
  const begins = chance(3) === 0 ? BigInt(chance(7200)) : -900n;
  const ends = chance(3) === 0 ? BigInt(chance(7200)) : 7200n;
  if (begins > 0n) since = START + begins * SECOND - BigInt(chance(2) * 3000) * SECOND;
  for (let at = START + begins * SECOND; at < START + ends * SECOND; at += BigInt(15 + chance(10)) * SECOND) {
    if (chance(80) === 0) at += BigInt(chance(1200)) * SECOND;
    if (chance(60) === 0) {
      since = at - BigInt(chance(15)) * SECOND;
      value = 0;
    }
    value += chance(20);
    points.push({
      timeUnixNano: at + BigInt(chance(1000)),
      startTimeUnixNano: since,
      ...(seed % 2 === 1
        ? { asDouble: value + 0.5 }
        : chance(2) === 0
          ? { asInt: BigInt(value) }
          : { asDouble: value }),
      attributes: [
        { key: 'series', value: { stringValue: `s${seed}` } },
        { key: 'group', value: { stringValue: `g${seed % 3}` } },
      ],
    });
  }
  return points;
}

const counters = (count: number, from: number): Point[] =>
  Array.from({ length: count }, (_, seed) => counter(from + seed)).flat();
const changed = (points: readonly Point[], every: number, value: Partial<Point>): Point[] =>
  points.map((point, index) => {
    const { asDouble, asInt, ...rest } = point;
    return index % every === every - 1 ? { ...rest, ...value } : point;
  });

/** All have the same shape, and each something of its own. */
const POINTS: Readonly<Record<string, { readonly points: Point[]; readonly temporality?: number }>> = {
  told: { points: counters(14, 100) },
  fell: { points: [...counter(1), ...changed(counter(3), 9, { asInt: 0n })] },
  fewFell: { points: [...counters(3, 50), ...changed(counter(4), 171, { asInt: 0n })] },
  silent: { points: [...counter(5), ...changed(counter(6), 5, { flags: 1 })] },
  noNumbers: { points: [...counter(7), ...changed(counter(8), 40, { asDouble: Number.NaN })] },
  endless: { points: [...counter(9), ...changed(counter(10), 200, { asDouble: Number.POSITIVE_INFINITY })] },
  deltas: { points: counters(3, 20), temporality: DELTA },
};

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  const chance = chanceOf(77);
  // In any order, some of it late, and every seventh a second time.
  const batches = Array.from({ length: 6 }, () => new Map<string, Point[]>());
  for (const [name, { points }] of Object.entries(POINTS)) {
    points.forEach((point, index) => {
      for (const again of index % 7 === 0 ? [0, 1] : [0]) {
        const batch = batches[(chance(6) + again) % 6]!;
        batch.set(name, [...(batch.get(name) ?? []), point]);
      }
    });
  }
  for (const batch of batches)
    await plantMetrics(
      opened.store,
      'shop',
      [...batch].map(([name, dataPoints]) => ({
        name,
        sum: { aggregationTemporality: POINTS[name]!.temporality ?? CUMULATIVE, isMonotonic: true, dataPoints },
      })),
    );
}, 120_000);
afterAll(async () => {
  await opened?.close();
});

const question = (name: string, more: Partial<MetricQuestion> = {}): MetricQuestion => ({
  name,
  kind: 'sum',
  function: 'increase',
  quantile: 0.5,
  by: ['series'],
  where: [],
  range: { startNano: START, endNano: START + 2n * HOUR },
  buckets: 10,
  top: 50,
  ...more,
});
const gridOf = ({ range }: MetricQuestion, stepNano: bigint) => {
  const startNano = (range.startNano / stepNano) * stepNano;
  return { startNano, stepNano, length: Number((range.endNano - startNano + stepNano - 1n) / stepNano) };
};
const reader = () => createReader(opened.store, { maxExecutionMs: 100_000 });

/** By rows of one kind, in both ways. `fell`: it can tell that it cannot tell. */
async function both(asked: MetricQuestion, stepNano: bigint, rows: RowsOfTotals) {
  const grid = gridOf(asked, stepNano);
  const arrays = await arrayIncreases(reader(), asked, grid, { series: 100, rows });
  const steps = await stepIncreases(reader(), asked, grid, { rows });
  return { arrays: typeof arrays === 'symbol' ? 'fell' : arrays, steps };
}

test('increases from steps of five minutes are those from points, whatever came late, twice or not at all [F12]', async () => {
  const chance = chanceOf(5);
  const ranges = [
    { startNano: START, endNano: START + 2n * HOUR },
    { startNano: START + 17n * MINUTE + 3n, endNano: START + 113n * MINUTE + 7n },
    ...Array.from({ length: 2 }, () => {
      const startNano = START + BigInt(chance(3600)) * SECOND;
      return { startNano, endNano: startNano + BigInt(900 + chance(5400)) * SECOND + BigInt(chance(1000)) };
    }),
  ];
  const where = [{ key: 'group', operator: '=', value: 'g1' }] as const;
  let compared = 0;
  let told = 0;
  for (const name of Object.keys(POINTS)) {
    for (const [at, range] of ranges.entries()) {
      const minutes = [5n, 10n, 15n, 60n][(at + name.length) % 4]!;
      const asked = question(name, { range, by: at % 2 === 0 ? ['series'] : [], ...(at === 3 ? { where } : {}) });
      const grid = gridOf(asked, minutes * MINUTE);
      const ofSteps = await rowsOfSteps(reader(), asked, grid);
      const byPoints = await both(asked, grid.stepNano, rowsOfPoints);
      const bySteps = await both(asked, grid.stepNano, ofSteps!);
      const about = `${name} of ${range.startNano - START} to ${range.endNano - START} in ${minutes} min`;
      compared++;
      if (name === 'noNumbers' && bySteps.arrays === undefined) {
        // Neither way says anything of what is no number, and points are asked.
        expect(bySteps.steps, about).toBeUndefined();
        continue;
      }
      expect(bySteps, about).toEqual(byPoints);
      if (typeof bySteps.arrays === 'object' && bySteps.arrays.lines.length > 0) told++;
    }
  }
  expect(compared).toBe(28);
  expect(told).toBeGreaterThan(10);
}, 300_000);

test('a rate whose steps are whole reads steps, and points where there is no other way [F12]', async () => {
  for (const table of ['otel_metrics_series', 'otel_metrics_sum_steps'])
    await opened.store.command(`OPTIMIZE TABLE ${table} FINAL`);
  const range = { startNano: START, endNano: START + 2n * HOUR };
  const ofSteps = await metricQuery(reader(), question('told', { range, stepNano: 10n * MINUTE }));
  const ofPoints = await metricQuery(reader(), question('told', { range, stepNano: 4n * MINUTE }));
  expect(ofSteps.stats.rowsRead).toBeLessThan(0.7 * ofPoints.stats.rowsRead);
  const asked = question('told', { range });
  const { arrays } = await both(asked, 10n * MINUTE, rowsOfPoints);
  expect(ofSteps.series.map(({ values }) => values)).toEqual(
    typeof arrays === 'object' && arrays.lines.map(({ values }) => values),
  );
  // Without a step, what fits is found without a look at points.
  const fitting = await metricQuery(reader(), question('told', { range, buckets: 24 }));
  expect(fitting.stepNano).toBe(Number(5n * MINUTE));
  expect(fitting.stats.rowsRead).toBeLessThan(0.7 * ofPoints.stats.rowsRead);
  // Not a number, in the midst of others: what points say.
  const odd = await metricQuery(reader(), question('noNumbers', { range, stepNano: 10n * MINUTE }));
  expect(odd.series.length).toBe(2);
});

test('steps are what points come to, before and after parts are merged, and after the migration that makes them is repeated [F2 F12]', async () => {
  const { store } = opened;
  expect(await differencesOfSteps(store)).toEqual({ lacking: 0, more: 0 });
  await store.command('OPTIMIZE TABLE otel_metrics_sum_steps FINAL');
  expect(await differencesOfSteps(store)).toEqual({ lacking: 0, more: 0 });
  const kept = await store.query<{ rows: string; keys: string }>(
    'SELECT count() AS rows, uniqExact(MetricName, Time, SeriesId, StartTimeUnix) AS keys FROM otel_metrics_sum_steps',
  );
  expect(kept.rows[0]!.rows).toBe(kept.rows[0]!.keys);
  const forget = 'ALTER TABLE throughline_migrations DELETE WHERE number = 11 SETTINGS mutations_sync = 2';
  // As a database of the release before has it, and as one that was interrupted.
  await store.command('DROP TABLE otel_metrics_sum_steps_mv SYNC');
  await store.command('DROP TABLE otel_metrics_sum_steps SYNC');
  for (let time = 0; time < 2; time++) {
    await store.command(forget);
    await applyMigrations(store);
    expect(await differencesOfSteps(store)).toEqual({ lacking: 0, more: 0 });
  }
  await plantMetrics(store, 'shop', [
    {
      name: 'after',
      sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints: counter(30) },
    },
  ]);
  expect(await differencesOfSteps(store)).toEqual({ lacking: 0, more: 0 });
}, 120_000);

test('steps leave with the points of their day when a time limit has passed [F2]', async () => {
  const { store } = opened;
  await applyMigrations(store, { retentionDays: 3 });
  const nowNano = BigInt(Date.now()) * 1_000_000n;
  await plantMetrics(store, 'shop', [
    {
      name: 'kept',
      sum: {
        aggregationTemporality: CUMULATIVE,
        isMonotonic: true,
        dataPoints: [10n, 0n].map((days) => ({
          timeUnixNano: nowNano - days * DAY,
          startTimeUnixNano: nowNano - 11n * DAY,
          asInt: 1n,
        })),
      },
    },
  ]);
  for (const table of ['otel_metrics_sum', 'otel_metrics_sum_steps'])
    await store.command(`OPTIMIZE TABLE ${table} FINAL`);
  const days = async (table: string, column: string): Promise<unknown> =>
    (
      await store.query(
        `SELECT toString(toDate(${column})) AS day FROM ${table} WHERE MetricName = 'kept' GROUP BY day ORDER BY day`,
      )
    ).rows;
  const today = [{ day: new Date(Number(nowNano / 1_000_000n)).toISOString().slice(0, 10) }];
  expect(await days('otel_metrics_sum', 'TimeUnix')).toEqual(today);
  expect(await days('otel_metrics_sum_steps', 'Time')).toEqual(today);
}, 60_000);
