import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from './support/chromium.js';
import { openPage } from './support/open-page.js';

const start = (clicks = '{}') => `
  import { start } from '@throughline/sdk/web';
  window.telemetry = start({ endpoint: 'COLLECTOR', pageLoad: false, batch: { maxAgeMs: 20 }, clicks: ${clicks} });
  window.on = (id, listener) => document.getElementById(id).addEventListener('click', listener);
  window.sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));`;

describe.skipIf(!chromiumPath)('clicks', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test('a click is a span named for the element a person meant, without its text [B5]', async () => {
    await using opened = await openPage(browser, {
      script: start(),
      body: '<button id="buy" data-product-id="7"><b>Buy now</b></button> <section><button>Other</button></section>',
    });
    await opened.page.click('#buy b');
    await opened.page.click('section button');
    const buy = await opened.sink.span('click #buy');
    expect(buy.attributes).toEqual({ 'app.widget.id': 'buy', 'app.widget.tag': 'button' });
    expect(buy.parentSpanId).toBe('');
    const other = await opened.sink.span('click button');
    expect(other.attributes).toEqual({ 'app.widget.tag': 'button' });
    expect(other.traceId).not.toBe(buy.traceId);
  });

  test('data attributes and the position of the pointer are recorded on request, and an element can be left out [B5]', async () => {
    await using opened = await openPage(browser, {
      script: start(`{ position: true, dataset: ['productId'], ignore: (element) => element.id === 'quiet' }`),
      body: '<button id="quiet">-</button><button id="buy" data-product-id="7" style="position:absolute;left:100px;top:50px;width:80px;height:40px">Buy</button>',
    });
    await opened.page.click('#quiet');
    await opened.page.click('#buy');
    const buy = await opened.sink.span('click #buy');
    expect(buy.attributes).toEqual({
      'app.widget.id': 'buy',
      'app.widget.tag': 'button',
      'app.widget.data.productId': '7',
      'app.screen.coordinate.x': 140,
      'app.screen.coordinate.y': 70,
    });
    expect(opened.sink.spans).toHaveLength(1);
  });

  test('a click begins when the browser got it and lasts as long as its listeners work [B5]', async () => {
    await using opened = await openPage(browser, {
      script: `${start()}
        on('work', () => { const until = performance.now() + 60; while (performance.now() < until); });`,
      body: '<button id="work">Work</button>',
    });
    await opened.page.click('#work');
    const click = await opened.sink.span('click #work');
    const lastsMs = Number(click.endNano - click.startNano) / 1e6;
    expect(lastsMs).toBeGreaterThanOrEqual(60);
    expect(lastsMs).toBeLessThan(1_000);
  });

  test('requests of a listener, before and behind its awaits, belong to the click, which lasts until they are done [B5 B6]', async () => {
    await using opened = await openPage(browser, {
      script: `${start()}
        on('buy', async () => {
          await fetch('/first').then((answer) => answer.json());
          await sleep(20);
          await fetch('/second').then((answer) => answer.text());
        });`,
      body: '<button id="buy">Buy</button>',
      routes: (_, response) => void setTimeout(() => response.end('{}'), 60),
    });
    await opened.page.click('#buy');
    const click = await opened.sink.span('click #buy');
    const requests = opened.sink.spans.filter((span) => span.name === 'GET');
    expect(requests).toHaveLength(2);
    for (const request of requests) {
      expect(request.parentSpanId).toBe(click.spanId);
      expect(request.endNano).toBeLessThanOrEqual(click.endNano + 1_000_000n);
    }
    expect(Number(click.endNano - requests[1]!.endNano) / 1e6).toBeLessThan(50);
  });

  test('measured functions in a row are siblings below the one that awaits them, and their requests below them [B4 B5 B13]', async () => {
    await using opened = await openPage(browser, {
      script: `${start()}
        const get = async (path) => (await fetch(path)).json();
        const { measure, traced } = telemetry;
        const validate = traced('validate_cart', async () => { await get('/cart'); await get('/stock'); });
        const pay = traced('process_payment', () => get('/pay'));
        on('buy', () => measure('checkout.process', async () => {
          await validate();
          await pay();
          measure('create_order', () => {});
          await get('/order');
        }));`,
      body: '<button id="buy">Buy</button>',
      routes: (_, response) => void setTimeout(() => response.end('{}'), 10),
    });
    await opened.page.click('#buy');
    const click = await opened.sink.span('click #buy');
    const span = (name: string) => opened.sink.spans.find((seen) => seen.name === name)!;
    const request = (path: string) =>
      opened.sink.spans.find((seen) => String(seen.attributes['url.full']).endsWith(path))!;
    const checkout = span('checkout.process');
    expect(checkout.parentSpanId).toBe(click.spanId);
    for (const name of ['validate_cart', 'process_payment', 'create_order']) {
      expect(span(name).parentSpanId, name).toBe(checkout.spanId);
    }
    for (const [path, parent] of [
      ['/cart', span('validate_cart')],
      ['/stock', span('validate_cart')],
      ['/pay', span('process_payment')],
      ['/order', checkout],
    ] as const) {
      expect(request(path).parentSpanId, path).toBe(parent.spanId);
    }
    expect(new Set(opened.sink.spans.map((seen) => seen.traceId)).size).toBe(1);
  });

  test('what has nothing to do with a click stays outside, and two clicks are two traces [B5]', async () => {
    await using opened = await openPage(browser, {
      script: `${start('{ settleMs: 20 }')}
        on('one', () => fetch('/one').then((answer) => answer.text()));
        on('two', () => fetch('/two').then((answer) => answer.text()));`,
      body: '<button id="one">1</button><button id="two">2</button>',
      routes: (_, response) => void setTimeout(() => response.end('{}'), 10),
    });
    await opened.page.click('#one');
    await opened.page.click('#two');
    await opened.sink.span('click #one');
    await opened.sink.span('click #two');
    await opened.page.evaluate(`fetch('/outside').then((answer) => answer.text())`);
    await opened.sink.until((spans) => spans.length === 5);
    const parentOf = (path: string) =>
      opened.sink.spans.find((span) => String(span.attributes['url.full']).endsWith(path))!.parentSpanId;
    const id = (name: string) => opened.sink.spans.find((span) => span.name === name)!.spanId;
    expect(parentOf('/one')).toBe(id('click #one'));
    expect(parentOf('/two')).toBe(id('click #two'));
    expect(parentOf('/outside')).toBe('');
  });

  test('a click whose request never ends is ended after its limit [B5]', async () => {
    await using opened = await openPage(browser, {
      script: `${start('{ maxMs: 150 }')}
        on('wait', () => fetch('/never').catch(() => {}));`,
      body: '<button id="wait">Wait</button>',
      routes: () => {},
    });
    await opened.page.click('#wait');
    const click = await opened.sink.span('click #wait');
    expect(Number(click.endNano - click.startNano) / 1e6).toBeGreaterThan(140);
    expect(Number(click.endNano - click.startNano) / 1e6).toBeLessThan(2_000);
  });
});
