import { execFileSync } from 'node:child_process';
import { type Attributes, metrics, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import { pathOnMachine } from '../../../testkit/src/on-this-machine.js';
import type { Diagnostic } from '../../src/core/options.js';
import { start } from '../../src/runtimes/node/index.js';
import { at, bare, described, linesOf, openMetrics, producing, scraped } from './scraped.js';

/*
 * Whole scrapes: that they are of the format they say is asked of Prometheus's own client library for Python, where the machine has it; and what a scraper
 * is answered where something of the program is not as it should be.
 */

const python = '/usr/bin/python3';
const hasParser = pathOnMachine('prometheusClient') !== undefined;

/** What Prometheus's own client for Python reads of a scrape: families with their samples. */
function parsed(text: string, module: 'parser' | 'openmetrics.parser') {
  const program = `
import json, sys
from prometheus_client.${module} import text_string_to_metric_families
print(json.dumps([
  [f.name, f.type, f.documentation, f.unit, [
    [s.name, s.labels, str(float(s.value)), s.exemplar and [s.exemplar.labels, s.exemplar.value, float(s.exemplar.timestamp)]] for s in f.samples]]
  for f in text_string_to_metric_families(sys.stdin.read())]))`;
  return JSON.parse(execFileSync(python, ['-c', program], { input: text, encoding: 'utf8' })) as [
    name: string,
    type: string,
    help: string,
    unit: string,
    samples: [name: string, labels: Record<string, string>, value: string, exemplar: unknown][],
  ][];
}

test.skipIf(!hasParser)('Prometheus’s own client library reads both formats, and finds what was measured', async () => {
  const { scrape } = await scraped((meter) => {
    const odd = { 'odd.key': 'a "quoted" \\ text\nof two lines', 'odd-key': '2' };
    meter.createCounter('requests.served', { unit: '{request}', description: 'Served \\ "all"\nof them' }).add(7, odd);
    const inSpan = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: 'c'.repeat(32),
      spanId: 'd'.repeat(16),
      traceFlags: 1,
    });
    const latency = meter.createHistogram('http.latency', {
      unit: 's',
      advice: { explicitBucketBoundaries: [0.005, 0.1, 1, 1_000_000] },
    });
    for (const value of [0.001, 0.05, 0.5, 100, 5e6]) latency.record(value, { 'http.route': '/' }, inSpan);
    const gauge = meter.createGauge('temperature', { unit: 'Cel' });
    gauge.record(-1.5e-7, { at: 'outside' });
    gauge.record(Number.POSITIVE_INFINITY, { at: 'sun' });
    meter.createUpDownCounter('queue').add(-4);
    metrics.getMeter('second', '2').createUpDownCounter('queue').add(9);
  });
  const scope = { otel_scope_name: 'io.shop', otel_scope_version: '1.2' };
  const odd = { ...scope, odd_key: '2;a "quoted" \\ text\nof two lines' };
  for (const [text, module] of [
    // First: exemplars are those since the last collection.
    [await scrape(openMetrics), 'openmetrics.parser'],
    [await scrape(), 'parser'],
  ] as const) {
    const families = new Map(parsed(text, module).map((family) => [family[0], family]));
    const isOpen = module === 'openmetrics.parser';
    expect([...families.keys()].sort()).toEqual([
      'http_latency_seconds',
      'queue',
      'requests_served',
      isOpen ? 'target' : 'target_info',
      'temperature_celsius',
    ]);
    const samples = (family: string, suffix = '') =>
      families
        .get(family)![4]
        .filter(([name]) => name === family + suffix)
        .map(([, labels, value]) => [labels, value]);
    expect(families.get('requests_served')!.slice(0, 3)).toEqual([
      'requests_served',
      'counter',
      'Served \\ "all"\nof them',
    ]);
    expect(samples('requests_served', '_total')).toEqual([[odd, '7.0']]);
    expect(
      samples('http_latency_seconds', '_bucket').map(([labels, value]) => [
        Number((labels as { le: string }).le.replace('+Inf', 'Infinity')),
        value,
      ]),
    ).toEqual([
      [0.005, '1.0'],
      [0.1, '2.0'],
      [1, '3.0'],
      [1_000_000, '4.0'],
      [Number.POSITIVE_INFINITY, '5.0'],
    ]);
    expect(samples('temperature_celsius')).toEqual([
      [{ ...scope, at: 'outside' }, '-1.5e-07'],
      [{ ...scope, at: 'sun' }, 'inf'],
    ]);
    expect(samples('queue')).toEqual([
      [scope, '-4.0'],
      [{ otel_scope_name: 'second', otel_scope_version: '2' }, '9.0'],
    ]);
    if (isOpen) {
      expect(families.get('http_latency_seconds')![3]).toBe('seconds');
      // Measured in a span: each bucket has one that leads to its trace.
      const exemplars = families
        .get('http_latency_seconds')![4]
        .flatMap(([, , , exemplar]) => (exemplar ? [exemplar] : []));
      expect(exemplars).toEqual(
        [0.001, 0.05, 0.5, 100, 5e6].map((value) => [
          { trace_id: 'c'.repeat(32), span_id: 'd'.repeat(16) },
          value,
          expect.closeTo(Date.now() / 1_000, -2),
        ]),
      );
    }
  }
});

