import { expect, test } from 'vitest';
import { createMetrics } from './metrics.js';
import { prometheusText } from './prometheus-text.js';

test('metrics are written as Prometheus reads them: help, type, labels escaped, buckets that add up', () => {
  const metrics = createMetrics();
  const counter = metrics.counter('things_total', 'Things,\nwith \\ in it.', ['kind']);
  counter.add(2, 'a "quoted"\none');
  counter.add(1, 'a "quoted"\none');
  metrics.counter('nothing_total', 'Never counted.');
  metrics.gauge('known', 'Now.', () => 1.5);
  metrics.gauge('unknown', 'Not now.', () => undefined);
  const histogram = metrics.histogram('wait_seconds', 'Waiting.', [0.1, 1], ['way']);
  for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.observe(seconds, 'http');
  expect(prometheusText(metrics.read())).toBe(`# HELP things_total Things,\\nwith \\\\ in it.
# TYPE things_total counter
things_total{kind="a \\"quoted\\"\\none"} 3
# HELP nothing_total Never counted.
# TYPE nothing_total counter
nothing_total 0
# HELP known Now.
# TYPE known gauge
known 1.5
# HELP unknown Not now.
# TYPE unknown gauge
# HELP wait_seconds Waiting.
# TYPE wait_seconds histogram
wait_seconds_bucket{way="http",le="0.1"} 2
wait_seconds_bucket{way="http",le="1"} 3
wait_seconds_bucket{way="http",le="+Inf"} 4
wait_seconds_sum{way="http"} 7.65
wait_seconds_count{way="http"} 4
`);
  expect(() => metrics.counter('known', 'Again.')).toThrow('known');
});
