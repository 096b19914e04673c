import type { SpanKindName, StatusName } from '../shapes/api.js';
import { isPattern } from '../shapes/clause.js';
import { type Clause, parseDuration, parseFilter } from '../shapes/filter.js';
import { type AttributePlaces, attributeCondition, columnCondition, patternCheck } from './attribute-conditions.js';
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
 */
export function filterCondition(clauses: readonly Clause[], bindings: Bindings): string {
  const conditions = clauses.map((clause) => `(${clauseCondition(clause, bindings)})`);
  for (const { operator, value } of clauses) if (isPattern(operator)) conditions.push(patternCheck(value, bindings));
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
      return columnCondition('ServiceName', clause, bindings);
    case 'name':
      return columnCondition('SpanName', clause, bindings);
    case 'scope':
      return columnCondition('ScopeName', clause, bindings);
    case 'kind':
      return namedCondition('SpanKind', clause, bindings, (value) => storedKinds(value as SpanKindName));
    case 'status':
      return namedCondition('StatusCode', clause, bindings, (value) => storedStatuses(value as StatusName));
    case 'duration':
      return `Duration ${clause.operator} ${bindings.bind('UInt64', parseDuration(clause.value) ?? 0)}`;
    case 'trace':
      return columnCondition('TraceId', { ...clause, value: paddedTraceId(clause) }, bindings);
    case 'span':
      return columnCondition(
        'SpanId',
        isPattern(clause.operator) ? clause : { ...clause, value: clause.value.toLowerCase() },
        bindings,
      );
    case 'text': {
      const found = `positionCaseInsensitiveUTF8(SpanName, ${bindings.bind('String', clause.value)}) > 0`;
      return clause.operator === 'not-contains' ? `NOT ${found}` : found;
    }
    case 'attribute':
      return attributeCondition(clause, PLACES, bindings);
  }
}

const PLACES: AttributePlaces<'span' | 'resource'> = [
  ['span', 'SpanAttributes'],
  ['resource', 'ResourceAttributes'],
];

function paddedTraceId(clause: Clause): string {
  return isPattern(clause.operator) ? clause.value : clause.value.toLowerCase().padStart(32, '0');
}

/** Kinds and statuses are compared by the names of the filter language, in which they are lower case. */
function namedCondition(
  column: string,
  clause: Clause,
  bindings: Bindings,
  stored: (value: string) => readonly string[],
): string {
  if (isPattern(clause.operator)) {
    const plain = `replaceRegexpOne(lower(${column}), '^(span_kind_|status_code_)', '')`;
    return columnCondition(plain, clause, bindings);
  }
  const names = bindings.bind('Array(String)', stored(clause.value.toLowerCase()));
  return `${column} ${clause.operator === '!=' ? 'NOT IN' : 'IN'} ${names}`;
}
