import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from './support/chromium.js';
import { evaluate, isStored, offlineScript, saidBeside } from './support/offline-page.js';
import { openPage } from './support/open-page.js';

describe.skipIf(!chromiumPath)('a page without a network', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium([], ['--disable-back-forward-cache']);
  });
  afterAll(() => browser?.close());

  test('what could not be sent waits in the browser and leaves when the network is back, without a further span [B14]', async () => {
    await using opened = await openPage(browser, { script: offlineScript });
    const { page, context, sink } = opened;
    await context.setOffline(true);
    await evaluate(page, `end('away'), telemetry.flush({ timeoutMs: 300 })`);
    const { stored } = await evaluate<{ stored: object }>(page, 'telemetry.status()');
    expect(stored).toMatchObject({ items: 1, durability: 'process-crash' });
    expect(sink.spans).toEqual([]);
    // The browser says `online`; the next attempt would be in an hour.
    await context.setOffline(false);
    await sink.span('away');
    await page.waitForFunction('telemetry.status().stored.items === 0');
    expect(await saidBeside(page, 'collector-unreachable')).toEqual([]);
  });

  test('the next visit sends what an earlier one could not, whether it was a batch already or not [B14]', async () => {
    await using opened = await openPage(browser, { script: offlineScript });
    const { page, sink, origin } = opened;
    sink.away = true;
    await evaluate(page, `end('sealed'), telemetry.flush({ timeoutMs: 200 })`);
    await evaluate(page, `end('open')`);
    await page.goto('about:blank');
    expect(sink.spans).toEqual([]);
    sink.away = false;
    await page.goto(`${origin}/?again`);
    await sink.until((spans) => spans.length >= 2);
    expect(sink.spans.map(({ name }) => name).sort()).toEqual(['open', 'sealed']);
  });

  test('a span is in the browser when the task in which it ended is over, long before its batch is full or old [B14]', async () => {
    await using opened = await openPage(browser, { script: offlineScript });
    const { page, context, sink, origin } = opened;
    sink.away = true;
    await evaluate(page, `for (const name of ['one', 'two', 'three']) end(name)`);
    // No event, no last words.
    const session = await context.newCDPSession(page);
    const crashed = page.waitForEvent('crash');
    session.send('Page.crash').catch(() => {});
    await crashed;
    sink.away = false;
    const next = await context.newPage();
    await next.goto(`${origin}/`);
    await sink.until((spans) => spans.length >= 3);
    expect(sink.spans.map(({ name }) => name)).toEqual(['one', 'two', 'three']);
  });

  test('a tab that is open sends what a closed one left, and two that share what waits send nothing twice [B14]', async () => {
    await using opened = await openPage(browser, { script: offlineScript });
    const { page, context, sink, origin } = opened;
    sink.away = true;
    const other = await context.newPage();
    await other.goto(`${origin}/?other`);
    for (const [tab, name] of [
      [page, 'mine'],
      [other, 'other'],
    ] as const)
      await evaluate(
        tab,
        `Promise.all([1, 2, 3].map(async (n) => { end('${name} ' + n); await telemetry.flush({ timeoutMs: 200 }); }))`,
      );
    await other.close();
    expect(sink.spans).toEqual([]);
    sink.away = false;
    await evaluate(page, `dispatchEvent(new Event('online'))`);
    await sink.until((spans) => spans.length >= 6);
    await page.waitForFunction('telemetry.status().stored.items === 0');
    const names = sink.spans.map(({ name }) => name);
    expect(names.sort()).toEqual(['mine 1', 'mine 2', 'mine 3', 'other 1', 'other 2', 'other 3']);
    expect(new Set(sink.requests.map(({ url }) => url)).size).toBe(sink.requests.length);
  });

  test('what a tab sends because it was hidden is left to it by the other tabs, which share what waits [B14]', async () => {
    await using opened = await openPage(browser, { script: offlineScript });
    const { page, context, sink, origin } = opened;
    const other = await context.newPage();
    await other.goto(`${origin}/?other`);
    await evaluate(other, `end('ready'), telemetry.flush()`);
    // Nobody hears of an answer until both have asked.
    let answer = (): void => {};
    sink.hold = new Promise((resolve) => {
      answer = resolve;
    });
    await evaluate(
      page,
      `end('hidden'), Object.defineProperty(document, 'hidden', { value: true, configurable: true }),
       document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`,
    );
    await sink.span('hidden');
    expect(await evaluate(page, `(${isStored})('hidden')`)).toBe(true);
    await evaluate(other, `end('theirs'), void telemetry.flush()`);
    await sink.span('theirs');
    answer();
    await page.waitForFunction('telemetry.status().queued.items === 0');
    await other.waitForFunction('telemetry.status().queued.items === 0');
    await evaluate(other, `telemetry.flush()`);
    expect(sink.requests).toHaveLength(3);
  });

  test('a tab that is frozen and woken goes on, and sends nothing that another tab has sent [B14]', async () => {
    await using opened = await openPage(browser, { script: offlineScript });
    const { page, context, sink, origin } = opened;
    const other = await context.newPage();
    await other.goto(`${origin}/?other`);
    const show = (hidden: boolean) =>
      evaluate(
        page,
        `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }),
         document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`,
      );
    await evaluate(page, `end('visible')`);
    await show(true);
    await sink.span('visible');
    // A browser freezes a tab that was hidden for minutes.
    await page.waitForFunction('telemetry.status().queued.items === 0');
    expect(await evaluate(page, `end('hidden'), (${isStored})('hidden')`)).toBe(true);
    const session = await context.newCDPSession(page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await evaluate(other, `end('other'), telemetry.flush()`);
    await sink.span('other');
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await show(false);
    await evaluate(page, `end('awake'), telemetry.flush()`);
    await sink.span('awake');
    await evaluate(other, `telemetry.flush()`);
    const names = sink.spans.map(({ name }) => name);
    expect(names.sort()).toEqual(['awake', 'hidden', 'other', 'visible']);
    const batches = sink.requests.map(({ url }) => url);
    expect(new Set(batches).size).toBe(batches.length);
  });

  test('a page that waits for the way back is kept by the browser all the same, and goes on [B14]', async () => {
    await using opened = await openPage(browser, {
      script: `${offlineScript}
        addEventListener('pageshow', ({ persisted }) => { if (persisted) { end('back'); telemetry.flush(); } });`,
      routes: (_, response) =>
        void response
          .writeHead(200, { 'content-type': 'text/html' })
          .end('<script>onpageshow = () => setTimeout(() => history.back());</script>'),
    });
    const { page, sink } = opened;
    expect(await evaluate(page, `end('before'), (${isStored})('before')`)).toBe(true);
    await evaluate(page, `location.href = '/elsewhere'`);
    await sink.span('before');
    await sink.span('back');
    expect(sink.spans).toHaveLength(2);
  });

  test('log records and data points wait with the spans [B14]', async () => {
    await using opened = await openPage(browser, {
      script: `
        import { logging, metering, offline, start } from '@throughline/sdk/web';
        window.telemetry = start({
          endpoint: 'COLLECTOR', plainText: true, pageLoad: false,
          batch: { maxAgeMs: 3_600_000, firstRetryMs: 3_600_000, maxRetryMs: 3_600_000 },
        }, { ...offline(), logging, metering });`,
    });
    const { page, sink, origin } = opened;
    sink.away = true;
    await evaluate(
      page,
      `telemetry.meter.createCounter('orders').add(1), telemetry.logger.emit({ body: 'ordered' }), telemetry.flush({ timeoutMs: 200 })`,
    );
    await page.goto('about:blank');
    expect(sink.requests).toEqual([]);
    sink.away = false;
    await page.goto(`${origin}/?again`);
    expect((await sink.request('/v1/logs')).bytes.includes('ordered')).toBe(true);
    expect((await sink.request('/v1/metrics')).bytes.includes('orders')).toBe(true);
  });
});
