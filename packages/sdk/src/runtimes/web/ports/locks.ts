import type { Locks } from '../../../core/ports.js';

/** Locks among the pages of an origin. `undefined` where the browser has none: older ones, and pages that did not come by HTTPS. */
export const pageLocks = (): Locks | undefined => {
  const locks = globalThis.navigator?.locks;
  return (
    locks && {
      // Where a page may not ask for them (a sandbox), asking throws.
      hold: async (name, { ifAvailable }, run) =>
        locks.request(name, { ifAvailable }, async (lock) => (lock ? await run() : undefined)),
    }
  );
};
