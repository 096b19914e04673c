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
    take(bytes, batch, leaving) {
      // A few bytes left are not worth splitting for: the rest goes as an ordinary request, which a hidden page finishes.
      if (leaving && bytes > left && left > 4096 && batch.items > 1) {
        // In bytes of the batch, whatever JSON made of them.
        const maxBytes = Math.floor((left * batch.bytes.length) / bytes);
        return { kind: 'too-large', reason: 'keepalive budget', maxBytes };
      }
      const taken = bytes > left ? 0 : bytes;
      left -= taken;
      return taken;
    },
    give(bytes) {
      left += bytes;
    },
  };
}
