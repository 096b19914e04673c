import type { Lifecycle } from '../../../core/ports.js';

/** Listens to the window, where there is one: a page's script may also be run by a worker, or by a server that renders the page. */
function on(types: readonly string[], run: (event: Event) => void): () => void {
  for (const type of types) globalThis.addEventListener?.(type, run, true);
  return () => {
    for (const type of types) globalThis.removeEventListener?.(type, run, true);
  };
}

/**
 * What a page lives through. It never learns that it ends: being hidden is the last thing a page on a phone hears (`visibilitychange` is
 * an event of the document, seen on its way down), and `pagehide` the last one elsewhere. Both mean: send now.
 */
export const createPageLifecycle = (): Lifecycle => ({
  onSuspend: (run) =>
    on(['visibilitychange', 'pagehide'], ({ type }) => {
      if (type === 'pagehide' || document.hidden) run();
    }),
  onResume: (run) =>
    on(['visibilitychange', 'pageshow', 'online'], ({ type }) => {
      if (type === 'online' || !document.hidden) run();
    }),
  onShutdown: () => () => {},
});
