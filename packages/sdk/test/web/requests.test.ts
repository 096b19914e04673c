import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from './support/chromium.js';
import { openPage } from './support/open-page.js';

const script = `
  import { start } from '@throughline/sdk/web';
  window.telemetry = start({
    endpoint: 'COLLECTOR',
    pageLoad: false,
    clicks: false,
    batch: { maxAgeMs: 20 },
    propagateTo: ['ELSEWHERE'],
    ignoreUrls: [/ignored/],
    redactUrl: (url) => url.replace(/token=\\w+/, 'token=REDACTED'),
  });
  window.xhr = (method, url, setUp = () => {}) => new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    setUp(request);
    request.onloadend = () => resolve(request.status);
    request.send();
  });`;

/** A server that remembers what it was asked with, and answers by path. */
function remembering(): { readonly asked: Map<string, IncomingHttpHeaders>; readonly routes: RequestListener } {
  const asked = new Map<string, IncomingHttpHeaders>();
  const routes: RequestListener = (request, response) => {
    const path = request.url!.split('?')[0]!;
    if (request.method !== 'OPTIONS') asked.set(path, request.headers);
    const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'traceparent, tracestate' };
    if (path === '/slow') {
      response.writeHead(200, cors);
      response.write('begin');
      setTimeout(() => response.end('end'), 600);
    } else if (path === '/never') response.on('close', () => {});
    else response.writeHead(path === '/missing' ? 404 : path === '/broken' ? 500 : 200, cors).end('{}');
  };
  return { asked, routes };
}

