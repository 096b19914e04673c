import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from './support/chromium.js';
import type { SeenSpan } from './support/decode-traces.js';
import { openPage } from './support/open-page.js';

const script = `
  import { observeResources, start } from '@throughline/sdk/web';
  window.telemetry = start({
    endpoint: 'COLLECTOR', plainText: true, batch: { maxAgeMs: 20 }, redactUrl: (url) => url.replace(/token=[^&]*/, 'token=gone'),
    instruments: [(host) => observeResources(host, { max: 20, ignoreUrls: [/ignored/], redactUrl: (url) => url.replace(/token=[^&]*/, 'token=gone') })],
  });`;

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>';
/** Files by their ending; what is not known is not there. */
const files = ({ url = '' }: { url?: string | undefined }, response: import('node:http').ServerResponse): void => {
  const [type, text] = /\.svg/.test(url)
    ? ['image/svg+xml', svg]
    : /\.css/.test(url)
      ? ['text/css', 'p { background: url(/inside.svg) }']
      : /\.json/.test(url)
        ? ['application/json', '{}']
        : [];
  if (!type) return void response.writeHead(404).end();
  response.writeHead(200, { 'content-type': type }).end(text);
};
const path = ({ attributes }: SeenSpan) => new URL(String(attributes['url.full'])).pathname;
const resources = (spans: readonly SeenSpan[]) => spans.filter(({ name }) => name === 'resourceFetch');

describe.skipIf(!chromiumPath)('resources', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test('what a page loads is below its load, with times, status and sizes; requests of its scripts are not told twice [B10]', async () => {
    await using opened = await openPage(browser, {
      script: `${script} fetch('/data.json').then((answer) => answer.json());`,
      head: '<link rel="stylesheet" href="/style.css?token=secret">',
      body: '<p>text</p><img src="/picture.svg"><img src="/missing"><img src="/ignored.svg">',
      routes: files,
    });
    const { sink, origin, page } = opened;
    const load = await sink.span('documentLoad');
    await sink.until((spans) => resources(spans).length >= 5);
    const seen = resources(sink.spans);
    expect(seen.map(path).sort()).toEqual(['/inside.svg', '/missing', '/page.js', '/picture.svg', '/style.css']);
    for (const span of seen) {
      expect(span).toMatchObject({ kind: 3, traceId: load.traceId, parentSpanId: load.spanId });
      expect(span.startNano, path(span)).toBeGreaterThanOrEqual(load.startNano);
      expect(span.endNano, path(span)).toBeGreaterThan(span.startNano);
    }
    const of = (which: string) => seen.find((span) => path(span) === which)!;
    expect(of('/style.css').attributes).toMatchObject({
      'url.full': `${origin}/style.css?token=gone`,
      'http.response.status_code': 200,
      'http.response.body.size': 34,
      'browser.resource_timing.initiator_type': 'link',
      'server.address': '127.0.0.1',
    });
    expect(of('/style.css').attributes['browser.resource_timing.transfer_size']).toBeGreaterThan(34);
    expect(of('/inside.svg').attributes['browser.resource_timing.initiator_type']).toBe('css');
    expect(of('/missing')).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': '404' } });
    const times = (await page.evaluate(
      "performance.getEntriesByName(location.origin + '/picture.svg')[0].toJSON()",
    )) as { startTime: number; responseEnd: number };
    const since = (nano: bigint) => Number(nano - load.startNano) / 1e6;
    expect(Math.abs(since(of('/picture.svg').startNano) - times.startTime)).toBeLessThan(0.01);
    expect(Math.abs(since(of('/picture.svg').endNano) - times.responseEnd)).toBeLessThan(0.01);
    // The request of the script has its own kind of span.
    expect(sink.spans.filter(({ attributes }) => String(attributes['url.full']).endsWith('/data.json'))).toMatchObject([
      { name: 'GET' },
    ]);
  });

  test('what a click leads to is below the click, also behind its requests; what comes by itself is the page’s [B10]', async () => {
    await using opened = await openPage(browser, {
      script: `${script}
        const show = (src) => new Promise((resolve) => { const image = new Image(); image.onload = resolve; image.src = src; });
        document.getElementById('more').onclick = async () => {
          show('/at-once.svg');
          await fetch('/late.json').then((answer) => answer.json());
          await show('/behind.svg');
        };
        window.show = show;`,
      body: '<button id="more">More</button>',
      routes: (request, response) => {
        // Longer than the pause after which a click is over.
        setTimeout(() => files(request, response), request.url === '/late.json' ? 250 : 0);
      },
    });
    const { sink, page } = opened;
    const load = await sink.span('documentLoad');
    await page.click('#more');
    const click = await sink.span('click #more');
    await sink.until((spans) => resources(spans).length >= 3);
    await page.evaluate("new Promise((later) => setTimeout(later, 300)).then(() => show('/by-itself.svg'))");
    await sink.until((spans) => resources(spans).length >= 4);
    const parents = Object.fromEntries(resources(sink.spans).map((span) => [path(span), span.parentSpanId]));
    expect(parents).toEqual({
      '/page.js': load.spanId,
      '/at-once.svg': click.spanId,
      '/behind.svg': click.spanId,
      '/by-itself.svg': load.spanId,
    });
  });

  test('a page that loads without end does not fill the queue, and what was loaded last is told when it is left [B10]', async () => {
    await using opened = await openPage(browser, { script, body: '<p>text</p>', routes: files });
    const { sink, page } = opened;
    await sink.until((spans) => resources(spans).length === 1);
    await page.evaluate(() =>
      Promise.all(
        Array.from({ length: 40 }, (_, n) => {
          const image = new Image();
          image.src = `/many.svg?${n}`;
          return image.decode();
        }),
      ),
    );
    await page.goto('about:blank');
    await sink.until((spans) => resources(spans).length >= 20);
    await sink.span('documentLoad');
    expect(resources(sink.spans)).toHaveLength(20);
  });
});
