import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundlePage } from './support/bundle-page.js';
import { chromiumPath, launchChromium } from './support/chromium.js';
import { openPage } from './support/open-page.js';

const page = `
  import { start } from '@throughline/sdk/web';
  import { shareWithWorkers } from '@throughline/sdk/workers';
  import { traceMessages } from '@throughline/sdk/messages';
  const workers = shareWithWorkers();
  const telemetry = start({ endpoint: 'COLLECTOR', pageLoad: false, batch: { maxAgeMs: 20 }, instruments: [workers.instrument] });
  const worker = traceMessages(telemetry, workers.connect(new Worker('/worker.js', { type: 'module' })), { name: 'prices' });
  window.asked = (message) => new Promise((resolve) => {
    worker.addEventListener('message', ({ data }) => resolve(data), { once: true });
    worker.postMessage(message);
  });
  document.getElementById('buy').addEventListener('click', () => void asked({ price: 21 }).then((total) => { document.title = String(total); }));
  window.telemetry = telemetry;`;

const worker = `
  import { start } from '@throughline/sdk/web-worker';
  import { traceMessages } from '@throughline/sdk/messages';
  const telemetry = start();
  traceMessages(telemetry, self, { name: 'prices' });
  self.onmessage = async ({ data: { price, flush, fail } }) => {
    if (fail) setTimeout(() => { throw new RangeError('out of prices'); });
    if (flush) return self.postMessage(await telemetry.flush());
    const total = telemetry.measure('calculate', () => price * 2);
    await fetch('/stock').then((answer) => answer.text());
    self.postMessage(total);
  };`;

describe.skipIf(!chromiumPath)('web workers', () => {
  let browser: Browser;
  let code: string;
  beforeAll(async () => {
    browser = await launchChromium();
    code = (await bundlePage(worker)).code;
  });
  afterAll(() => browser?.close());

  const opened = () =>
    openPage(browser, {
      script: page,
      body: '<button id="buy">Buy</button>',
      routes: (request, response) => {
        if (request.url === '/worker.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(code);
        else if (request.url === '/stock') response.end('7');
        else response.writeHead(404).end();
      },
    });

  test('a click is followed into a worker, its request and back; all of it leaves through the page [B8 F6]', async () => {
    await using shop = await opened();
    await shop.page.click('#buy');
    await shop.page.waitForFunction(() => document.title === '42');
    const click = await shop.sink.span('click #buy');
    const calculate = await shop.sink.span('calculate');
    const request = await shop.sink.span('GET');
    await shop.sink.span('process prices');
    const span = (id: string) => shop.sink.spans.find(({ spanId }) => spanId === id)!;
    const work = span(calculate.parentSpanId);
    const sent = span(work.parentSpanId);
    expect([calculate, work, sent].map(({ traceId }) => traceId)).toEqual(Array(3).fill(click.traceId));
    expect([work.name, sent.name, sent.parentSpanId]).toEqual(['process prices', 'send prices', click.spanId]);
    expect(request.traceId).toBe(click.traceId);
    expect(calculate.resource).toEqual(click.resource);
    expect(sent.kind).toBe(4);
    expect(work.kind).toBe(5);
  });

  test('the worker can wait until all is sent, and its uncaught errors are spans of the page’s service [B7 B8]', async () => {
    await using shop = await opened();
    const sent = await shop.page.evaluate(async () => {
      const ask = (message: object): Promise<unknown> =>
        (window as unknown as { asked(message: object): Promise<unknown> }).asked(message);
      await ask({ fail: true, price: 1 });
      return ask({ flush: true });
    });
    expect(sent).toBe(true);
    // The page hears of it too, as of an error it can say little about.
    const errors = shop.sink.spans.filter(({ name }) => name === 'uncaught error');
    expect(errors.map(({ attributes }) => attributes['error.type'])).toContain('RangeError');
  });
});