describe.skipIf(!chromiumPath)('requests of a page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test('a fetch is a client span, and its server is told the trace [B6 F9]', async () => {
    const { asked, routes } = remembering();
    await using opened = await openPage(browser, { script, routes });
    await opened.page.evaluate(
      `telemetry.measure('work', () => fetch('/data?token=abc', { method: 'post', headers: { mine: '1' }, body: 'x' }).then((answer) => answer.json()))`,
    );
    const work = await opened.sink.span('work');
    const span = await opened.sink.span('POST');
    expect(span).toMatchObject({
      kind: 3,
      traceId: work.traceId,
      parentSpanId: work.spanId,
      status: { code: 0 },
      attributes: {
        'http.request.method': 'POST',
        'url.full': `${opened.origin}/data?token=REDACTED`,
        'server.address': '127.0.0.1',
        'server.port': Number(new URL(opened.origin).port),
        'http.response.status_code': 200,
      },
    });
    expect(asked.get('/data')).toMatchObject({ traceparent: `00-${span.traceId}-${span.spanId}-03`, mine: '1' });
  });

  test('an answer of 404 or 500 is an error, and the program gets the answer as it was [B6]', async () => {
    await using opened = await openPage(browser, { script, routes: remembering().routes });
    expect(await opened.page.evaluate(`fetch('/missing').then((answer) => answer.status)`)).toBe(404);
    expect(await opened.page.evaluate(`xhr('DELETE', '/broken')`)).toBe(500);
    expect(await opened.sink.span('GET')).toMatchObject({
      status: { code: 2 },
      attributes: { 'http.response.status_code': 404, 'error.type': '404' },
    });
    expect(await opened.sink.span('DELETE')).toMatchObject({
      status: { code: 2 },
      attributes: { 'http.response.status_code': 500, 'error.type': '500' },
    });
  });

  test('a server that cannot be reached is an error of the request, and the program gets the same error [B6]', async () => {
    await using opened = await openPage(browser, { script });
    expect(
      await opened.page.evaluate(
        `fetch('http://127.0.0.1:9/').catch((error) => error.constructor.name + ': ' + error.message)`,
      ),
    ).toBe('TypeError: Failed to fetch');
    expect(await opened.page.evaluate(`xhr('PUT', 'http://127.0.0.1:9/')`)).toBe(0);
    for (const name of ['GET', 'PUT']) {
      const span = await opened.sink.span(name);
      expect(span).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'TypeError' } });
      expect(span.attributes).not.toHaveProperty('http.response.status_code');
    }
  });

  test('an abort is named and no error, a time-out is one [B6]', async () => {
    await using opened = await openPage(browser, { script, routes: remembering().routes });
    await opened.page.evaluate(`(async () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 20);
      await fetch('/never', { signal: controller.signal }).catch(() => {});
      const own = new AbortController();
      setTimeout(() => own.abort('my own reason'), 20);
      await fetch('/never', { method: 'PUT', signal: own.signal }).catch(() => {});
      await fetch('/never', { method: 'POST', signal: AbortSignal.timeout(20) }).catch(() => {});
      await xhr('PATCH', '/never', (request) => setTimeout(() => request.abort(), 20));
      await xhr('DELETE', '/never', (request) => { request.timeout = 20; });
    })()`);
    for (const [name, type, code] of [
      ['GET', 'AbortError', 0],
      ['PUT', 'AbortError', 0],
      ['PATCH', 'AbortError', 0],
      ['POST', 'TimeoutError', 2],
      ['DELETE', 'TimeoutError', 2],
    ] as const) {
      expect(await opened.sink.span(name), name).toMatchObject({
        status: { code },
        attributes: { 'error.type': type },
      });
    }
  });

  test('a span lasts until the body was read, or until the headers when nobody reads it [B6]', async () => {
    await using opened = await openPage(browser, { script, routes: remembering().routes });
    await opened.page.evaluate(`fetch('/slow', { method: 'POST' }).then((answer) => answer.text())`);
    await opened.page.evaluate(`fetch('/slow').then(() => {})`);
    await opened.page.evaluate(`xhr('PUT', '/slow')`);
    const lastsMs = async (name: string) => {
      const span = await opened.sink.span(name);
      return Number(span.endNano - span.startNano) / 1e6;
    };
    expect(await lastsMs('POST')).toBeGreaterThan(590);
    expect(await lastsMs('PUT')).toBeGreaterThan(590);
    expect(await lastsMs('GET')).toBeLessThan(590);
  });

  test('other origins are told the trace only when they are named [B6 F9]', async () => {
    const named = remembering();
    const stranger = remembering();
    await using strangers = await openPage(browser, { script: '', routes: stranger.routes });
    await using opened = await openPage(browser, { script, elsewhere: named.routes });
    await opened.page.evaluate(`(async (named, stranger) => {
      await fetch(named + '/by-fetch');
      await xhr('GET', named + '/by-xhr');
      await fetch(stranger + '/by-fetch');
      await xhr('GET', stranger + '/by-xhr');
      await fetch(named + '/opaque', { mode: 'no-cors' });
    })('${opened.elsewhere}', '${strangers.origin}')`);
    await opened.sink.until((spans) => spans.length === 5);
    const of = (url: string) => opened.sink.spans.find((span) => span.attributes['url.full'] === url)!;
    for (const path of ['/by-fetch', '/by-xhr']) {
      const span = of(opened.elsewhere + path);
      expect(named.asked.get(path)!.traceparent, path).toBe(`00-${span.traceId}-${span.spanId}-03`);
      expect(of(strangers.origin + path).attributes['http.response.status_code'], path).toBe(200);
      expect(stranger.asked.get(path), path).toBeDefined();
      expect(stranger.asked.get(path), path).not.toHaveProperty('traceparent');
    }
    expect(named.asked.get('/opaque')).not.toHaveProperty('traceparent');
    expect(opened.pageErrors).toEqual([]);
  });

  test('sends of telemetry and ignored addresses have no span, and a header the program set stays [B6]', async () => {
    const { asked, routes } = remembering();
    await using opened = await openPage(browser, { script, routes });
    await opened.page.evaluate(`(async () => {
      await fetch('/ignored');
      await xhr('GET', '/ignored');
      await fetch('/own', { headers: { traceparent: '00-11111111111111111111111111111111-2222222222222222-01' } });
      await telemetry.flush();
      await fetch(new Request('/request', { method: 'PUT', headers: { mine: '2' }, body: 'x' }));
      await telemetry.flush();
    })()`);
    expect(asked.get('/own')!.traceparent).toBe('00-11111111111111111111111111111111-2222222222222222-01');
    expect(asked.get('/request')).toMatchObject({ mine: '2', traceparent: expect.any(String) });
    expect(asked.get('/ignored')).not.toHaveProperty('traceparent');
    await opened.sink.span('PUT');
    expect(opened.sink.spans.map((span) => span.name)).toEqual(['GET', 'PUT']);
  });

  test('after shutdown the page has its own fetch and XMLHttpRequest back [B6]', async () => {
    await using opened = await openPage(browser, {
      script: `
        const before = [fetch, XMLHttpRequest.prototype.open, XMLHttpRequest.prototype.send];
        window.same = () => before[0] === fetch && before[1] === XMLHttpRequest.prototype.open && before[2] === XMLHttpRequest.prototype.send;
        ${script}`,
    });
    expect(await opened.page.evaluate('same()')).toBe(false);
    expect(await opened.page.evaluate('telemetry.shutdown()')).toBe(true);
    expect(await opened.page.evaluate('same()')).toBe(true);
  });
});
