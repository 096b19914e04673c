import type { Type } from './parse-promql.js';

/** What a function takes and gives. The last of `takes` may be left out, or repeated. */
interface Signature {
  readonly takes: readonly Type[];
  readonly gives: Type;
  /** So many of the last may be left out. */
  readonly optional?: number;
  readonly variadic?: boolean;
}

const overRange: Signature = { takes: ['range'], gives: 'vector' };
const ofVector: Signature = { takes: ['vector'], gives: 'vector' };
const ofTime: Signature = { takes: ['vector'], gives: 'vector', optional: 1 };
const named = (names: string, signature: Signature): Readonly<Record<string, Signature>> =>
  Object.fromEntries(names.split(' ').map((name) => [name, signature]));

export const FUNCTIONS: Readonly<Record<string, Signature | undefined>> = {
  ...named('rate increase irate delta idelta deriv changes resets', overRange),
  ...named(
    'avg_over_time min_over_time max_over_time sum_over_time count_over_time last_over_time first_over_time',
    overRange,
  ),
  ...named('stddev_over_time stdvar_over_time present_over_time absent_over_time', overRange),
  quantile_over_time: { takes: ['scalar', 'range'], gives: 'vector' },
  predict_linear: { takes: ['range', 'scalar'], gives: 'vector' },
  ...named('abs ceil floor exp ln log2 log10 sqrt sgn deg rad timestamp absent sort sort_desc', ofVector),
  ...named('sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh', ofVector),
  round: { takes: ['vector', 'scalar'], gives: 'vector', optional: 1 },
  clamp: { takes: ['vector', 'scalar', 'scalar'], gives: 'vector' },
  ...named('clamp_min clamp_max', { takes: ['vector', 'scalar'], gives: 'vector' }),
  histogram_quantile: { takes: ['scalar', 'vector'], gives: 'vector' },
  label_replace: { takes: ['vector', 'string', 'string', 'string', 'string'], gives: 'vector' },
  label_join: { takes: ['vector', 'string', 'string', 'string'], gives: 'vector', optional: 1, variadic: true },
  scalar: { takes: ['vector'], gives: 'scalar' },
  vector: { takes: ['scalar'], gives: 'vector' },
  time: { takes: [], gives: 'scalar' },
  pi: { takes: [], gives: 'scalar' },
  ...named('minute hour day_of_month day_of_week day_of_year days_in_month month year', ofTime),
};

export const AGGREGATIONS: Readonly<Record<string, readonly Type[] | undefined>> = {
  ...Object.fromEntries(
    ['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'].map((name) => [name, ['vector'] as const]),
  ),
  topk: ['scalar', 'vector'],
  bottomk: ['scalar', 'vector'],
  quantile: ['scalar', 'vector'],
  count_values: ['string', 'vector'],
};
