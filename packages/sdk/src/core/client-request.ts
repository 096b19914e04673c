import type { Context } from '@opentelemetry/api';
import { setSpan } from './context/span-in-context.js';
import { isTracingSuppressed } from './context/suppress-tracing.js';
import { httpClientAttributes, knownMethod, type UrlLike } from './http-attributes.js';
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
  /** What the call ran in, to be carried to the code that waits for the answer. */
  readonly parent: Context;
  /** Hands over what the receiver may be told, one by one; nothing for origins that may not. */
  propagate(setHeader: (name: string, value: string) => void): void;
  answered(status: number): void;
  failed(errorType: string, message?: string): void;
  /** More than once is harmless. */
  end(endTime?: number): void;
}

const CLIENT = 2;
const ERROR_STATUS = 2;

/**
 * Begins the span of one request, or `undefined` where it gets none. `url` is a copy that may be changed.
 * A 4xx or 5xx is an error, a failure is one, an abort is the page's own wish: `error.type` without an error status.
 */
export function beginClientRequest(
  { contextStore, propagator, tracer }: InstrumentHost,
  options: RequestOptions,
  method: string,
  url: UrlLike & { readonly origin: string },
  ownOrigin: string,
): ClientRequest | undefined {
  const parent = contextStore.active();
  const { href, origin } = url;
  const isIn = (list: readonly (string | RegExp)[] = [], isNamed: (name: string) => boolean): boolean =>
    list.some((one) => (typeof one === 'string' ? isNamed(one) : one.test(href)));
  // `data:`, `blob:` and the schemes of shells are no HTTP.
  if (
    !/^http/.test(href) ||
    isTracingSuppressed(parent) ||
    isIn(options.ignoreUrls, (start) => href.startsWith(start))
  ) {
    return undefined;
  }
  const span = tracer.startSpan(
    knownMethod(method),
    { kind: CLIENT, attributes: httpClientAttributes(method, url, options.redactUrl) },
    parent,
  );
  const release = holdInteraction(parent);
  const fail = (type: string, code: number, message?: string): void => {
    span.setAttribute('error.type', type).setStatus({ code, message });
  };
  return {
    parent,
    propagate(setHeader) {
      if (origin === ownOrigin || isIn(options.propagateTo, (name) => name === origin)) {
        propagator.inject(setSpan(parent, span), setHeader, { set: (set, name, value) => set(name, value) });
      }
    },
    answered(status) {
      span.setAttribute('http.response.status_code', status);
      if (status >= 400) fail(`${status}`, ERROR_STATUS);
    },
    failed: (type, message) => fail(type, type === 'AbortError' ? 0 : ERROR_STATUS, message),
    end(endTime) {
      span.end(endTime);
      release();
    },
  };
}
