import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MetricQuestion } from '../src/query/metric-selection.js';
import { rowsOfPoints } from '../src/query/metric-steps.js';
import { arrayIncreases, stepIncreases } from '../src/query/metric-totals.js';
import { createReader } from '../src/query/reader.js';
import type { Metric } from './expected-metric-rows.js';
import { openTestStore, type TestStore } from './open-test-store.js';
import { plantMetrics } from './plant-signals.js';

const START = 1_795_147_200_000_000_000n;
const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
const CUMULATIVE = 2;

/** Repeatable chance. */
function chanceOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** An hour of a counter whose points come every 20 s or so, are missing for up to a quarter of an hour, and begin anew, always saying so. */
function counter(seed: number): NonNullable<Metric['sum']>['dataPoints'] {
  const chance = chanceOf(seed);
  let since = START - BigInt(chance(2) * 7200 + 401) * SECOND;
  let value = chance(1000);
  const points = [];
  for (let at = START - 400n * SECOND; at < START + 60n * MINUTE; at += BigInt(15 + chance(10)) * SECOND) {
    if (chance(60) === 0) at += BigInt(chance(900)) * SECOND;
    if (chance(40) === 0) {
      since = at - BigInt(chance(15)) * SECOND;
      value = 0;
    }
    value += chance(20);
    points.push({
      timeUnixNano: at,
      startTimeUnixNano: since,
      asInt: BigInt(value),
      attributes: [
        { key: 'series', value: { stringValue: `s${seed}` } },
        { key: 'group', value: { stringValue: `g${seed % 3}` } },
      ],
    });
  }
  return points;
}

const sum = (name: string, dataPoints: NonNullable<Metric['sum']>['dataPoints']): Metric => ({
  name,
  sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints },
});
const falling = counter(3).map((point, index) => (index % 7 === 6 ? { ...point, asInt: 0n } : point));
const METRICS = [
  sum('told', Array.from({ length: 12 }, (_, seed) => counter(seed)).flat()),
  sum('fell', [...counter(1), ...falling]),
];

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  await plantMetrics(opened.store, 'shop', METRICS);
}, 60_000);
afterAll(async () => {
  await opened?.close();
});

test('increases by arrays are those by steps, through gaps and restarts of random counters [F12]', async () => {
  for (const name of ['told', 'fell']) {
    for (const seconds of [30n, 180n, 300n]) {
      for (const by of [[], ['series'], ['group']]) {
        const stepNano = seconds * SECOND;
        const grid = { startNano: START, stepNano, length: Number((60n * MINUTE) / stepNano) };
        const question: MetricQuestion = {
          name,
          kind: 'sum',
          function: 'increase',
          quantile: 0.5,
          by,
          where: [],
          range: { startNano: START, endNano: START + 60n * MINUTE },
          buckets: 10,
          top: 20,
        };
        const reader = createReader(opened.store, { maxExecutionMs: 100_000 });
        const byArrays = await arrayIncreases(reader, question, grid, { series: 12, rows: rowsOfPoints });
        const bySteps = await stepIncreases(reader, question, grid, { rows: rowsOfPoints });
        expect(typeof byArrays === 'symbol' ? undefined : byArrays).toEqual(bySteps);
        // What fell without saying so neither can follow, where they see it.
        if (seconds === 30n) expect(bySteps === undefined).toBe(name === 'fell');
      }
    }
  }
}, 120_000);

test('a counter that names another start for each point is too much for arrays, and followed otherwise [F12]', async () => {
  const question: MetricQuestion = {
    name: 'told',
    kind: 'sum',
    function: 'increase',
    quantile: 0.5,
    by: [],
    where: [],
    range: { startNano: START, endNano: START + 60n * MINUTE },
    buckets: 10,
    top: 20,
  };
  const grid = { startNano: START, stepNano: MINUTE, length: 60 };
  // There are more starts of series than so many series would have.
  expect(
    await arrayIncreases(createReader(opened.store, { maxExecutionMs: 100_000 }), question, grid, {
      series: -490,
      rows: rowsOfPoints,
    }),
  ).toBeUndefined();
  expect(
    await stepIncreases(createReader(opened.store, { maxExecutionMs: 100_000 }), question, grid, {
      rows: rowsOfPoints,
    }),
  ).toBeDefined();
});
