import { useEffect, useState } from 'react';
import { api, RequestFailure } from '../../client/api.js';
import type { SqlAnswer, SqlProgressAnswer } from '../../model/shapes.js';
import type { AbsoluteRange } from '../../model/time-range.js';

export interface SqlRun {
  readonly sql: string;
  readonly range: AbsoluteRange;
}

interface SqlState {
  readonly answer: SqlAnswer | undefined;
  readonly failure: RequestFailure | undefined;
  readonly running: boolean;
  readonly progress: SqlProgressAnswer | undefined;
}

const LOOK_MS = 400;
const NOTHING: SqlState = { answer: undefined, failure: undefined, running: false, progress: undefined };

/** Runs a statement when `run` is another object, and says how far it is. The answer before stays until there is one. Leaving or another run stops it. */
export function useSqlRun(run: SqlRun | undefined): SqlState {
  const [state, setState] = useState(NOTHING);
  useEffect(() => {
    if (run === undefined) {
      setState((before) => ({ ...before, running: false, progress: undefined }));
      return;
    }
    const gone = new AbortController();
    const id = [...crypto.getRandomValues(new Uint8Array(8))]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
    setState((before) => ({ ...before, failure: undefined, running: true, progress: undefined }));
    const looks = setInterval(() => {
      api.sqlProgress(id, gone.signal).then(
        (progress) => setState((before) => (before.running && progress.running ? { ...before, progress } : before)),
        () => undefined,
      );
    }, LOOK_MS);
    api
      .sql({ query: run.sql, range: run.range, id }, gone.signal)
      .then(
        (answer) => setState({ ...NOTHING, answer }),
        (error: unknown) => {
          if (gone.signal.aborted) return;
          const failure =
            error instanceof RequestFailure ? error : new RequestFailure({ message: String(error), status: 0 });
          setState({ ...NOTHING, failure });
        },
      )
      .finally(() => clearInterval(looks));
    return () => {
      clearInterval(looks);
      gone.abort();
    };
  }, [run]);
  return state;
}
