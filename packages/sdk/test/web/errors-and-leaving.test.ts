import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from './support/chromium.js';
import { openPage } from './support/open-page.js';

describe.skipIf(!chromiumPath)('errors nobody caught, and leaving a page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  const observed = `
    import { start } from '@throughline/sdk/web';
    window.telemetry = start({ endpoint: 'COLLECTOR', pageLoad: false, batch: { maxAgeMs: 20 } });`;

  test('an uncaught error is a span with file, line, column and stack, below the click that caused it [B7]', async () => {
    await using opened = await openPage(browser, {
      script: `${observed}
        document.getElementById('break').onclick = () => { throw new RangeError('out of stock'); };`,
      body: '<button id="break">Break</button>',
    });
    await opened.page.click('#break');
    const error = await opened.sink.span('uncaught error');
    const click = await opened.sink.span('click #break');
    expect(error.parentSpanId).toBe(click.spanId);
    expect(error.status).toEqual({ code: 2, message: expect.stringContaining('out of stock') });
    expect(error.attributes).toMatchObject({
      'error.type': 'RangeError',
      'code.file.path': `${opened.origin}/page.js`,
      'code.line.number': expect.any(Number),
      'code.column.number': expect.any(Number),
    });
    expect(error.events).toMatchObject([
      {
        name: 'exception',
        attributes: {
          'exception.type': 'RangeError',
          'exception.message': 'out of stock',
          'exception.stacktrace': expect.stringContaining('/page.js'),
        },
      },
    ]);
  });

  test('an unhandled rejection is a span, whatever was thrown [B7]', async () => {
    await using opened = await openPage(browser, {
      script: `${observed}
        Promise.reject(new TypeError('no network'));
        Promise.reject('a string');
        Promise.reject(undefined);
        Promise.reject(Object.create(null));`,
    });
    await opened.sink.until((spans) => spans.filter((span) => span.name === 'unhandled rejection').length === 4);
    const types = opened.sink.spans.map((span) => span.attributes['error.type']);
    expect(types).toEqual(['TypeError', 'string', 'undefined', 'object']);
    expect(opened.sink.spans.map((span) => span.status.message)).toEqual([
      'no network',
      'a string',
      'undefined',
      'a rejection without a readable reason',
    ]);
  });

  test('an error in a loop does not fill the queue: at most fifty a minute [B7]', async () => {
    await using opened = await openPage(browser, {
      script: `${observed}
        for (let n = 0; n < 80; n++) queueMicrotask(() => { throw new Error('again'); });
        setTimeout(() => telemetry.measure('after', () => telemetry.flush()), 50);`,
    });
    await opened.sink.span('after');
    const seen = opened.sink.spans.filter((span) => span.name === 'uncaught error').length;
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThanOrEqual(50);
  });

  test('a page that is hidden sends what has ended, also an open click [B2]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { start } from '@throughline/sdk/web';
        window.telemetry = start({ endpoint: 'COLLECTOR', batch: { maxAgeMs: 3_600_000 }, pageLoad: false, clicks: { settleMs: 60_000 } });
        telemetry.tracer.startSpan('queued').end();`,
      body: '<button id="stay">Stay</button>',
    });
    await opened.page.click('#stay');
    expect(opened.sink.spans).toEqual([]);
    await opened.page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await opened.sink.span('queued');
    await opened.sink.span('click #stay');
  });

  test('closing the tab loses none of 300 queued spans, though the collector is slow [B2]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { start } from '@throughline/sdk/web';
        window.telemetry = start({ endpoint: 'COLLECTOR', plainText: true, batch: { maxAgeMs: 3_600_000 }, pageLoad: false });
        for (let n = 0; n < 300; n++) telemetry.tracer.startSpan('queued', { attributes: { n, path: '/products/42', ok: true } }).end();`,
    });
    expect(opened.sink.spans.length).toBeLessThan(300);
    await opened.page.close({ runBeforeUnload: false });
    const spans = await opened.sink.until((seen) => seen.length >= 300);
    expect(new Set(spans.map((span) => span.attributes.n)).size).toBe(300);
    expect(opened.sink.requests.every((request) => request.method === 'POST')).toBe(true);
  });

  test('going to another page sends what has ended, in pieces that a browser carries on [B2]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { start } from '@throughline/sdk/web';
        window.telemetry = start({ endpoint: 'COLLECTOR', plainText: true, batch: { maxAgeMs: 3_600_000 }, pageLoad: false });
        const filler = 'x'.repeat(100);
        for (let n = 0; n < 400; n++) telemetry.tracer.startSpan('queued', { attributes: { n, filler } }).end();`,
    });
    await opened.page.goto('about:blank');
    const spans = await opened.sink.until((seen) => seen.length >= 280);
    expect(new Set(spans.map((span) => span.attributes.n)).size).toBe(spans.length);
    expect(Math.max(...opened.sink.requests.map((request) => request.bytes.length))).toBeLessThanOrEqual(64 * 1024);
  });
});
