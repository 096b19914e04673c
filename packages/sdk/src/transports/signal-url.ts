import { type Batch, batchIdKey, type Signal } from '../core/batch.js';

/** Where each signal goes: a base address to which `/v1/<signal>` is appended, or the whole address of each signal. */
export type OtlpUrl = string | Partial<Record<Signal, string>>;

/**
 * The address of one signal (OTLP specification, "OTLP/HTTP Request"): `/v1/traces` is appended to a base, before its query
 * if it has one, unless the base already ends so. `undefined` where a table has no address for this signal.
 */
export function signalUrl(url: OtlpUrl, signal: Signal): string | undefined {
  if (typeof url !== 'string') return url[signal];
  const [, base, query = ''] = /^([^?#]*?)\/*(?:\/v1\/\w+)?\/*(\?[^#]*)?(?:#|$)/.exec(url)!;
  return `${base}/v1/${signal}${query}`;
}

/** The same with the batch's id as a query parameter: a header would cost a page a preflight. */
export function batchUrl(url: OtlpUrl, batch: Batch, withId: boolean): string | undefined {
  const address = signalUrl(url, batch.signal);
  return address && withId ? `${address}${address.includes('?') ? '&' : '?'}${batchIdKey}=${batch.id}` : address;
}

/** An address as it may be shown and stored: without user, password, query and fragment. */
export function withoutCredentials(url: OtlpUrl): string {
  const address = typeof url === 'string' ? url : (Object.values(url)[0] ?? '');
  return address.replace(/(^|\/\/)[^/?#]*@|[?#].*/g, '$1');
}
