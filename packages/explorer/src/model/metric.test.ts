import { expect, test } from 'vitest';
import { metricLines } from './metric-lines.js';
import { formatMetric } from './metric-value.js';

test('numbers of metrics are shown with their unit: times and bytes by size, others with what is counted', () => {
  expect(
    (
      [
        [0.25, 's'],
        [1500, 'ms'],
        [48_000_000, 'By'],
        [-2_000, 'By'],
        [7, '{request}'],
        [1, '{request}'],
        [2, '{query}'],
        [3, '{process}'],
        [4, '{garbage collection}'],
        [5, '{context_switch}'],
        [6, '{GC}'],
        [12_345, '1'],
        [0.12345, ''],
        [0.00001, ''],
        [21.5, 'Cel'],
        [-3, '1'],
        [50, '%'],
        [null, 's'],
      ] as const
    ).map(([value, unit]) => formatMetric(value, unit)),
  ).toEqual([
    '250 ms',
    '1.50 s',
    '48.0 MB',
    '−2.0 kB',
    '7 requests',
    '1 request',
    '2 queries',
    '3 processes',
    '4 garbage collections',
    '5 context switches',
    '6 GC',
    '12.3 k',
    '0.123',
    '1.0e-5',
    '21.5 Cel',
    '−3',
    '50 %',
    '–',
  ]);
});

test('histograms are drawn as means: of a step where they come as deltas, between steps where they come as totals', () => {
  const series = [{ service: 'a', values: [10, null, 30, 5, 6], counts: [5, null, 10, 1, 2] }];
  expect(metricLines({ series }, 'delta')[0]?.values).toEqual([2, null, 3, 5, 3]);
  // From 10 in 5 to 30 in 10, then a restart, then one more.
  expect(metricLines({ series }, 'cumulative')[0]?.values).toEqual([null, null, 4, null, 1]);
  expect(metricLines({ series: [{ service: 'a', values: [1, null] }] }, undefined)[0]?.values).toEqual([1, null]);
});
