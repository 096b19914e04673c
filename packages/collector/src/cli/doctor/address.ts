import { type Check, FAILED, NOTE, OK } from './check.js';

export interface Address {
  readonly check: Check;
  /** Where to go on with; `undefined` when the text names no place at all. */
  readonly url?: URL;
}

/** Reads the address as it was typed, and says what an SDK would make of it. */
export function readAddress(text: string): Address {
  const name = 'address';
  const typed = text.trim();
  if (typed === '') return { check: FAILED(name, 'The address is empty.', 'Write it as http://localhost:4318') };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(typed)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    const url = parse(`http://${typed}`);
    if (url === undefined)
      return { check: FAILED(name, `${typed} is not an address.`, 'Write it as http://localhost:4318') };
    const suggestion = withoutSlash(url);
    return {
      url,
      check: FAILED(name, `${typed} has no scheme; most SDKs refuse it or send nowhere.`, `Write ${suggestion}`),
    };
  }
  const url = parse(typed);
  if (url === undefined)
    return { check: FAILED(name, `${typed} is not an address.`, 'Write it as http://localhost:4318') };
  if (scheme !== 'http' && scheme !== 'https') {
    const fixed = parse(typed.replace(/^[^:]+/, scheme === 'grpcs' ? 'https' : 'http'))!;
    return {
      url: fixed,
      check: FAILED(
        name,
        `${scheme}:// is not understood by OTLP exporters, which want http:// or https://.`,
        `Write ${withoutSlash(fixed)}`,
      ),
    };
  }
  if (url.port === '') {
    const standard = scheme === 'https' ? '443' : '80';
    return {
      url,
      check: NOTE(
        name,
        `${typed} names no port, so ${standard} is used.`,
        'Collectors listen on 4318 (HTTP) and 4317 (gRPC) unless something stands before them.',
      ),
    };
  }
  if (/\/v1\/(?:traces|metrics|logs)\/v1\/(?:traces|metrics|logs)\/?$/.test(url.pathname)) {
    return {
      url,
      check: FAILED(
        name,
        `${url.pathname} names the path twice.`,
        'In OTEL_EXPORTER_OTLP_ENDPOINT leave /v1/traces out: the SDK adds it.',
      ),
    };
  }
  if (/\/v1\/traces\/?$/.test(url.pathname)) {
    return {
      url,
      check: NOTE(
        name,
        `${typed} is the full path for traces.`,
        'Right for OTEL_EXPORTER_OTLP_TRACES_ENDPOINT; in OTEL_EXPORTER_OTLP_ENDPOINT leave /v1/traces out, the SDK adds it.',
      ),
    };
  }
  return { url, check: OK(name, withoutSlash(url)) };
}

/** Where traces go over HTTP: what an SDK makes of a base address. */
export function tracesUrl(url: URL): URL {
  const path = url.pathname.replace(/\/+$/, '');
  const traces = new URL(url);
  traces.pathname = path.endsWith('/v1/traces') ? path : `${path}/v1/traces`;
  return traces;
}

export function withPort(url: URL, port: number): string {
  return `${url.protocol}//${url.hostname}:${port}`;
}

export function portOf(url: URL): number {
  return url.port !== '' ? Number(url.port) : url.protocol === 'https:' ? 443 : 80;
}

/** The name as sockets take it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function withoutSlash(url: URL): string {
  return url.href.replace(/\/$/, '');
}

function parse(text: string): URL | undefined {
  try {
    const url = new URL(text);
    return url.hostname === '' ? undefined : url;
  } catch {
    return undefined;
  }
}
