import { useCallback, useEffect, useRef, useState } from 'react';
import type { LogFilter, RequestFailure } from '../../client/api.js';
import { followLogs } from '../../client/follow-logs.js';
import { EMPTY_TAIL, MOST_HELD, showHeld, type TailState, takeAnswer } from '../../model/log-tail.js';

const BACKLOG = 100;

interface LogTail {
  readonly state: TailState;
  readonly begun: boolean;
  readonly failure: RequestFailure | undefined;
  readonly paused: boolean;
  readonly setPaused: (paused: boolean) => void;
}

/** Follows the log records that a filter chooses; another filter is another tail. While it is paused it holds some, and then asks for no more until it goes on. */
export function useLogTail(filter: LogFilter): LogTail {
  const [state, setState] = useState<TailState>(EMPTY_TAIL);
  const [begun, setBegun] = useState(false);
  const [failure, setFailure] = useState<RequestFailure>();
  const [paused, setPaused] = useState(false);
  const latest = useRef({ paused, held: 0, wake: (): void => undefined });
  latest.current.paused = paused;
  latest.current.held = state.held.length;
  const key = JSON.stringify(filter);

  useEffect(() => {
    const gone = new AbortController();
    setState(EMPTY_TAIL);
    setBegun(false);
    setFailure(undefined);
    void followLogs({
      filter: JSON.parse(key) as LogFilter,
      backlog: BACKLOG,
      signal: gone.signal,
      onFailure: setFailure,
      onAnswer: (answer) => {
        setBegun(true);
        setState((before) => takeAnswer(before, answer, latest.current.paused));
      },
      untilWanted: async () => {
        // The state of the last answer is there at the next turn.
        await new Promise((next) => setTimeout(next, 0));
        while (!gone.signal.aborted && latest.current.paused && latest.current.held >= MOST_HELD)
          await new Promise<void>((wake) => {
            latest.current.wake = wake;
            gone.signal.addEventListener('abort', () => wake(), { once: true });
          });
      },
    });
    return () => gone.abort();
  }, [key]);

  const goOn = useCallback((wanted: boolean) => {
    latest.current.paused = wanted;
    setPaused(wanted);
    if (wanted) return;
    setState(showHeld);
    latest.current.wake();
  }, []);
  return { state, begun, failure, paused, setPaused: goOn };
}
