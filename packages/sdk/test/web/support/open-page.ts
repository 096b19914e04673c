import type { RequestListener, ServerOptions } from 'node:http';
import type { ServerOptions as TlsOptions } from 'node:https';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { type BundleOptions, bundlePage } from './bundle-page.js';
import { type OtlpSink, startOtlpSink } from './otlp-sink.js';
import { type Served, serve } from './serve.js';

export interface OpenPageOptions {
  /** What the page's author wrote. `COLLECTOR` and `ELSEWHERE` in it are the origins of the sink and of another server. */
  readonly script: string;
  readonly bundle?: BundleOptions;
  readonly body?: string;
  readonly head?: string;
  /** Headers of the document's answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The document is answered only after so long. Default: at once. */
  readonly lateMs?: number;
  /** Answers what is not the page; `undefined`: 404. */
  readonly routes?: RequestListener;
  /** Answers on the other origin. */
  readonly elsewhere?: RequestListener;
  readonly tls?: TlsOptions & ServerOptions;
  readonly sink?: OtlpSink;
  readonly context?: BrowserContextOptions;
  /** Instead of a context of its own, which would be closed with the page. */
  readonly in?: BrowserContext;
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly sink: OtlpSink;
  readonly origin: string;
  readonly elsewhere: string;
  /** Messages of errors nobody in the page caught. */
  readonly pageErrors: string[];
}

/** A real page with the SDK in its bundle, from a server of its own, sending to a collector on another origin. */
export async function openPage(browser: Browser, options: OpenPageOptions): Promise<OpenPage> {
  const sink = options.sink ?? (await startOtlpSink());
  const notFound: RequestListener = (_, response) => void response.writeHead(404).end();
  const elsewhere = await serve(options.elsewhere ?? notFound);
  const script = options.script.replaceAll('COLLECTOR', sink.url).replaceAll('ELSEWHERE', elsewhere.origin);
  const { code } = await bundlePage(script, options.bundle);
  const html = `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">${options.head ?? ''}</head><body>${options.body ?? ''}<script type="module" src="/page.js"></script></body></html>`;
  const site: Served = await serve((request, response) => {
    if (request.url!.split('?')[0] === '/') {
      const answer = () =>
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...options.headers }).end(html);
      setTimeout(answer, options.lateMs);
    } else if (request.url === '/page.js') {
      // Also for a page whose origin is nobody's, because it is sandboxed.
      const headers = { 'content-type': 'text/javascript; charset=utf-8', 'access-control-allow-origin': '*' };
      response.writeHead(200, headers).end(code);
    } else (options.routes ?? notFound)(request, response);
  }, options.tls);

  const context = options.in ?? (await browser.newContext(options.context));
  const page = await context.newPage();
  const pageErrors: string[] = [];
  page.on('pageerror', (error) => pageErrors.push(error.message));
  await page.goto(`${site.origin}/`);
  return {
    page,
    context,
    sink,
    origin: site.origin,
    elsewhere: elsewhere.origin,
    pageErrors,
    async [Symbol.asyncDispose]() {
      await (options.in ? page : context).close();
      await Promise.all([site.close(), elsewhere.close(), options.sink ? undefined : sink.close()]);
    },
  };
}
