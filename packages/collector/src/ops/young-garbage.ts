import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Bounds what memory outside of the heap takes that nobody uses any more. Left alone the engine lets 32 to 64 MiB of it come together before it looks. Looking at the young ones alone takes half a
 * millisecond.
 */
export interface YoungGarbage {
  /** So many bytes were just let go of, or soon will be. */
  add(bytes: number): void;
}

/** `everyBytes`: so many may lie around before they are looked for. Where the engine gives no such function nothing is done. */
export function collectYoungGarbage(everyBytes: number): YoungGarbage {
  let since = 0;
  return {
    add(bytes) {
      since += bytes;
      if (since < everyBytes) return;
      since = 0;
      collector()?.({ type: 'minor' });
    },
  };
}

type Collect = (options: { type: 'minor' }) => void;
let found: { readonly collect: Collect | undefined } | undefined;

function collector(): Collect | undefined {
  if (found === undefined) {
    setFlagsFromString('--expose-gc');
    found = { collect: runInNewContext('typeof gc === "function" ? gc : undefined') as Collect | undefined };
    setFlagsFromString('--no-expose-gc');
  }
  return found.collect;
}
