import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from 'react';

/*
 * The moment "now" stands for. Every part of a view measures its relative range from the same one; refreshing, or following
 * live, moves it. A reader who has scrolled away holds it still: nothing moves under the hand.
 */

interface Now {
  readonly nowMs: number;
  readonly live: boolean;
  /** Live, but waiting for the reader to come back to the top. */
  readonly held: boolean;
  readonly refresh: () => void;
  readonly setLive: (live: boolean) => void;
  readonly setHeld: (held: boolean) => void;
}

const LIVE_EVERY_MS = 3_000;

const NowContext = createContext<Now | undefined>(undefined);

export function NowProvider({ children }: { readonly children: ReactNode }) {
  const [nowMs, setNowMs] = useState(() => Date.now());
  const [live, setLive] = useState(false);
  const [held, setHeld] = useState(false);
  const refresh = useCallback(() => setNowMs(Date.now()), []);
  useEffect(() => {
    if (!live || held) return;
    setNowMs(Date.now());
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setNowMs(Date.now());
    }, LIVE_EVERY_MS);
    return () => clearInterval(timer);
  }, [live, held]);
  const value = useMemo(() => ({ nowMs, live, held, refresh, setLive, setHeld }), [nowMs, live, held, refresh]);
  return <NowContext value={value}>{children}</NowContext>;
}

export function useNow(): Now {
  const now = useContext(NowContext);
  if (now === undefined) throw new Error('useNow outside of NowProvider');
  return now;
}

/** The clock on the wall, for "12 s ago"; moves once a second while the page is seen. */
export function useWallClock(): number {
  const [ms, setMs] = useState(() => Date.now());
  const frame = useRef(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') frame.current = requestAnimationFrame(() => setMs(Date.now()));
    }, 1_000);
    return () => {
      clearInterval(timer);
      cancelAnimationFrame(frame.current);
    };
  }, []);
  return ms;
}
