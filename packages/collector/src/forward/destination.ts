import { createHash } from 'node:crypto';

/** Where batches go. */
export interface Destination {
  readonly protocol: 'http' | 'grpc';
  /** `http:` or `https:`, without user, password, query and the path of a signal. */
  readonly url: URL;
  /** How it is named to people; holds no credentials. */
  readonly shown: string;
  /** The name of its folder in the spool: batches that wait there go nowhere else. */
  readonly folder: string;
  /** From a user and a password in the address. */
  readonly authorization: string | undefined;
}

/** `http://` and `https://` (OTLP/HTTP unless `protocol` says otherwise), `grpc://` and `grpcs://`; `undefined` for what is none of these. */
export function parseDestination(given: string, protocol: 'http' | 'grpc' | undefined): Destination | undefined {
  const found = /^(https?|grpcs?):\/\/[^/]/i.exec(given);
  if (found === null) return undefined;
  const scheme = found[1]!.toLowerCase();
  const isGrpc = scheme.startsWith('grpc');
  if (isGrpc && protocol === 'http') return undefined;
  const text = isGrpc ? given.replace(/^grpc(s?)/i, 'http$1') : given;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  let authorization: string | undefined;
  try {
    if (url.username !== '' || url.password !== '') {
      const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
      authorization = `Basic ${Buffer.from(user).toString('base64')}`;
    }
  } catch {
    return undefined;
  }
  url.username = '';
  url.password = '';
  url.search = '';
  url.hash = '';
  url.pathname = url.pathname.replace(/\/+$/, '').replace(/\/v1\/(?:traces|metrics|logs)$/, '');
  const spoken = isGrpc ? 'grpc' : (protocol ?? 'http');
  if (spoken === 'grpc' && url.pathname !== '/') return undefined;
  const base = url.href.replace(/\/$/, '');
  const shown = spoken === 'grpc' ? base.replace(/^http/, 'grpc') : base;
  const short = createHash('sha256').update(shown).digest('hex').slice(0, 8);
  const folder = `${url.host.replace(/[^a-z0-9.-]+/gi, '-')}-${short}`;
  return { protocol: spoken, url, shown, folder, authorization };
}
