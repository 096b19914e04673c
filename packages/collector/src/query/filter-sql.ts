import type { SpanKindName, StatusName } from '../shapes/api.js';
import { type Clause, parseDuration, parseFilter } from '../shapes/filter.js';
import { namesOf } from './attribute-names.js';
import type { Bindings } from './bindings.js';
import { QueryProblem } from './query-problem.js';
import { storedKinds, storedStatuses } from './stored-names.js';

/** Reads the text of a filter; throws `QueryProblem` with the position of the mistake. */
export function readFilter(text: string): readonly Clause[] {
  const parsed = parseFilter(text);
  if (parsed.ok) return parsed.clauses;
  throw new QueryProblem('bad-filter', parsed.message, { position: parsed.position });
}

/**
 * A condition on one row of `otel_traces` that is true where every clause is. Never NULL, so that NOT is exact.
 *
 * Attributes are written as `map['key'] = 'value'`, joined by OR over the names of the same thing: the shape for which the engine
 * asks the bloom filters of the maps' keys and values (checked with EXPLAIN indexes = 1 on 26.7).
 */
export function filterCondition(clauses: readonly Clause[], bindings: Bindings): string {
  const conditions = clauses.map((clause) => `(${clauseCondition(clause, bindings)})`);
  // A constant that is folded before anything is read: a broken pattern is an error even where no row would have met it.
  for (const clause of clauses) {
    if (isPattern(clause)) conditions.push(`match('', ${bindings.bind('String', clause.value)}) >= 0`);
  }
  return conditions.length === 0 ? '1' : conditions.join(' AND ');
}

/**
 * The same condition as one or two that exclude each other, for statements that scan: an attribute is looked for on the span and, only
 * where that has none, on the resource. As one condition this reads both maps of every row that an index lets through; apart,
 * the indexes of the resource's map usually leave nothing to read for the second.
 */
export function filterBranches(clauses: readonly Clause[], bindings: Bindings): readonly string[] {
  const index = clauses.findIndex(
    ({ field, operator, from }) => field === 'attribute' && operator === '=' && from === undefined,
  );
  const clause = clauses[index];
  if (clause === undefined) return [filterCondition(clauses, bindings)];
  const others = clauses.filter((_, position) => position !== index);
  const onSpan: Clause = { ...clause, from: 'span' };
  const onResource: Clause = { ...clause, from: 'resource' };
  const notOnSpan: Clause = { ...clause, from: 'span', operator: 'not-exists', value: '' };
  return [
    filterCondition([onSpan, ...others], bindings),
    filterCondition([onResource, notOnSpan, ...others], bindings),
  ];
}

function clauseCondition(clause: Clause, bindings: Bindings): string {
  switch (clause.field) {
    case 'service':
      return textCondition('ServiceName', clause, bindings);
    case 'name':
      return textCondition('SpanName', clause, bindings);
    case 'scope':
      return textCondition('ScopeName', clause, bindings);
    case 'kind':
      return namedCondition('SpanKind', clause, bindings, (value) => storedKinds(value as SpanKindName));
    case 'status':
      return namedCondition('StatusCode', clause, bindings, (value) => storedStatuses(value as StatusName));
    case 'duration':
      return `Duration ${clause.operator} ${bindings.bind('UInt64', parseDuration(clause.value) ?? 0)}`;
    case 'trace':
      return textCondition('TraceId', { ...clause, value: paddedTraceId(clause) }, bindings);
    case 'span':
      return textCondition(
        'SpanId',
        isPattern(clause) ? clause : { ...clause, value: clause.value.toLowerCase() },
        bindings,
      );
    case 'text': {
      const found = `positionCaseInsensitiveUTF8(SpanName, ${bindings.bind('String', clause.value)}) > 0`;
      return clause.operator === 'not-contains' ? `NOT ${found}` : found;
    }
    case 'attribute':
      return attributeCondition(clause, bindings);
  }
}

function isPattern(clause: Clause): boolean {
  return clause.operator === '=~' || clause.operator === '!~';
}

function paddedTraceId(clause: Clause): string {
  return isPattern(clause) ? clause.value : clause.value.toLowerCase().padStart(32, '0');
}

function textCondition(column: string, clause: Clause, bindings: Bindings): string {
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

/** Kinds and statuses are compared by the names of the filter language, in which they are lower case. */
function namedCondition(
  column: string,
  clause: Clause,
  bindings: Bindings,
  stored: (value: string) => readonly string[],
): string {
  if (isPattern(clause)) {
    const plain = `replaceRegexpOne(lower(${column}), '^(span_kind_|status_code_)', '')`;
    return textCondition(plain, clause, bindings);
  }
  const names = bindings.bind('Array(String)', stored(clause.value.toLowerCase()));
  return `${column} ${clause.operator === '!=' ? 'NOT IN' : 'IN'} ${names}`;
}

const OPPOSITES = { '!=': '=', '!~': '=~', 'not-exists': 'exists' } as const;

function attributeCondition(clause: Clause, bindings: Bindings): string {
  const { operator } = clause;
  if (operator === '!=' || operator === '!~' || operator === 'not-exists') {
    return `NOT (${attributeCondition({ ...clause, operator: OPPOSITES[operator] }, bindings)})`;
  }
  const keys = namesOf(clause.key ?? '').map((name) => bindings.bind('String', name));
  const has = (map: string) => keys.map((key) => `mapContains(${map}, ${key})`).join(' OR ');
  if (operator === 'exists') {
    if (clause.from === 'span') return has('SpanAttributes');
    if (clause.from === 'resource') return has('ResourceAttributes');
    return `${has('SpanAttributes')} OR ${has('ResourceAttributes')}`;
  }
  const holds = (map: string) => keys.map((key) => valueCondition(map, key, clause, bindings)).join(' OR ');
  if (clause.from === 'span') return holds('SpanAttributes');
  if (clause.from === 'resource') return holds('ResourceAttributes');
  // The resource is asked only where the span says nothing under any of the names.
  return `${holds('SpanAttributes')} OR (NOT (${has('SpanAttributes')}) AND (${holds('ResourceAttributes')}))`;
}

function valueCondition(map: string, key: string, clause: Clause, bindings: Bindings): string {
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
