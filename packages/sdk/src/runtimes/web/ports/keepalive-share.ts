import type { KeepaliveShare } from '../../../transports/fetch.js';

/** Bytes of request bodies a browser carries on for a page that is gone: 64 KiB for all of them together; some are left to the program. */
const CARRIED_BYTES = 60 * 1024;

/**
 * A page's share of them. Batches are small (see `start`), so that most fit; one that does not is sent as an ordinary request, which a
 * page that is only hidden finishes.
 */
export function createKeepaliveShare(): KeepaliveShare {
  let left = CARRIED_BYTES;
  return {
    take(bytes) {
      const taken = bytes > left ? 0 : bytes;
      left -= taken;
      return taken;
    },
    give(bytes) {
      left += bytes;
    },
  };
}
