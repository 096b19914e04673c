import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import type { DrivenBrowser } from '../../../testkit/src/browsers/driven-browser.js';
import type { PageHarness } from '../../../testkit/src/page-suite.js';
import type { ArrivedSpan } from '../../../testkit/src/receivers.js';
import { bundlePage } from '../web/support/bundle-page.js';
import type { SeenSpan } from '../web/support/decode-traces.js';
import { startOtlpSink } from '../web/support/otlp-sink.js';
import { serve } from '../web/support/serve.js';

/** Pages with the SDK in their bundle, each from a server of its own, in a browser that is driven. */
export const pageHarness = (browser: () => DrivenBrowser): PageHarness => ({
  async open({ script, head = '', body = '', headers }, after) {
    const sink = await startOtlpSink();
    after(() => sink.close());
    const asked = new Map<string, IncomingHttpHeaders>();
    const elsewhere = await serve(answering(asked));
    after(() => elsewhere.close());
    const code = (await bundled(script)).replaceAll('COLLECTOR', sink.url).replaceAll('ELSEWHERE', elsewhere.origin);
    const others = answering(asked);
    const site = await serve((request, response) => {
      if (request.url === '/') {
        // In pieces, so that each phase of the load takes its time by a clock of whole milliseconds too.
        const pieces = [
          `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">${head}`,
          `</head><body>${body}<script type="module" src="/page.js"></script></body></html>`,
        ];
        setTimeout(() => {
          response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).write(pieces[0]);
          setTimeout(() => response.end(pieces[1]), 10);
        }, 10);
      } else if (request.url === '/page.js') {
        response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(code);
      } else others(request, response);
    });
    after(() => site.close());

    const page = await browser().open(`${site.origin}/`);
    let closed = false;
    const close = async (): Promise<void> => {
      if (closed) return;
      closed = true;
      await page.close();
    };
    after(close);
    return {
      ...page,
      close,
      origin: site.origin,
      elsewhere: elsewhere.origin,
      span: async (name) => plain(await sink.span(name)),
      spans: async (count) => (await sink.until((seen) => seen.length >= count)).map(plain),
      collected: () => sink.requests.map(({ method, url, bytes }) => ({ method, path: url, bytes: bytes.length })),
      asked: (path) => asked.get(path) as Record<string, string | undefined> | undefined,
      answerNext(status) {
        sink.answer = ({ method }) => {
          if (method === 'POST') sink.answer = undefined;
          return { status };
        };
      },
    };
  },
});

const bundles = new Map<string, Promise<string>>();

/** Many cases begin with the same script. */
function bundled(script: string): Promise<string> {
  const known = bundles.get(script) ?? bundlePage(script).then(({ code }) => code);
  bundles.set(script, known);
  return known;
}

const plain = (span: SeenSpan): ArrivedSpan => ({
  ...span,
  startNano: String(span.startNano),
  endNano: String(span.endNano),
});

/** Remembers what it was asked with, and answers by path: see `OpenedPage`. */
function answering(asked: Map<string, IncomingHttpHeaders>): RequestListener {
  return (request, response) => {
    const path = request.url!.split('?')[0]!;
    if (request.method !== 'OPTIONS') asked.set(path, request.headers);
    const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'traceparent, tracestate' };
    if (path === '/slow') {
      response.writeHead(200, cors);
      response.write('begin');
      setTimeout(() => response.end('end'), 600);
    } else if (path === '/never') request.resume();
    else response.writeHead(path === '/missing' ? 404 : path === '/broken' ? 500 : 200, cors).end('{}');
  };
}
