import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeLogRequests, type WireLog } from '../compliance/decode-logs.js';
import { chromiumPath, launchChromium } from './support/chromium.js';
import { type OpenPage, openPage } from './support/open-page.js';

/* What happens in a page and becomes log records: what it says by console, what the browser reports of it, errors nobody caught. */

/** All records so far, once there are so many. */
async function recordsOf({ sink }: OpenPage, count: number): Promise<WireLog[]> {
  const records = () =>
    decodeLogRequests(
      sink.requests
        .filter(({ method, url }) => method === 'POST' && url.startsWith('/v1/logs'))
        .map(({ bytes }) => bytes),
    );
  await expect.poll(() => records().length, { timeout: 15_000 }).toBeGreaterThanOrEqual(count);
  return records().sort((a, b) => Number(a.time - b.time));
}

describe.skipIf(!chromiumPath)('what a page logs', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test('what a page says by console is recorded in the span of the click that led to it, and is said as before [S7]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { observeConsole } from '@throughline/sdk/instruments/console';
        import { logging, start } from '@throughline/sdk/web';
        start({ endpoint: 'COLLECTOR', pageLoad: false, batch: { maxAgeMs: 20 }, instruments: [observeConsole] }, { logging });
        start();
        document.getElementById('buy').onclick = () => {
          console.info('bought %i of', 2.5, { sku: 'a' });
          console.error('no stock', new RangeError('none left'));
        };`,
      body: '<button id="buy">Buy</button>',
    });
    const said: string[] = [];
    opened.page.on('console', (message) => said.push(message.text()));
    await opened.page.click('#buy');
    const records = await recordsOf(opened, 2);
    const click = await opened.sink.span('click #buy');
    expect(records.map(({ severityNumber, severityText, body }) => [severityNumber, severityText, body])).toEqual([
      [9, 'info', 'bought 2 of {"sku":"a"}'],
      [17, 'error', 'no stock RangeError: none left'],
    ]);
    for (const { traceId, spanId } of records) expect({ traceId, spanId }).toEqual(idsOf(click));
    expect(records[1]!.attributes).toMatchObject({
      'exception.type': 'RangeError',
      'exception.stacktrace': expect.stringContaining('/page.js'),
    });
    expect(said).toHaveLength(2);
  });

  test('a violation of the content security policy and a deprecation become log events, also from before the start [S7]', async () => {
    await using opened = await openPage(browser, {
      headers: { 'content-security-policy': "img-src 'self'" },
      script: `
        import { observeReports } from '@throughline/sdk/instruments/reports';
        import { logging, start } from '@throughline/sdk/web/bare';
        const request = new XMLHttpRequest();
        request.open('GET', '/nothing', false);
        request.send();
        const image = new Image();
        image.onerror = () => {
          start({ endpoint: 'COLLECTOR', batch: { maxAgeMs: 20 }, instruments: [observeReports] }, { logging });
        };
        image.src = 'ELSEWHERE/before.png';`,
    });
    const records = await recordsOf(opened, 2);
    const violation = records.find(({ attributes }) =>
      String(attributes['browser.csp.blocked_url']).includes('before'),
    );
    expect(violation).toMatchObject({
      eventName: 'browser.csp_violation',
      severityNumber: 13,
      body: `img-src stopped ${opened.elsewhere}/before.png`,
      attributes: {
        'url.full': `${opened.origin}/`,
        'browser.csp.effective_directive': 'img-src',
        'browser.csp.disposition': 'enforce',
      },
    });
    const deprecation = records.find(({ eventName }) => eventName === 'browser.deprecation');
    expect(deprecation).toMatchObject({
      body: expect.stringContaining('XMLHttpRequest'),
      attributes: { 'browser.report.id': expect.any(String), 'code.file.path': `${opened.origin}/page.js` },
    });
  });

  test('a browser without an observer of reports tells of violations by their event', async () => {
    await using opened = await openPage(browser, {
      headers: { 'content-security-policy-report-only': "img-src 'self'" },
      script: `
        delete globalThis.ReportingObserver;
        const { observeReports } = await import('@throughline/sdk/instruments/reports');
        const { logging, start } = await import('@throughline/sdk/web/bare');
        start({ endpoint: 'COLLECTOR', batch: { maxAgeMs: 20 }, instruments: [observeReports] }, { logging });
        new Image().src = 'ELSEWHERE/pixel.png';`,
    });
    const [record] = await recordsOf(opened, 1);
    expect(record).toMatchObject({
      eventName: 'browser.csp_violation',
      body: `img-src would stop ${opened.elsewhere}/pixel.png`,
      attributes: { 'browser.csp.disposition': 'report' },
    });
  });

  test('an uncaught error and a rejection become log events with an exception, in their span; one that passes through spans is one event [B7 S7]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { exceptionLogs } from '@throughline/sdk/logs';
        import { logging, start } from '@throughline/sdk/web';
        const telemetry = start({ endpoint: 'COLLECTOR', pageLoad: false, batch: { maxAgeMs: 20 }, spanProcessors: [exceptionLogs()] }, { logging });
        document.getElementById('break').onclick = () => { throw new RangeError('out of stock'); };
        document.getElementById('wait').onclick = async () => {
          try {
            await telemetry.measure('outer', () => telemetry.measure('inner', async () => { throw new TypeError('no network'); }));
          } catch {}
          Promise.reject('a text');
        };`,
      body: '<button id="break">Break</button><button id="wait">Wait</button>',
    });
    await opened.page.click('#break');
    await recordsOf(opened, 1);
    await opened.page.click('#wait');
    const records = await recordsOf(opened, 3);
    const spans = [
      await opened.sink.span('uncaught error'),
      await opened.sink.span('inner'),
      await opened.sink.span('unhandled rejection'),
    ];
    await opened.sink.span('outer');
    expect(records.map(({ traceId, spanId }) => ({ traceId, spanId }))).toEqual(spans.map(idsOf));
    expect(records.map(({ eventName, severityNumber, body }) => [eventName, severityNumber, body])).toEqual([
      ['exception', 17, 'out of stock'],
      ['exception', 17, 'no network'],
      ['exception', 17, 'a text'],
    ]);
    expect(records[0]!.attributes).toMatchObject({
      'exception.type': 'RangeError',
      'exception.message': 'out of stock',
      'exception.stacktrace': expect.stringContaining('/page.js'),
      'error.type': 'RangeError',
      'code.file.path': `${opened.origin}/page.js`,
    });
  });
});

const idsOf = ({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }) => ({ traceId, spanId });
