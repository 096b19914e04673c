import type { InstrumentHost } from '../../../core/instrument.js';
import type { Lifecycle } from '../../../core/ports.js';

/** A page's lifecycle, and what instruments hear before the outbox does. */
export interface PageLifecycle extends Lifecycle, Pick<InstrumentHost, 'onLeaving'> {}

/**
 * What a page lives through. It never learns that it ends: being hidden is the last thing a page on a phone hears, and `pagehide`
 * (dispatched on `window` alone) the last one elsewhere. Both mean: send now. First the instruments end what they have open, then
 * the outbox sends it.
 */
export function createPageLifecycle(): PageLifecycle {
  const leaving = new Set<() => void>();
  const suspend = new Set<() => void>();
  const resume = new Set<() => void>();

  const runAll = (...sets: Set<() => void>[]): void => {
    for (const set of sets) for (const run of [...set]) run();
  };
  // A page's script may also be run where there is no page: by a worker, or by a server that renders it.
  const { document } = globalThis;
  document?.addEventListener('visibilitychange', () =>
    document.visibilityState === 'hidden' ? runAll(leaving, suspend) : runAll(resume),
  );
  const on = globalThis.addEventListener as typeof addEventListener | undefined;
  on?.('pagehide', () => runAll(leaving, suspend));
  on?.('pageshow', (event) => event.persisted && runAll(resume));
  on?.('online', () => runAll(resume));

  const listen = (set: Set<() => void>) => (run: () => void) => {
    set.add(run);
    return () => {
      set.delete(run);
    };
  };
  return {
    onLeaving: listen(leaving),
    onSuspend: listen(suspend),
    onResume: listen(resume),
    onShutdown: () => () => {},
  };
}
