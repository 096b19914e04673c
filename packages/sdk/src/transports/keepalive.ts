import type { KeepaliveShare } from './fetch.js';

/**
 * Bytes of request bodies a browser keeps sending for pages that are gone: 64 KiB for all such requests under way of one
 * page together (Fetch standard, "HTTP-network-or-cache fetch", step on `inflightKeepaliveBytes`). 4 KiB are left to the program's own.
 */
const BROWSER_LIMIT = 60 * 1024;

/**
 * What `fetchTransport({ keepalive })` of one page shares: one budget for all its destinations and signals, because the browser
 * counts them together. A batch that does not fit goes as an ordinary request, which a page that is only hidden finishes. `sendBeacon` is not used:
 * it says yes and sends nothing when the network is away.
 */
export function keepaliveShare(limit: number = BROWSER_LIMIT): KeepaliveShare & { take(bytes: number): number } {
  let left = limit;
  return {
    take(bytes) {
      if (bytes > left) return 0;
      left -= bytes;
      return bytes;
    },
    give(bytes) {
      left += bytes;
    },
  };
}

/** The same for outboxes that split: of a page that is left, a batch that does not fit is answered `too-large`. */
export function keepaliveBudget(limit: number = BROWSER_LIMIT): KeepaliveShare {
  const share = keepaliveShare(limit);
  let left = limit;
  return {
    take(bytes, batch, leaving) {
      // A few bytes left are not worth splitting for.
      if (leaving && bytes > left && left > 4096 && batch.items > 1) {
        // In bytes of the batch, whatever JSON made of them.
        const maxBytes = Math.floor((left * batch.bytes.length) / bytes);
        return { kind: 'too-large', reason: 'keepalive budget', maxBytes };
      }
      const taken = share.take(bytes);
      left -= taken;
      return taken;
    },
    give(bytes) {
      left += bytes;
      share.give(bytes);
    },
  };
}
