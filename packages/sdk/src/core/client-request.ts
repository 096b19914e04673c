import type { Context, Span } from '@opentelemetry/api';
import { setSpan } from './context/span-in-context.js';
import { isTracingSuppressed } from './context/suppress-tracing.js';
import { httpClientAttributes, isHttpError, knownMethod, recordableUrl } from './http-attributes.js';
import type { InstrumentHost } from './instrument.js';
import { holdInteraction } from './interaction.js';

/** What may be said about the requests of a page, the same for `fetch` and `XMLHttpRequest`. */
export interface RequestOptions {
  /**
   * Other origins that may be told the trace (`traceparent`, `tracestate`, `baggage`): an origin (`https://api.example`) or a pattern over
   * the whole address. The page's own origin always is. A header for an origin whose CORS answer does not allow it makes
   * the request fail, which is why nobody is told unasked.
   */
  readonly propagateTo?: readonly (string | RegExp)[] | undefined;
  /** Requests that get no span: an address's beginning, or a pattern over it. The SDK's own sends never get one. */
  readonly ignoreUrls?: readonly (string | RegExp)[] | undefined;
  /** Takes out of addresses what only the program knows to be secret. User, password and signatures are taken out before. */
  readonly redactUrl?: ((url: string) => string) | undefined;
}

export interface ClientRequest {
  /** The request's span is the active one in it. Carry it to whoever waits for the answer's parent. */
  readonly parent: Context;
  readonly span: Span;
  /** Says `name: value` for everything the receiver may know; not called for origins that may not. */
  propagate(setHeader: (name: string, value: string) => void): void;
  answered(status: number): void;
  /** `error` is what the program got: a rejection's reason or an event's name. */
  failed(errorType: string, message: string): void;
  /** More than once is harmless. */
  end(endTime?: number): void;
}

const CLIENT = 2;
const ERROR_STATUS = 2;

/**
 * Begins the span of one request, or `undefined` where it gets none. `origin` is the page's own.
 * A 4xx or 5xx is an error, a failure is one, an abort is the page's own wish: `error.type` without an error status.
 */
export function beginClientRequest(
  host: InstrumentHost,
  options: RequestOptions,
  request: { readonly method: string; readonly href: string; readonly sameOrigin: boolean; readonly origin: string },
): ClientRequest | undefined {
  const parent = host.contextStore.active();
  const { href, method } = request;
  // `data:`, `blob:` and the schemes of shells are no HTTP.
  if (
    !href.startsWith('http') ||
    isTracingSuppressed(parent) ||
    options.ignoreUrls?.some((one) => (typeof one === 'string' ? href.startsWith(one) : one.test(href)))
  ) {
    return undefined;
  }
  const span = host.tracer.startSpan(
    knownMethod(method),
    { kind: CLIENT, attributes: httpClientAttributes(method, recordableUrl(href, options.redactUrl)) },
    parent,
  );
  const release = holdInteraction(parent);
  return {
    parent,
    span,
    propagate(setHeader) {
      const allowed =
        request.sameOrigin ||
        options.propagateTo?.some((one) => (typeof one === 'string' ? one === request.origin : one.test(href)));
      if (allowed)
        host.propagator.inject(setSpan(parent, span), setHeader, { set: (set, name, value) => set(name, value) });
    },
    answered(status) {
      span.setAttribute('http.response.status_code', status);
      if (isHttpError(status)) {
        span.setAttribute('error.type', String(status));
        span.setStatus({ code: ERROR_STATUS });
      }
    },
    failed(errorType, message) {
      span.setAttribute('error.type', errorType);
      if (errorType !== 'AbortError') span.setStatus({ code: ERROR_STATUS, message });
    },
    end(endTime) {
      span.end(endTime);
      release();
    },
  };
}
