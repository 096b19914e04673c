import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { decodeMetricRequests } from './decode-metrics.js';
import { receiver, started } from './started-by-environment.js';

/*
 * The variables of the specification ("Environment Variable Specification") that are about metrics, each by what it changes in the bytes that a receiver gets
 * or in what the program sees; `start()` is given them in place of `process.env`.
 */

test('OTEL_METRIC_EXPORT_TIMEOUT is how long an answer to metrics is waited for, and to nothing else', async () => {
  const sink = await receiver();
  sink.answers.push({ silent: true });
  const { telemetry } = started({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_METRIC_EXPORT_TIMEOUT: '140' });
  telemetry.meter.createCounter('c').add(1);
  const flushed = telemetry.flush();
  await expect.poll(() => telemetry.status().lastError?.message).toContain('no answer in 140 ms');
  expect(await flushed).toBe(true);

  sink.answers.push({ delayMs: 300 });
  telemetry.tracer.startSpan('patient').end();
  const sentBefore = sink.received.length;
  expect(await telemetry.flush()).toBe(true);
  expect(sink.received.slice(sentBefore).filter(({ path }) => path.startsWith('/v1/traces'))).toHaveLength(1);
});

test('OTEL_METRIC_EXPORT_INTERVAL is how often metrics are collected without being asked', async () => {
  const sink = await receiver();
  const { telemetry } = started({
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
    OTEL_METRIC_EXPORT_INTERVAL: '40',
    OTEL_BSP_SCHEDULE_DELAY: '0',
  });
  telemetry.meter.createCounter('c').add(1);
  await sink.arrived(3);
  const times = decodeMetricRequests(sink.received.slice(0, 3).map(({ body }) => body)).map(({ points }) =>
    Number(points[0]!.timeUnixNano),
  );
  for (const i of [1, 2]) expect((times[i]! - times[i - 1]!) / 1e6).toBeGreaterThan(35);
});

test.each([
  ['cumulative', { counter: 2, histogram: 2, upDown: 2, observable: 2 }],
  ['delta', { counter: 1, histogram: 1, upDown: 2, observable: 1 }],
  ['LowMemory', { counter: 1, histogram: 1, upDown: 2, observable: 2 }],
] as const)(
  'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=%s decides by kind of instrument',
  async (value, expected) => {
    const sink = await receiver();
    const { telemetry } = started({
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: value,
    });
    const { meter } = telemetry;
    meter.createCounter('counter').add(1);
    meter.createHistogram('histogram').record(1);
    meter.createUpDownCounter('upDown').add(1);
    meter.createObservableCounter('observable').addCallback((result) => result.observe(1));
    await telemetry.flush();
    const metrics = decodeMetricRequests(sink.received.map(({ body }) => body));
    expect(
      Object.fromEntries(metrics.map(({ name, sum, histogram }) => [name, (sum ?? histogram)!.aggregationTemporality])),
    ).toEqual(expected);
  },
);

test('OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION is what histograms are sent as', async () => {
  const sink = await receiver();
  const sent = async (value?: string) => {
    const { telemetry } = started({
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      ...(value && { OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: value }),
    });
    telemetry.meter.createHistogram('h').record(3);
    await telemetry.flush();
    const { histogram, exponentialHistogram } = decodeMetricRequests([sink.received.at(-1)!.body])[0]!;
    return histogram ? 'explicit' : exponentialHistogram ? 'exponential' : 'none';
  };
  expect(await sent()).toBe('explicit');
  expect(await sent('base2_exponential_bucket_histogram')).toBe('exponential');
  expect(await sent('EXPLICIT_BUCKET_HISTOGRAM')).toBe('explicit');
});

test('OTEL_METRICS_EXEMPLAR_FILTER decides which measurements are sent as exemplars', async () => {
  const sink = await receiver();
  const inSpan = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceFlags: 1,
  });
  const exemplars = async (value?: string) => {
    const { telemetry, diagnostics } = started({
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      ...(value && { OTEL_METRICS_EXEMPLAR_FILTER: value }),
    });
    telemetry.meter.createCounter('outside').add(1, {}, ROOT_CONTEXT);
    telemetry.meter.createCounter('inside').add(1, {}, inSpan);
    await telemetry.flush();
    const metrics = decodeMetricRequests([sink.received.at(-1)!.body]);
    return [
      ...metrics.filter(({ points }) => points.some((point) => point.exemplars?.length)).map(({ name }) => name),
      ...diagnostics.map(({ code }) => code),
    ];
  };
  expect(await exemplars()).toEqual(['inside']);
  expect(await exemplars('trace_based')).toEqual(['inside']);
  expect(await exemplars('ALWAYS_ON')).toEqual(['outside', 'inside']);
  expect(await exemplars('always_off')).toEqual([]);
  expect(await exemplars('sometimes')).toEqual(['inside', 'invalid-environment']);
});
