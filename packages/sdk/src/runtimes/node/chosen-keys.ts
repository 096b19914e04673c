import { matchesPattern } from '../../core/metrics/match-view.js';

/** Which keys, with `*` and `?`: those that are `included` (default: all) and not `excluded`. */
export interface KeyChoice {
  readonly included?: readonly string[] | undefined;
  readonly excluded?: readonly string[] | undefined;
}

export const isChosen = ({ included = ['*'], excluded = [] }: KeyChoice, key: string): boolean =>
  included.some((pattern) => matchesPattern(pattern, key)) && !excluded.some((pattern) => matchesPattern(pattern, key));
