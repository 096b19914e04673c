import type { Attributes, Context, Span, SpanOptions } from '@opentelemetry/api';
import { setSpan } from '../../core/context/span-in-context.js';
import { httpClientAttributes } from '../../core/http-attributes.js';
import type { InstrumentHost } from '../../core/instrument.js';

export interface PageLoadOptions {
  /** Takes out of the page's address what only the program knows to be secret. Default: user, password and signatures only. */
  readonly redactUrl?: ((url: string) => string) | undefined;
}

const CLIENT = 2;

/**
 * The page's own load, once. `documentLoad` lasts from the navigation to the end of the `load` event; below it `documentFetch` with
 * `dns`, `tcp`, `tls`, `request` and `response`, and `dom` and `load` beside that. A phase that did not take place (a connection used again,
 * no TLS) has no span. Until it ends, what the page's scripts start belongs to it.
 *
 * It joins the server's trace where the page says it: `<meta name="traceparent" content="00-…">`, or a `Server-Timing` entry named
 * `traceparent` whose `desc` is the same.
 */
export function observePageLoad(host: InstrumentHost, options: PageLoadOptions = {}): () => void {
  const { tracer, contextStore } = host;
  const timing = performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming | undefined;
  if (!timing) return () => {};

  const attributes: Attributes = httpClientAttributes('GET', new URL(timing.name), options.redactUrl);
  const traceparent =
    document.querySelector<HTMLMetaElement>('meta[name="traceparent"]')?.content ??
    timing.serverTiming?.find((entry) => entry.name === 'traceparent')?.description;
  const carrier: Record<string, string | undefined> = { traceparent };
  const parent = host.propagator.extract(contextStore.active(), carrier, {
    get: (from: typeof carrier, key) => from[key],
    keys: Object.keys,
  });

  // Times of the page's own clock are recognised as such, whatever the wall clock did since.
  const start = (name: string, context: Context, startMs: number, more?: SpanOptions): Span =>
    tracer.startSpan(name, { ...more, startTime: startMs }, context);
  const page = start('documentLoad', parent, 0, {
    attributes: { 'url.full': attributes['url.full'], 'browser.navigation.type': timing.type },
  });
  const inPage = setSpan(parent, page);
  const leave = contextStore.surround?.(inPage);
  let open = true;

  function finish(): void {
    if (!open) return;
    open = false;
    stop();
    const phase = (name: string, context: Context, from: number, to: number): void => {
      if (from > 0 && to > from) start(name, context, from).end(to);
    };
    const t = timing as PerformanceNavigationTiming;
    if (t.responseEnd > 0) {
      const status = t.responseStatus;
      // Firefox has another process fetch, and says when that began by its clock: some milliseconds before 0.
      const fetched = start('documentFetch', inPage, Math.max(t.fetchStart, 0), {
        kind: CLIENT,
        attributes: {
          ...attributes,
          'http.response.body.size': t.encodedBodySize,
          'http.response.status_code': status || undefined,
        },
      });
      const inFetch = setSpan(inPage, fetched);
      phase('dns', inFetch, t.domainLookupStart, t.domainLookupEnd);
      phase('tcp', inFetch, t.connectStart, t.secureConnectionStart || t.connectEnd);
      phase('tls', inFetch, t.secureConnectionStart, t.connectEnd);
      phase('request', inFetch, t.requestStart, t.responseStart);
      phase('response', inFetch, t.responseStart, t.responseEnd);
      fetched.end(t.responseEnd);
    }
    phase('dom', inPage, t.responseEnd, t.domComplete);
    phase('load', inPage, t.loadEventStart, t.loadEventEnd);
    // Left before it was loaded: until now.
    page.end(t.loadEventEnd || performance.now());
  }

  // `loadEventEnd` is known only after the listeners of `load` have run.
  const onLoad = (): unknown => setTimeout(finish);
  const stopLeaving = host.onLeaving(finish);
  const stop = (): void => {
    removeEventListener('load', onLoad);
    stopLeaving();
    leave?.();
  };
  if (document.readyState === 'complete') onLoad();
  else addEventListener('load', onLoad);
  return finish;
}