test('what a scraper is answered stands whatever values attributes have: integers of 64 bits, bytes, lists of them', async () => {
  const large = 2n ** 60n;
  const { scrape } = await scraped((meter) => {
    const attributes = { id: large, ids: [large], raw: new Uint8Array([1, 2]) } as unknown as Attributes;
    meter.createCounter('c').add(1, attributes);
  }, bare);
  expect(linesOf(await scrape(), 'c_total')).toContain(
    'c_total{id="1152921504606846976",ids="[\\"1152921504606846976\\"]",raw="AQI="} 1',
  );
});

test('a producer that hands over nonsense costs its own metric alone, and is named', async () => {
  const broken = { ...described('broken') };
  const { scrape, diagnostics } = await scraped((meter) => meter.createGauge('mine').record(1), {
    ...bare,
    producers: producing(
      { descriptor: broken, aggregationTemporality: 1, dataPointType: 2, dataPoints: [{}] } as never,
      {
        descriptor: described('foreign'),
        aggregationTemporality: 1,
        dataPointType: 1,
        // As OpenTelemetry's SDK for JavaScript has them: no threshold.
        dataPoints: [
          {
            startTime: at,
            endTime: at,
            attributes: {},
            value: {
              count: 2,
              sum: 3,
              scale: 0,
              zeroCount: 1,
              positive: { offset: 1023, bucketCounts: [1] },
              negative: { offset: 0, bucketCounts: [] },
            },
          },
        ],
      } as never,
    ),
  });
  expect(linesOf(await scrape()).filter((line) => line && line[0] !== '#')).toEqual([
    'mine 1',
    'foreign_bucket{le="0"} 1',
    'foreign_bucket{le="+Inf"} 2',
    'foreign_sum 3',
    'foreign_count 2',
  ]);
  expect(diagnostics.map(({ code, message }) => [code, message.split(':')[0]])).toEqual([
    ['prometheus-conflict', 'broken cannot be written'],
  ]);
});

test('a collection that fails altogether is answered with 500 and told, and does not end the program', async () => {
  const { url, diagnostics } = await scraped((meter) => meter.createGauge('mine').record(1), {
    producers: [{ produce: () => [undefined] as never }],
  });
  expect((await fetch(url)).status).toBe(500);
  expect(diagnostics.map(({ code }) => code)).toEqual(['prometheus-collection']);
});

test('a port that is none is told, and metrics go on where else they go', async () => {
  const diagnostics: Diagnostic[] = [];
  const telemetry = start({
    signals: false,
    destinations: { copies: [] },
    env: { OTEL_METRICS_EXPORTER: 'prometheus,otlp', OTEL_EXPORTER_PROMETHEUS_PORT: '70000' },
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
  });
  onTestFinished(async () => void (await telemetry.shutdown()));
  expect(diagnostics.map(({ code, message }) => [code, message.slice(0, 45)])).toEqual([
    ['prometheus-unreachable', 'Metrics cannot be scraped at localhost:70000:'],
  ]);
  expect(telemetry.status().uncollected).toBe(false);
});
