import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from './support/chromium.js';
import { openPage } from './support/open-page.js';
import { startOtlpSink } from './support/otlp-sink.js';
import { loopbackTls } from './support/tls.js';

const script = `
  import { start } from '@throughline/sdk/web';
  window.telemetry = start({ serviceName: 'page', endpoint: 'COLLECTOR', preset: 'development', batch: { maxAgeMs: 20 } });`;

describe.skipIf(!chromiumPath)("a page's load", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(['--allow-insecure-localhost']);
  });
  afterAll(() => browser?.close());

  test('is a span from the navigation to the load event with TCP, TLS, request, response, DOM and load below it [B3]', async () => {
    const sink = await startOtlpSink();
    await using opened = await openPage(browser, {
      sink,
      script,
      tls: loopbackTls,
      body: '<p>hello</p>',
      context: { ignoreHTTPSErrors: true },
    });
    const page = await sink.span('documentLoad');
    const fetched = await sink.span('documentFetch');
    expect(page.attributes).toMatchObject({
      'url.full': `${opened.origin}/`,
      'browser.navigation.type': 'navigate',
    });
    expect(fetched).toMatchObject({
      kind: 3,
      parentSpanId: page.spanId,
      traceId: page.traceId,
      attributes: { 'http.request.method': 'GET', 'http.response.status_code': 200, 'server.address': '127.0.0.1' },
    });
    for (const [name, parent] of [
      ['tcp', fetched],
      ['tls', fetched],
      ['request', fetched],
      ['response', fetched],
      ['dom', page],
    ] as const) {
      const phase = await sink.span(name);
      expect(phase.parentSpanId, name).toBe(parent.spanId);
      expect(phase.startNano, name).toBeGreaterThanOrEqual(page.startNano);
      expect(phase.endNano, name).toBeLessThanOrEqual(page.endNano);
      expect(phase.endNano, name).toBeGreaterThan(phase.startNano);
    }
    const timing = (await opened.page.evaluate(
      '({ origin: performance.timeOrigin, ...performance.getEntriesByType("navigation")[0].toJSON() })',
    )) as { origin: number; loadEventEnd: number; responseEnd: number };
    // The wall clock tells whole milliseconds.
    expect(Math.abs(Number(page.startNano) / 1e6 - timing.origin)).toBeLessThan(2);
    expect(Math.abs(Number(page.endNano) / 1e6 - (timing.origin + timing.loadEventEnd))).toBeLessThan(2);
    expect(Math.abs(Number(fetched.endNano) / 1e6 - (timing.origin + timing.responseEnd))).toBeLessThan(2);
    await sink.close();
  });

  test('joins the trace its server began, by a meta element or by Server-Timing [B3]', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await using byMeta = await openPage(browser, {
      script,
      head: `<meta name="traceparent" content="${traceparent}">`,
    });
    expect(await byMeta.sink.span('documentLoad')).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: '00f067aa0ba902b7',
    });
    await using byHeader = await openPage(browser, {
      script,
      headers: { 'server-timing': `traceparent;desc="${traceparent.replace('4bf9', '5bf9')}"` },
    });
    expect(await byHeader.sink.span('documentLoad')).toMatchObject({
      traceId: '5bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: '00f067aa0ba902b7',
    });
  });

  test('is the parent of what the scripts of the page request while it lasts, and not of what comes after [B3 B6]', async () => {
    await using opened = await openPage(browser, {
      script: `${script}
        fetch('/first').then((answer) => answer.text());
        addEventListener('load', () => setTimeout(() => fetch('/second').then((answer) => answer.text()), 50));`,
      routes: (_, response) => void response.end('ok'),
    });
    await opened.sink.until((spans) => spans.filter((span) => span.name === 'GET').length === 2);
    const page = await opened.sink.span('documentLoad');
    const request = (path: string) =>
      opened.sink.spans.find((span) => String(span.attributes['url.full']).endsWith(path))!;
    expect(request('/first').parentSpanId).toBe(page.spanId);
    expect(request('/second').parentSpanId).toBe('');
  });
});
