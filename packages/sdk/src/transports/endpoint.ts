import { withoutCredentials } from './signal-url.js';

export type EndpointProtocol = 'http' | 'grpc';

export interface Endpoint {
  /** The address to use, with a scheme and without a trailing slash; `undefined` when nothing can be made of it. */
  readonly url?: string | undefined;
  /** One sentence: what is wrong, or probably wrong, with it and what to write. */
  readonly problem?: string | undefined;
}

/**
 * An address without user and password, also where the password has an `@`, `/`, `?` or `#` that should have been percent-encoded: then it is no
 * address, and the message about it is read by more people than the password is for.
 */
export const withoutUser = (address: string): string =>
  address.replace(/^\s*([a-z][\w+.-]*:\/\/)?(?:[^/?#]*@|[^/?#@:[]*:(?!\d*(?:[/?#]|$)).*@)/i, '$1');

/**
 * Reads an address as people write it. Says what is wrong in one sentence, where the address itself shows it: no scheme,
 * a scheme of something else, no host, the port of the other protocol. gRPC addresses may lack a scheme (the OTLP exporter
 * specification allows it): `insecure` then decides, and TLS is the default.
 */
export function readEndpoint(text: string, protocol: EndpointProtocol, insecure = false): Endpoint {
  const address = text.trim();
  const shown = JSON.stringify(withoutCredentials(withoutUser(address)));
  const [, scheme, rest] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(address) ?? [];
  const hostAndPort = (rest ?? '').replace(/[/?#].*$/, '').replace(/^.*@/, '');
  const [, host, port] = /^(\[[0-9a-f:.%]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i.exec(hostAndPort) ?? [];
  if (!address) return { problem: 'The endpoint is empty: write for example "http://localhost:4318".' };
  if (!host || Number(port) > 65_535) {
    return {
      problem: `The endpoint ${shown} names no host, or no port between 1 and 65535: write for example "http://localhost:4318".`,
    };
  }
  if (!scheme && protocol === 'http') {
    return {
      problem: `The endpoint ${shown} has no scheme: write "http://${hostAndPort}" or "https://${hostAndPort}".`,
    };
  }
  if (scheme && !/^https?$/i.test(scheme) && !(protocol === 'grpc' && /^grpcs?$/i.test(scheme))) {
    return { problem: `The endpoint ${shown} has the scheme "${scheme}": OTLP goes over "http://" or "https://".` };
  }
  const secure = scheme ? /s$/i.test(scheme) : !insecure;
  const url = `${secure ? 'https' : 'http'}://${rest!.replace(/\/+$/, '')}`;
  if (protocol === 'http' && port === '4317') {
    return {
      url,
      problem: `The endpoint ${shown} has gRPC's port 4317 but OTLP/HTTP is sent: use port 4318, or the gRPC protocol.`,
    };
  }
  if (protocol === 'grpc' && port === '4318') {
    return {
      url,
      problem: `The endpoint ${shown} has OTLP/HTTP's port 4318 but gRPC is sent: use port 4317, or the HTTP protocol.`,
    };
  }
  return { url };
}
