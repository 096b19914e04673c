import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { statusQuery } from '../client/queries.js';
import type { Status } from '../model/shapes.js';
import { useNow } from './now.js';

const LOOK_EVERY_MS = 1_000;

/** The status while nothing of a signal is kept, `undefined` otherwise; with the first of it the view is asked anew. */
export function useFirstArrival(count: (status: Status) => number): Status | undefined {
  const { refresh } = useNow();
  const status = useQuery({
    ...statusQuery(),
    refetchInterval: ({ state }) =>
      state.error !== null || (state.data !== undefined && count(state.data) === 0) ? LOOK_EVERY_MS : 10_000,
  });
  const isEmpty = status.data !== undefined && count(status.data) === 0;
  const wasEmpty = useRef(false);
  useEffect(() => {
    if (isEmpty) wasEmpty.current = true;
    else if (wasEmpty.current && status.data !== undefined) {
      wasEmpty.current = false;
      refresh();
    }
  }, [isEmpty, status.data, refresh]);
  return isEmpty ? status.data : undefined;
}
