import { between, equal, match, ok } from './assert.js';
import type { DrivenPage } from './browsers/driven-browser.js';
import type { ArrivedSpan } from './receivers.js';
import { type After, suite } from './suite.js';

/** What somebody wrote, and the server it came from. */
export interface AuthoredPage {
  /** A module. `COLLECTOR` and `ELSEWHERE` in it are the origins of the collector and of another server, both not the page's own. */
  readonly script: string;
  readonly head?: string;
  readonly body?: string;
  /** Headers of the document's answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A page in a browser that is driven. The document takes its server some milliseconds before and within its answer. Its server, and the one elsewhere, answer `{}` to every path but these: `/missing` 404, `/broken` 500, `/slow`
 * begins at once and ends after 600 ms, `/never` is taken and not answered.
 */
export interface OpenedPage extends DrivenPage {
  readonly origin: string;
  readonly elsewhere: string;
  /** The first span of that name, as soon as it arrives. */
  span(name: string): Promise<ArrivedSpan>;
  /** As soon as so many have arrived: all that have. */
  spans(count: number): Promise<readonly ArrivedSpan[]>;
  /** Method and path of everything the collector was asked, in order. */
  collected(): readonly { readonly method: string; readonly path: string; readonly bytes: number }[];
  /** Headers of the last request to a path of the page's own server, or of the one elsewhere. */
  asked(path: string): Readonly<Record<string, string | undefined>> | undefined;
  /** Lets the collector refuse what comes next with this status. */
  answerNext(status: number): void;
}

export interface PageHarness {
  open(authored: AuthoredPage, after: After): Promise<OpenedPage>;
}

const observed = (options = '') => `
  import { start } from '@throughline/sdk/web';
  window.telemetry = start({ serviceName: 'page', endpoint: 'COLLECTOR', pageLoad: false, batch: { maxAgeMs: 20 }, ${options} });
  window.on = (id, listener) => document.getElementById(id).addEventListener('click', listener);
  window.sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  window.xhr = (method, url, setUp = () => {}) => new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    setUp(request);
    request.onloadend = () => resolve(request.status);
    request.send();
  });`;

const lengthMs = ({ startNano, endNano }: ArrivedSpan) => Number(BigInt(endNano) - BigInt(startNano)) / 1e6;
const isBetween = (low: string, value: string, high: string) =>
  BigInt(low) <= BigInt(value) && BigInt(value) <= BigInt(high);
const to = (path: string, spans: readonly ArrivedSpan[]) => {
  const found = spans.find(({ attributes }) => String(attributes['url.full']).endsWith(path));
  ok(found, `no span of a request to ${path}`);
  return found;
};

/**
 * What `@throughline/sdk/web` observes in a page, in a browser with its own network, events and clock. Needs: `response-status` and `server-timing`, that
 * the timing of a navigation has them; `keepalive`, that a request outlives its page; `compression-stream`; `preflight-cache`, that the browser remembers
 * what another origin allowed.
 */
export const pageSuite = suite<PageHarness>('page', 'a page', (test) => {
  test('the load is a span with request, response and DOM below it, by the page’s own timing [B3]', async (harness, after) => {
    const page = await harness.open(
      { script: observed().replace('pageLoad: false,', ''), body: '<p>hello</p>' },
      after,
    );
    const load = await page.span('documentLoad');
    const fetched = await page.span('documentFetch');
    match(load, {
      parentSpanId: '',
      attributes: { 'url.full': `${page.origin}/`, 'browser.navigation.type': 'navigate' },
    });
    match(fetched, { kind: 3, parentSpanId: load.spanId, attributes: { 'http.request.method': 'GET' } });
    const timing = await page.evaluate<Record<string, number>>(
      `({ ...performance.getEntriesByType('navigation')[0].toJSON(), origin: performance.timeOrigin })`,
    );
    const atMs = (nano: string) => Number(BigInt(nano) - BigInt(load.startNano)) / 1e6;
    const phases = [
      ['request', fetched, timing.requestStart!, timing.responseStart!],
      ['response', fetched, timing.responseStart!, timing.responseEnd!],
      ['dom', load, timing.responseEnd!, timing.domComplete!],
    ] as const;
    for (const [name, parent, from, to] of phases) {
      // What took no time by the browser's clock, or is not told, has no span.
      if (from <= 0 || to <= from) continue;
      const phase = await page.span(name);
      equal(phase.parentSpanId, parent.spanId, `the parent of ${name}`);
      between(atMs(phase.startNano) - from, -0.01, 0.01, `what the start of ${name} differs from the timing by`);
      between(atMs(phase.endNano) - to, -0.01, 0.01, `what the end of ${name} differs from the timing by`);
    }
    await page.span('dom');
    ok(isBetween(load.startNano, fetched.startNano, load.endNano), 'the fetch begins outside of the load');
    between(Number(load.startNano) / 1e6 - timing.origin!, -3, 3, 'what the start differs from the navigation by');
    between(atMs(load.endNano) - timing.loadEventEnd!, -0.01, 0.01, 'what the end differs from the end of loading by');
  });

  test('the load says its status', { needs: ['response-status'] }, async (harness, after) => {
    const page = await harness.open({ script: observed().replace('pageLoad: false,', '') }, after);
    match((await page.span('documentFetch')).attributes, { 'http.response.status_code': 200 });
  });

  test('the load joins the trace that its server began, by a meta element [B3]', async (harness, after) => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const script = observed().replace('pageLoad: false,', '');
    const page = await harness.open({ script, head: `<meta name="traceparent" content="${traceparent}">` }, after);
    match(await page.span('documentLoad'), {
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: '00f067aa0ba902b7',
    });
  });

  test(
    'the load joins the trace that its server began, by Server-Timing [B3]',
    { needs: ['server-timing'] },
    async (harness, after) => {
      const traceparent = '00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
      const script = observed().replace('pageLoad: false,', '');
      const page = await harness.open(
        { script, headers: { 'server-timing': `traceparent;desc="${traceparent}"` } },
        after,
      );
      match(await page.span('documentLoad'), {
        traceId: '5bf92f3577b34da6a3ce929d0e0e4736',
        parentSpanId: '00f067aa0ba902b7',
      });
    },
  );

  test('a fetch is a client span, its server is told the trace, and the code behind it goes on below the same parent [B6 F9]', async (harness, after) => {
    const page = await harness.open({ script: observed() }, after);
    await page.evaluate(`telemetry.measure('work', async () => {
      const answer = await fetch('/data', { method: 'POST', headers: { mine: '1' }, body: 'x' });
      telemetry.measure('behind headers', () => {});
      await answer.json();
      telemetry.measure('behind body', () => {});
    })`);
    const work = await page.span('work');
    const request = await page.span('POST');
    match(request, {
      kind: 3,
      parentSpanId: work.spanId,
      status: { code: 0 },
      attributes: {
        'http.request.method': 'POST',
        'url.full': `${page.origin}/data`,
        'server.address': '127.0.0.1',
        'http.response.status_code': 200,
      },
    });
    match(page.asked('/data'), { traceparent: `00-${request.traceId}-${request.spanId}-03`, mine: '1' });
    for (const name of ['behind headers', 'behind body'])
      equal((await page.span(name)).parentSpanId, work.spanId, `the parent of ${name}`);
  });

  test('an XMLHttpRequest is a client span, its server is told the trace, and its listeners run below the same parent [B6 F9]', async (harness, after) => {
    const page = await harness.open({ script: observed() }, after);
    await page.evaluate(`telemetry.measure('work', () => new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open('PUT', '/data');
      request.onload = () => { telemetry.measure('in listener', () => {}); resolve(); };
      request.send('x');
    }))`);
    const work = await page.span('work');
    const request = await page.span('PUT');
    match(request, { kind: 3, parentSpanId: work.spanId, attributes: { 'http.response.status_code': 200 } });
    match(page.asked('/data'), { traceparent: `00-${request.traceId}-${request.spanId}-03` });
    equal((await page.span('in listener')).parentSpanId, work.spanId, 'the parent of what the listener does');
  });

  test('404 and 500 are errors, a refused connection, a time-out and an abort are told apart, and the program sees what it would [B6]', async (harness, after) => {
    const page = await harness.open({ script: observed() }, after);
    const seen = await page.evaluate(`(async () => {
      const outcome = (promise) => promise.then((answer) => answer.status ?? answer, (error) => error.name);
      const stopped = new AbortController();
      setTimeout(() => stopped.abort(), 20);
      return [
        await outcome(fetch('/missing')),
        await xhr('POST', '/broken'),
        await outcome(fetch('http://127.0.0.1:9/', { method: 'PUT' })),
        await outcome(fetch('/never', { method: 'PATCH', signal: stopped.signal })),
        await xhr('DELETE', '/never', (request) => { request.timeout = 20; }),
      ];
    })()`);
    equal(seen, [404, 500, 'TypeError', 'AbortError', 0], 'what the program sees');
    for (const [name, code, type] of [
      ['GET', 2, '404'],
      ['POST', 2, '500'],
      ['PUT', 2, 'TypeError'],
      ['PATCH', 0, 'AbortError'],
      ['DELETE', 2, 'TimeoutError'],
    ] as const) {
      match(await page.span(name), { status: { code }, attributes: { 'error.type': type } }, name);
    }
  });

  test('a request lasts until its body was read, or until the headers when nobody reads it [B6]', async (harness, after) => {
    const page = await harness.open({ script: observed() }, after);
    await page.evaluate(`fetch('/slow', { method: 'POST' }).then((answer) => answer.text())`);
    await page.evaluate(`xhr('PUT', '/slow')`);
    await page.evaluate(`fetch('/slow').then(() => {})`);
    between(lengthMs(await page.span('POST')), 590, 5_000, 'the length of a fetch that is read, in milliseconds');
    between(lengthMs(await page.span('PUT')), 590, 5_000, 'the length of an XMLHttpRequest in milliseconds');
    between(lengthMs(await page.span('GET')), 0, 590, 'the length of a fetch that nobody reads, in milliseconds');
  });

  test('other origins are told the trace only when they are named [B6 F9]', async (harness, after) => {
    const named = await harness.open({ script: observed(`propagateTo: ['ELSEWHERE']`) }, after);
    await named.evaluate(`fetch('${named.elsewhere}/named').then((answer) => answer.text())`);
    const { traceId, spanId } = await named.span('GET');
    match(named.asked('/named'), { traceparent: `00-${traceId}-${spanId}-03` });
    const stranger = await harness.open({ script: observed() }, after);
    await stranger.evaluate(`xhr('GET', '${stranger.elsewhere}/stranger')`);
    await stranger.span('GET');
    ok(stranger.asked('/stranger'), 'the request did not arrive');
    ok(!('traceparent' in stranger.asked('/stranger')!), 'a stranger was told the trace');
  });

  test('a click is a span named for its element, and the requests of its listeners belong to it, before and behind an await [B5 B6]', async (harness, after) => {
    const page = await harness.open(
      {
        script: `${observed()}
          on('buy', async () => {
            await fetch('/first').then((answer) => answer.json());
            await sleep(20);
            await fetch('/second').then((answer) => answer.text());
          });`,
        body: '<button id="buy"><b>Buy</b></button>',
      },
      after,
    );
    await page.click('#buy b');
    const click = await page.span('click #buy');
    match(click, { parentSpanId: '', attributes: { 'app.widget.id': 'buy', 'app.widget.tag': 'button' } });
    const spans = await page.spans(3);
    for (const path of ['/first', '/second']) {
      const request = to(path, spans);
      equal(request.parentSpanId, click.spanId, `the parent of ${path}`);
      ok(isBetween(click.startNano, request.startNano, click.endNano), `${path} begins outside of the click`);
    }
    between(lengthMs(click), 20, 5_000, 'the length of the click in milliseconds');
  });

  test('measured functions in a row are siblings below the one that awaits them, and their requests below them [B4 B13]', async (harness, after) => {
    const page = await harness.open(
      {
        script: `${observed()}
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
      },
      after,
    );
    await page.click('#buy');
    const click = await page.span('click #buy');
    const checkout = await page.span('checkout.process');
    equal(checkout.parentSpanId, click.spanId, 'the parent of checkout.process');
    const [validate, pay, create] = [
      await page.span('validate_cart'),
      await page.span('process_payment'),
      await page.span('create_order'),
    ];
    for (const each of [validate, pay, create]) equal(each.parentSpanId, checkout.spanId, `the parent of ${each.name}`);
    const spans = await page.spans(9);
    for (const [path, parent] of [
      ['/cart', validate],
      ['/stock', validate],
      ['/pay', pay],
      ['/order', checkout],
    ] as const)
      equal(to(path, spans).parentSpanId, parent.spanId, `the parent of ${path}`);
    equal(new Set(spans.map(({ traceId }) => traceId)).size, 1, 'the number of traces');
  });

  test('an uncaught error is a span with its place and stack, below the click that caused it [B7]', async (harness, after) => {
    const page = await harness.open(
      {
        script: `${observed()}
          on('break', () => { throw new RangeError('out of stock'); });`,
        body: '<button id="break">Break</button>',
      },
      after,
    );
    await page.click('#break');
    const error = await page.span('uncaught error');
    equal(error.parentSpanId, (await page.span('click #break')).spanId, 'the parent of the error');
    const aNumber = (value: unknown) => typeof value === 'number' && value > 0;
    match(error, {
      status: { code: 2, message: /out of stock/ },
      attributes: {
        'error.type': 'RangeError',
        'code.file.path': `${page.origin}/page.js`,
        'code.line.number': aNumber,
        'code.column.number': aNumber,
      },
      events: [
        {
          name: 'exception',
          attributes: {
            'exception.type': 'RangeError',
            'exception.message': 'out of stock',
            'exception.stacktrace': /\/page\.js/,
          },
        },
      ],
    });
  });

  test('an unhandled rejection is a span, whatever was thrown [B7]', async (harness, after) => {
    const page = await harness.open(
      {
        script: `${observed()}
          Promise.reject(new TypeError('no network'));
          Promise.reject('a string');
          Promise.reject(undefined);
          Promise.reject(Object.create(null));`,
      },
      after,
    );
    const spans = await page.spans(4);
    equal(new Set(spans.map(({ name }) => name)), new Set(['unhandled rejection']));
    equal(spans.map(({ attributes }) => attributes['error.type']).sort(), [
      'TypeError',
      'object',
      'string',
      'undefined',
    ]);
    equal(spans.map(({ status }) => status.message).sort(), [
      'a rejection without a readable reason',
      'a string',
      'no network',
      'undefined',
    ]);
  });

  test(
    'a page that goes to another one sends what has ended [B2]',
    { needs: ['keepalive'] },
    async (harness, after) => {
      const page = await harness.open({ script: hoarding(60) }, after);
      await page.goto('about:blank');
      const spans = await page.spans(60);
      equal(new Set(spans.map(({ attributes }) => attributes.n)).size, 60, 'the number of different spans');
    },
  );

  test('closing the tab loses none of 300 spans [B2]', { needs: ['keepalive'] }, async (harness, after) => {
    const page = await harness.open({ script: hoarding(300) }, after);
    await page.close();
    const spans = await page.spans(300);
    equal(new Set(spans.map(({ attributes }) => attributes.n)).size, 300, 'the number of different spans');
    ok(
      page.collected().every(({ method }) => method === 'POST'),
      'the collector was asked first',
    );
  });

  test('protobuf under text/plain needs no preflight and carries its batch’s id [B2]', async (harness, after) => {
    const page = await harness.open({ script: observed('plainText: true,') }, after);
    equal(await page.evaluate(`(telemetry.measure('unasked', () => {}), telemetry.flush())`), true, 'what flush said');
    await page.span('unasked');
    const [only, ...more] = page.collected();
    match(only, { method: 'POST', path: /^\/v1\/traces\?tl-batch=[0-9a-f]{32}$/ });
    equal(more.length, 0, 'the number of further requests');
  });

  test(
    'a collector on another origin is asked once, not for every batch [B2]',
    { needs: ['preflight-cache'] },
    async (harness, after) => {
      const page = await harness.open({ script: observed() }, after);
      for (const name of ['first', 'second', 'third'])
        equal(
          await page.evaluate(`(telemetry.measure('${name}', () => {}), telemetry.flush())`),
          true,
          'what flush said',
        );
      await page.span('third');
      equal(
        page.collected().map(({ method }) => method),
        ['OPTIONS', 'POST', 'POST', 'POST'],
      );
    },
  );

  test('a body is compressed by the browser [B2 S1]', { needs: ['compression-stream'] }, async (harness, after) => {
    const page = await harness.open(
      {
        script: `
          import { gzip, start } from '@throughline/sdk/web/bare';
          const telemetry = start({ endpoint: 'COLLECTOR', compressor: gzip() });
          for (let n = 0; n < 50; n++) telemetry.tracer.startSpan('compressed', { attributes: { text: 'again and again and again' } }).end();
          telemetry.flush();`,
      },
      after,
    );
    equal((await page.spans(50)).length, 50, 'the number of spans');
    between(page.collected().at(-1)!.bytes, 1, 50 * 50, 'the bytes of the body');
  });

  test('a busy collector gets the batch again, and nothing is thrown into the page [B2 F16]', async (harness, after) => {
    const page = await harness.open({ script: observed('plainText: true,') }, after);
    page.answerNext(503);
    await page.evaluate(`telemetry.measure('again', () => {})`);
    await page.span('again');
    const paths = page.collected().map(({ path }) => path);
    equal(new Set(paths).size, 1, 'the number of different batches');
    ok(paths.length >= 2, 'it was sent once only');
  });

  test('shutdown gives the page its own fetch and XMLHttpRequest back [B6]', async (harness, after) => {
    const page = await harness.open(
      {
        script: `
          const parts = () => [fetch, XMLHttpRequest.prototype.open, XMLHttpRequest.prototype.send];
          const before = parts();
          window.same = () => parts().every((part, at) => part === before[at]);
          ${observed()}`,
      },
      after,
    );
    equal(await page.evaluate('same()'), false, 'that they are its own, while telemetry runs');
    await page.evaluate('telemetry.shutdown()');
    equal(await page.evaluate('same()'), true, 'that they are its own');
  });

  test('a content security policy without a word for us is enough [B1 B12]', async (harness, after) => {
    const page = await harness.open(
      {
        script: observed(),
        headers: { 'content-security-policy': "default-src 'self'; connect-src *; img-src data:" },
      },
      after,
    );
    equal(await page.evaluate(`(telemetry.measure('under a policy', () => {}), telemetry.flush())`), true);
    match((await page.span('under a policy')).resource, {
      'service.name': 'page',
      'user_agent.original': await page.evaluate<string>('navigator.userAgent'),
      'browser.language': await page.evaluate<string>('navigator.language'),
    });
  });
});

/** A page that has ended so many spans and sent none of them. */
const hoarding = (count: number) => `
  import { start } from '@throughline/sdk/web';
  const telemetry = start({ endpoint: 'COLLECTOR', plainText: true, batch: { maxAgeMs: 3_600_000 }, pageLoad: false });
  for (let n = 0; n < ${count}; n++) telemetry.tracer.startSpan('queued', { attributes: { n, path: '/products/42', ok: true } }).end();`;
