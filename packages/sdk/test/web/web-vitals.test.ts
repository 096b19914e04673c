import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from './support/chromium.js';
import type { SeenSpan } from './support/decode-traces.js';
import { openPage } from './support/open-page.js';
import type { OtlpSink } from './support/otlp-sink.js';

const script = `
  import { observeWebVitals, start } from '@throughline/sdk/web';
  start({ endpoint: 'COLLECTOR', plainText: true, batch: { maxAgeMs: 20 }, instruments: [observeWebVitals] });`;
const body = `
  <h1 id="headline" style="font-size: 60px">The headline, the largest thing of all that is shown here</h1>
  <p id="text">Some text</p><button id="slow">Slow</button>`;

const vital = (sink: OtlpSink, name: string, which: (span: SeenSpan) => boolean = () => true): Promise<SeenSpan> =>
  sink
    .until((spans) => spans.some((span) => span.name === `web vital ${name}` && which(span)))
    .then((spans) => spans.find((span) => span.name === `web vital ${name}` && which(span))!);
const durationMs = ({ startNano, endNano }: SeenSpan) => Number(endNano - startNano) / 1e6;

/** The page has been painted: the browser says so. */
const painted = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        new PerformanceObserver(() => resolve()).observe({ type: 'largest-contentful-paint', buffered: true });
      }),
  );

