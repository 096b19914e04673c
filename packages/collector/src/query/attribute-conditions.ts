import type { ClauseOf } from '../shapes/clause.js';
import { namesOf } from './attribute-names.js';
import type { Bindings } from './bindings.js';

type AnyClause = Pick<ClauseOf<string, string>, 'operator' | 'value' | 'key' | 'from'>;

/** Where an attribute may be, the first before the second: how the language calls the place, and its map. */
export type AttributePlaces<From extends string> = readonly [
  readonly [place: From, map: string],
  readonly [place: From, map: string],
];

/** A constant that is folded before anything is read: a broken pattern is an error even where no row would have met it. */
export function patternCheck(pattern: string, bindings: Bindings): string {
  return `match('', ${bindings.bind('String', pattern)}) >= 0`;
}

export function columnCondition(column: string, clause: AnyClause, bindings: Bindings): string {
  const value = bindings.bind('String', clause.value);
  switch (clause.operator) {
    case '=~':
      return `match(${column}, ${value})`;
    case '!~':
      return `NOT match(${column}, ${value})`;
    default:
      return `${column} ${clause.operator} ${value}`;
  }
}

const OPPOSITES = { '!=': '=', '!~': '=~', 'not-exists': 'exists' } as const;

/**
 * A condition on an attribute. It is written as `map['key'] = 'value'`, joined by OR over the names of the same thing: the shape for which the engine
 * asks the bloom filters of the maps' keys and values (checked with EXPLAIN indexes = 1 on 26.7).
 */
export function attributeCondition<From extends string>(
  clause: AnyClause,
  places: AttributePlaces<From>,
  bindings: Bindings,
): string {
  const { operator } = clause;
  if (operator === '!=' || operator === '!~' || operator === 'not-exists') {
    return `NOT (${attributeCondition({ ...clause, operator: OPPOSITES[operator] }, places, bindings)})`;
  }
  const keys = namesOf(clause.key ?? '').map((name) => bindings.bind('String', name));
  const has = (map: string) => keys.map((key) => `mapContains(${map}, ${key})`).join(' OR ');
  const holds = (map: string) => keys.map((key) => valueCondition(map, key, clause, bindings)).join(' OR ');
  const condition = operator === 'exists' ? has : holds;
  const chosen = places.find(([place]) => place === clause.from);
  if (chosen !== undefined) return condition(chosen[1]);
  const [[, nearer], [, further]] = places;
  if (operator === 'exists') return `${has(nearer)} OR ${has(further)}`;
  // The further one is asked only where the nearer one says nothing under any of the names.
  return `${holds(nearer)} OR (NOT (${has(nearer)}) AND (${holds(further)}))`;
}

function valueCondition(map: string, key: string, clause: AnyClause, bindings: Bindings): string {
  const value = `${map}[${key}]`;
  switch (clause.operator) {
    case '=': {
      const equal = `${value} = ${bindings.bind('String', clause.value)}`;
      // A missing key reads as the empty string.
      return clause.value === '' ? `(mapContains(${map}, ${key}) AND ${equal})` : equal;
    }
    case '=~':
      return `(mapContains(${map}, ${key}) AND match(${value}, ${bindings.bind('String', clause.value)}))`;
    default:
      return `ifNull(toFloat64OrNull(${value}) ${clause.operator} ${bindings.bind('Float64', Number(clause.value))}, 0)`;
  }
}
