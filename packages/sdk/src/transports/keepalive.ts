import type { KeepaliveShare } from './fetch.js';

/**
 * Bytes of request bodies a browser keeps sending for pages that are gone: 64 KiB for all such requests under way of one
 * page together (Fetch standard, "HTTP-network-or-cache fetch", step on `inflightKeepaliveBytes`). 4 KiB are left to the program's own.
 */
const BROWSER_LIMIT = 60 * 1024;

/**
 * What `fetchTransport({ keepalive })` of one page shares: one budget for all its destinations and signals, because the browser
 * counts them together. A batch that does not fit is answered `too-large`, so that the outbox splits it. `sendBeacon` is not used: it says
 * yes and sends nothing when the network is away.
 */
export function keepaliveBudget(limit: number = BROWSER_LIMIT): KeepaliveShare {
  let left = limit;
  return {
    take(bytes) {
      if (bytes > left) return left || 1;
      left -= bytes;
      return 0;
    },
    give(bytes) {
      left += bytes;
    },
  };
}
