import type { LogRecordDetail, ResourceDetail } from '#shapes/api.js';
import type { ListedRecord } from './log-list.js';

/** What a live tail shows, the newest first, and what came while it was paused. */
export interface TailState {
  readonly shown: readonly ListedRecord[];
  /** Of answers that came while it was paused, in the order in which they came. */
  readonly held: readonly ListedRecord[];
  /** So many matched and were not sent: they came too quickly, and are found by a search. */
  readonly leftOut: number;
  /** So many records were taken in by now; numbers them. */
  readonly taken: number;
}

export const EMPTY_TAIL: TailState = { shown: [], held: [], leftOut: 0, taken: 0 };

/** Older ones leave the list, not the store. */
const MOST_SHOWN = 5_000;
/** With so many held nothing more is asked for until the reader goes on. */
export const MOST_HELD = 2_000;

interface Answer {
  readonly records: readonly LogRecordDetail[];
  readonly resources: readonly ResourceDetail[];
  readonly leftOut?: number;
}

export function takeAnswer(state: TailState, answer: Answer, paused: boolean): TailState {
  if (answer.records.length === 0) return state;
  const listed = answer.records.map((record, index) => ({
    key: `${record.timeUnixNano}-${(state.taken + index) % 1_000_000}`,
    record,
    resource: answer.resources[record.resource]!,
  }));
  const taken = state.taken + listed.length;
  const leftOut = state.leftOut + (answer.leftOut ?? 0);
  if (paused) return { ...state, held: [...state.held, ...listed], taken, leftOut };
  return { ...state, shown: newestFirst(listed, state.shown), taken, leftOut };
}

/** The reader goes on: what was held stands above what was shown. */
export function showHeld(state: TailState): TailState {
  return state.held.length === 0 ? state : { ...state, shown: newestFirst(state.held, state.shown), held: [] };
}

function newestFirst(arrived: readonly ListedRecord[], shown: readonly ListedRecord[]): readonly ListedRecord[] {
  return [...arrived].reverse().concat(shown).slice(0, MOST_SHOWN);
}
