import type { Meter } from '@opentelemetry/api';
import type { Logger } from '@opentelemetry/api-logs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { joined, metricsRig } from '../../../testkit/src/metrics-rig.js';
import { decodeLogs, decodeMetrics, plainAttributes, plainValue } from '../../../testkit/src/otlp-proto.js';
import { chromiumPath, launchChromium } from './support/chromium.js';
import { openPage } from './support/open-page.js';

/** What a library does that knows the OpenTelemetry API and nothing of a page. It runs in Node too, to be compared. */
function measure(meter: Meter): void {
  const orders = meter.createCounter('orders', { unit: '{order}', description: 'Paid orders' });
  const durations = meter.createHistogram('duration', { unit: 'ms', advice: { explicitBucketBoundaries: [10, 100] } });
  const basket = meter.createGauge('basket', { valueType: 0 });
  const open = meter.createUpDownCounter('open');
  for (let i = 0; i < 100; i++) {
    orders.add(i, { 'payment.type': i % 3 ? 'card' : 'invoice', é: [true, i > 50] });
    durations.record(i * 1.5, { page: `/product/${i % 7}` });
  }
  basket.record(3);
  open.add(-2.5);
  meter.createObservableGauge('heap').addCallback((result) => result.observe(0.25, { kind: 'used' }));
}

function log(logger: Logger): void {
  logger.emit({ severityNumber: 9, body: 'paid', attributes: { order: 7, lines: [{ sku: 'a' }] } });
  logger.emit({
    severityNumber: 17,
    eventName: 'card.declined',
    body: { code: 51 },
    exception: new RangeError('limit'),
  });
}

describe.skipIf(!chromiumPath)('metrics and logs of a page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test('a counter, a histogram, a gauge and log records of unchanged code arrive, the same as from Node [F12 S7]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { metrics, trace } from '@opentelemetry/api';
        import { logs } from '@opentelemetry/api-logs';
        import { logging, metering, start } from '@throughline/sdk/web/bare';
        const early = logs.getLogger('lib');
        const telemetry = start({ serviceName: 'page', endpoint: 'COLLECTOR', apiLogs: [{ logs }] }, { metering, logging });
        (${measure})(metrics.getMeter('lib', '1'));
        trace.getTracer('lib').startActiveSpan('checkout', (span) => {
          (${log})(early);
          span.end();
        });
        telemetry.flush();`,
    });
    const span = await opened.sink.span('checkout');
    const metrics = await opened.sink.request('/v1/metrics');
    const { resourceMetrics } = decodeMetrics(metrics.bytes);
    expect(plainAttributes(resourceMetrics[0]!.resource!.attributes)).toMatchObject({ 'service.name': 'page' });

    const rig = metricsRig();
    measure(rig.provider.getMeter('lib', '1'));
    const timeless = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value, (key, inner) => (key.endsWith('UnixNano') ? undefined : inner)));
    const [scope] = resourceMetrics[0]!.scopeMetrics;
    expect(timeless(joined(scope!.metrics))).toEqual(timeless(await rig.metrics()));

    await opened.sink.request('/v1/logs');
    const records = opened.sink.requests
      .filter(({ method, url }) => method === 'POST' && url.startsWith('/v1/logs'))
      .flatMap(({ bytes }) => decodeLogs(bytes).resourceLogs[0]!.scopeLogs[0]!.logRecords);
    // Errors leave in a batch of their own, first.
    const [error, info] = records.sort((a, b) => b.severityNumber! - a.severityNumber!);
    expect(info).toMatchObject({ severityNumber: 9, body: { stringValue: 'paid' } });
    expect(plainAttributes(info!.attributes)).toEqual({ order: 7n, lines: [{ sku: 'a' }] });
    expect(error).toMatchObject({ severityNumber: 17, eventName: 'card.declined' });
    expect(plainValue(error!.body)).toEqual({ code: 51n });
    expect(plainAttributes(error!.attributes)).toMatchObject({
      'exception.type': 'RangeError',
      'exception.message': 'limit',
    });
    for (const record of records) {
      expect(record.traceId!.toString('hex')).toBe(span.traceId);
      expect(record.spanId!.toString('hex')).toBe(span.spanId);
      expect(BigInt(record.timeUnixNano!)).toBeGreaterThanOrEqual(span.startNano);
      expect(BigInt(record.timeUnixNano!)).toBeLessThanOrEqual(span.endNano);
    }
    expect(opened.pageErrors).toEqual([]);
  });

  test('what was measured and logged until the page is left arrives after it is gone [S7]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { logging, metering, start } from '@throughline/sdk/web/bare';
        const { meter, logger } = start({ serviceName: 'page', endpoint: 'COLLECTOR', plainText: true }, { metering, logging });
        const clicks = meter.createCounter('clicks');
        addEventListener('click', () => {
          clicks.add(1);
          logger.emit({ body: 'clicked' });
        });`,
    });
    for (let i = 0; i < 3; i++) await opened.page.mouse.click(10, 10);
    expect(opened.sink.requests).toEqual([]);
    await opened.page.goto('about:blank');
    const { bytes } = await opened.sink.request('/v1/metrics');
    const [metric] = decodeMetrics(bytes).resourceMetrics[0]!.scopeMetrics[0]!.metrics;
    expect(metric).toMatchObject({ name: 'clicks', sum: { dataPoints: [{ asDouble: 3 }] } });
    const logs = decodeLogs((await opened.sink.request('/v1/logs')).bytes);
    expect(logs.resourceLogs[0]!.scopeLogs[0]!.logRecords).toHaveLength(3);
  });

  test('a page that hands over neither part keeps nothing and sends nothing, and unchanged code does not notice', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { metrics } from '@opentelemetry/api';
        import { logs } from '@opentelemetry/api-logs';
        import { start } from '@throughline/sdk/web';
        const telemetry = start({ serviceName: 'page', endpoint: 'COLLECTOR' });
        for (const meter of [telemetry.meter, metrics.getMeter('lib', '1')]) (${measure})(meter);
        for (const logger of [telemetry.logger, logs.getLogger('lib')]) (${log})(logger);
        telemetry.tracer.startSpan('end').end();
        telemetry.flush();`,
    });
    await opened.sink.span('end');
    expect(opened.sink.requests.map(({ url }) => url).filter((url) => !url.startsWith('/v1/traces'))).toEqual([]);
    expect(opened.pageErrors).toEqual([]);
  });
});
