import { isIP } from 'node:net';

/**
 * Whether a request was addressed to this process by a name that is ours. A web page elsewhere can point its own name at a loopback
 * address and then read as if from its own server ("DNS rebinding"), but the browser still sends that name as `Host`. An
 * address in digits cannot be rebound, so it is always taken.
 *
 * `allowed`: further names; `*` takes every one.
 */
export function isOurHost(host: string | undefined, allowed: readonly string[]): boolean {
  const name = hostName(host);
  if (name === undefined) return false;
  if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')) return true;
  return allowed.some((entry) => entry === '*' || hostName(entry) === name);
}

/** Lower case, without port, brackets and the root's dot; `undefined` when it is no host at all. */
function hostName(host: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  const found = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/i.exec(host.trim());
  return (found?.[1] ?? found?.[2])?.toLowerCase().replace(/\.$/, '');
}
