import type { Attributes } from '@opentelemetry/api';

/*
 * What an HTTP client's span says, the same for every instrument that watches one (fetch, XMLHttpRequest), by the stable
 * semantic conventions. https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */

/** The part of the runtimes' `URL` that is needed. */
export interface UrlLike {
  readonly href: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
  username: string;
  password: string;
}

const KNOWN_METHODS = /^(CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|QUERY|TRACE)$/;
/** Signatures that grant access to whoever reads them; the conventions ask for these by name. */
export const SECRET_QUERY = /([?&](?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&#]*/g;

/** The method as a span's name and attribute may hold it: one of the known ones, in capitals, else `_OTHER`. */
export function knownMethod(method: string): string {
  const upper = method.toUpperCase();
  return KNOWN_METHODS.test(upper) ? upper : '_OTHER';
}

/**
 * The attributes a client span has from its start. User, password and signatures are taken out of the address (out of `url` itself: hand over
 * a copy); `redact` runs after that, for what only the program knows to be secret.
 */
export function httpClientAttributes(
  method: string,
  url: UrlLike,
  redact = (href: string): string => href,
): Attributes {
  const known = knownMethod(method);
  if (url.username) url.username = 'REDACTED';
  if (url.password) url.password = 'REDACTED';
  return {
    'http.request.method': known,
    ...(known !== method && { 'http.request.method_original': method }),
    'url.full': redact(url.href.replace(SECRET_QUERY, '$1REDACTED')),
    'server.address': url.hostname,
    'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  };
}