/** As when another tab comes to the front. */
const hide = (page: Page, state: 'hidden' | 'visible') =>
  page.evaluate((state) => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
    Object.defineProperty(document, 'hidden', { value: state === 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);

describe.skipIf(!chromiumPath)('web vitals', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium([], ['--disable-back-forward-cache']);
  });
  afterAll(() => browser?.close());

  test('TTFB, FCP, LCP, INP and CLS are spans below the page load with value and rating, when the page is left [B10]', async () => {
    await using opened = await openPage(browser, {
      body: `${body}<script>
        document.getElementById('slow').onclick = () => { const end = performance.now() + 250; while (performance.now() < end); };
      </script>`,
      script,
    });
    const { page, sink } = opened;
    await painted(page);
    // Something appears above what is being read: half a window of content moves.
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          new PerformanceObserver(() => resolve()).observe({ type: 'layout-shift', buffered: true });
          const banner = document.createElement('div');
          banner.style.height = '300px';
          document.body.prepend(banner);
        }),
    );
    await page.click('#slow');
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          new PerformanceObserver((list) => {
            if (list.getEntries().some(({ name, duration }) => name === 'click' && duration > 200)) resolve();
          }).observe({ type: 'event', buffered: true });
        }),
    );
    const { fcp, lcp, ttfb } = await page.evaluate(async () => ({
      fcp: performance.getEntriesByName('first-contentful-paint')[0]!.startTime,
      ttfb: (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming).responseStart,
      lcp: await new Promise<number>((resolve) => {
        new PerformanceObserver((list) => resolve(list.getEntries().at(-1)!.startTime)).observe({
          type: 'largest-contentful-paint',
          buffered: true,
        });
      }),
    }));
    await page.goto('about:blank');

    const load = await sink.span('documentLoad');
    for (const [name, value, rating] of [
      ['TTFB', ttfb, 'good'],
      ['FCP', fcp, 'good'],
      ['LCP', lcp, 'good'],
    ] as const) {
      const span = await vital(sink, name);
      expect(span, name).toMatchObject({ traceId: load.traceId, parentSpanId: load.spanId });
      expect(span.attributes, name).toMatchObject({
        'browser.web_vital.name': name.toLowerCase(),
        'browser.web_vital.value': value,
        'browser.web_vital.delta': value,
        'browser.web_vital.rating': rating,
        'browser.web_vital.navigation_type': 'navigate',
        'browser.web_vital.id': expect.stringMatching(/^v1-/),
      });
      expect(Math.abs(durationMs(span) - value), name).toBeLessThan(0.01);
      expect(Math.abs(Number(span.startNano - load.startNano)), name).toBeLessThan(1e5);
    }
    expect((await vital(sink, 'LCP')).attributes).toMatchObject({
      'app.widget.tag': 'h1',
      'app.widget.id': 'headline',
    });

    const inp = await vital(sink, 'INP');
    expect(inp.parentSpanId).toBe(load.spanId);
    expect(inp.attributes).toMatchObject({ 'browser.web_vital.rating': 'needs-improvement', 'app.widget.id': 'slow' });
    expect(inp.attributes['browser.web_vital.value']).toBeGreaterThanOrEqual(248);
    expect(durationMs(inp)).toBeCloseTo(inp.attributes['browser.web_vital.value'] as number, 1);

    const cls = await vital(sink, 'CLS');
    expect(cls.parentSpanId).toBe(load.spanId);
    expect(cls.attributes['browser.web_vital.value']).toBeGreaterThan(0.05);
    expect(cls.attributes['browser.web_vital.rating']).not.toBe('good');
    expect(cls.attributes['app.widget.tag']).toBeTypeOf('string');
  });

  test('a server that answers late is rated, and a value that has changed is told again as the same one [B10]', async () => {
    await using opened = await openPage(browser, {
      body: `${body}<iframe style="display: none"></iframe>`,
      script,
      lateMs: 850,
    });
    const { page, sink } = opened;
    expect((await vital(sink, 'TTFB')).attributes['browser.web_vital.rating']).toBe('needs-improvement');
    await painted(page);
    await hide(page, 'hidden');
    const first = await vital(sink, 'CLS');
    expect(first.attributes).toMatchObject({ 'browser.web_vital.value': 0, 'browser.web_vital.rating': 'good' });
    await hide(page, 'visible');
    await page.evaluate(
      () =>
        new Promise<void>((resolve) => {
          new PerformanceObserver(() => resolve()).observe({ type: 'layout-shift', buffered: true });
          document.getElementById('headline')!.style.marginTop = '400px';
        }),
    );
    await hide(page, 'hidden');
    const id = first.attributes['browser.web_vital.id'];
    const again = await vital(sink, 'CLS', ({ attributes }) => Number(attributes['browser.web_vital.value']) > 0);
    expect(again.attributes['browser.web_vital.id']).toBe(id);
    expect(again.attributes['browser.web_vital.delta']).toBe(again.attributes['browser.web_vital.value']);
    await hide(page, 'visible');
    await hide(page, 'hidden');
    await page.goto('about:blank');
    expect(sink.spans.filter(({ name }) => name === 'web vital CLS')).toHaveLength(2);
    expect(sink.spans.filter(({ name }) => name === 'web vital LCP')).toHaveLength(1);
    // Nobody used the page.
    expect(sink.spans.filter(({ name }) => name === 'web vital INP')).toEqual([]);
  });

  test('a page that comes back from the back/forward cache is a view of its own, with vitals of its own [B10]', async () => {
    // Playwright loses a page that is brought back, so the pages drive themselves.
    let mayLeave = () => {};
    const leave = new Promise<void>((resolve) => {
      mayLeave = resolve;
    });
    await using opened = await openPage(browser, {
      body,
      script: `${script}
        addEventListener('pageshow', ({ persisted }) => {
          if (persisted) fetch('/may-leave').then(() => { location.href = '/bye'; });
        });`,
      routes: async ({ url }, response) => {
        if (url === '/may-leave') await leave;
        response
          .writeHead(200, { 'content-type': 'text/html' })
          .end(url === '/elsewhere' ? '<script>onpageshow = () => setTimeout(() => history.back());</script>' : '');
      },
    });
    const { page, sink } = opened;
    await painted(page);
    const load = await sink.span('documentLoad');
    await page.evaluate("location.href = '/elsewhere'");
    const restore = await sink.span('documentRestore');
    expect(restore.parentSpanId).toBe('');
    expect(restore.traceId).not.toBe(load.traceId);
    for (const name of ['TTFB', 'FCP', 'LCP']) {
      const span = await vital(sink, name, ({ traceId }) => traceId === restore.traceId);
      expect(span.parentSpanId, name).toBe(restore.spanId);
      expect(span.attributes, name).toMatchObject({
        'browser.web_vital.navigation_type': 'back-forward-cache',
        'browser.web_vital.rating': 'good',
      });
      expect(durationMs(span), name).toBeCloseTo(span.attributes['browser.web_vital.value'] as number, 1);
    }
    mayLeave();
    const cls = await vital(sink, 'CLS', ({ traceId }) => traceId === restore.traceId);
    expect(cls.attributes['browser.web_vital.value']).toBe(0);
    expect(sink.spans.filter(({ name }) => name === 'documentLoad')).toHaveLength(1);
  });
});
