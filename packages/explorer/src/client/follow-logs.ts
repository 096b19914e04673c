import { api, type LogFilter, RequestFailure } from './api.js';

type TailAnswer = Awaited<ReturnType<typeof api.logTail>>;

interface Options {
  readonly filter: LogFilter;
  /** So many of the newest records that are there already. */
  readonly backlog: number;
  readonly signal: AbortSignal;
  readonly onAnswer: (answer: TailAnswer) => void;
  /** `undefined`: it answers again. A question that cannot be asked ends the tail, an absence does not. */
  readonly onFailure: (failure: RequestFailure | undefined) => void;
  /** Waits until more may come. */
  readonly untilWanted: () => Promise<void>;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/**
 * Asks for what is new until the signal. After a failure the same is asked again with the cursor of the last answer that came, so that nothing is
 * lost and nothing comes twice.
 */
export async function followLogs({
  filter,
  backlog,
  signal,
  onAnswer,
  onFailure,
  untilWanted,
}: Options): Promise<void> {
  let cursor: string | undefined;
  let waitMs = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      await untilWanted();
      if (signal.aborted) return;
      const answer = await api.logTail({ ...filter, cursor, ...(cursor === undefined && { backlog }) }, signal);
      cursor = answer.cursor;
      waitMs = FIRST_WAIT_MS;
      onFailure(undefined);
      onAnswer(answer);
    } catch (error) {
      if (signal.aborted) return;
      const failure =
        error instanceof RequestFailure ? error : new RequestFailure({ message: String(error), status: 0 });
      onFailure(failure);
      if (failure.status === 400) return;
      await new Promise((done) => setTimeout(done, waitMs));
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    }
  }
}
