import type { TraceState } from '@opentelemetry/api';
import { createTraceState } from '../context/trace-state.js';

/** What the `ot` member of a tracestate says about sampling (specification "TraceState handling"). */
export interface OtFields {
  /** The threshold that was applied: 1 to 14 hex digits, `undefined` where there is none or a malformed one. */
  readonly threshold: string | undefined;
  /** Randomness to use in place of the trace id's: 14 hex digits. */
  readonly randomness: string | undefined;
  /** Everything but the threshold, to be handed on. */
  readonly others: readonly string[];
}

export function readOtFields(state: TraceState | undefined): OtFields {
  const fields = (state?.get('ot') ?? '').split(';').filter(Boolean);
  const find = (grammar: RegExp): string | undefined => fields.find((field) => grammar.test(field))?.slice(3);
  return {
    threshold: find(/^th:[\da-f]{1,14}$/),
    randomness: find(/^rv:[\da-f]{14}$/),
    others: fields.filter((field) => !field.startsWith('th:')),
  };
}

/** `state` with this threshold, or with none; everything else of it stays. `undefined`: nothing is left to say. */
export function withThreshold(
  state: TraceState | undefined,
  { others }: OtFields,
  threshold: string | undefined,
): TraceState | undefined {
  const fields = threshold === undefined ? others : [`th:${threshold}`, ...others];
  if (fields.length) return (state ?? createTraceState()).set('ot', fields.join(';'));
  return state?.get('ot') === undefined ? state : state.unset('ot');
}
