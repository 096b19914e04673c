import type { Attributes } from '@opentelemetry/api';

/*
 * What an HTTP client's span says, the same for every instrument that watches one (fetch, XMLHttpRequest). Pure: from
 * strings to attributes, by the stable HTTP semantic conventions.
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */

const KNOWN_METHODS = /^(CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|QUERY|TRACE)$/;
const AUTHORITY = /^(\w[\w+.-]*:)\/\/(?:[^/?#]*@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?/;

/** Signatures that grant access to whoever reads them; the conventions ask for these by name. */
const SECRET_QUERY = /([?&](?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&#]*/g;

/**
 * An absolute address without what must not be recorded: user and password, and the signatures of signed addresses.
 * `redact` runs after that, for what only the program knows to be secret.
 */
export function recordableUrl(href: string, redact?: (url: string) => string): string {
  const url = href
    .replace(
      /^(\w[\w+.-]*:\/\/)([^/?#]*)@/,
      (_, scheme: string, who: string) => `${scheme}${who.includes(':') ? 'REDACTED:' : ''}REDACTED@`,
    )
    .replace(SECRET_QUERY, '$1REDACTED');
  return redact ? redact(url) : url;
}

/** The method as a span's name and attribute may hold it: one of the known ones, in capitals, else `_OTHER`. */
export function knownMethod(method: string): string {
  const upper = method.toUpperCase();
  return KNOWN_METHODS.test(upper) ? upper : '_OTHER';
}

/** The attributes a client span has from its start. `url` is absolute and already recordable. */
export function httpClientAttributes(method: string, url: string): Attributes {
  const known = knownMethod(method);
  const attributes: Attributes = { 'http.request.method': known, 'url.full': url };
  if (known !== method) attributes['http.request.method_original'] = method;
  const authority = AUTHORITY.exec(url);
  if (authority) {
    attributes['server.address'] = authority[2];
    attributes['server.port'] = Number(authority[3] ?? (authority[1] === 'https:' ? 443 : 80));
  }
  return attributes;
}

/** Does the answer count as an error for the client? 4xx and 5xx do, by the conventions. */
export function isHttpError(status: number): boolean {
  return status >= 400;
}
