import { isPattern } from '../shapes/clause.js';
import {
  type LogClause,
  type LogExpression,
  type ParsedLogFilter,
  parseLogFilter,
  severityRange,
} from '../shapes/log-filter.js';
import { type AttributePlaces, attributeCondition, columnCondition, patternCheck } from './attribute-conditions.js';
import type { Bindings } from './bindings.js';
import { textCondition } from './log-text.js';
import { QueryProblem } from './query-problem.js';

export type LogFilter = Extract<ParsedLogFilter, { readonly ok: true }>;

/** Reads the text of a filter; throws `QueryProblem` with the position of the mistake. */
export function readLogFilter(text: string): LogFilter {
  const parsed = parseLogFilter(text);
  if (parsed.ok) return parsed;
  throw new QueryProblem('bad-filter', parsed.message, { position: parsed.position });
}

/** A condition on one row of `otel_logs` that is true where the filter is. Never NULL, so that NOT is exact. */
export function logFilterCondition({ expression, clauses }: LogFilter, bindings: Bindings): string {
  const checks = clauses
    .filter(({ operator }) => isPattern(operator))
    .map(({ value }) => patternCheck(value, bindings));
  return [expressionCondition(expression, bindings), ...checks].join(' AND ');
}

function expressionCondition(expression: LogExpression, bindings: Bindings): string {
  switch (expression.kind) {
    case 'clause':
      return `(${clauseCondition(expression.clause, bindings)})`;
    case 'not':
      return `NOT (${expressionCondition(expression.of, bindings)})`;
    default: {
      if (expression.parts.length === 0) return '1';
      const parts = expression.parts.map((part) => expressionCondition(part, bindings));
      return `(${parts.join(expression.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
  }
}

const PLACES: AttributePlaces<'log' | 'resource'> = [
  ['log', 'LogAttributes'],
  ['resource', 'ResourceAttributes'],
];

function clauseCondition(clause: LogClause, bindings: Bindings): string {
  switch (clause.field) {
    case 'service':
      return columnCondition('ServiceName', clause, bindings);
    case 'event':
      return columnCondition('EventName', clause, bindings);
    case 'scope':
      return columnCondition('ScopeName', clause, bindings);
    case 'body':
      return columnCondition('Body', clause, bindings);
    case 'trace':
      return columnCondition('TraceId', lowered(clause, 32), bindings);
    case 'span':
      return columnCondition('SpanId', lowered(clause, 16), bindings);
    case 'severity':
      return severityCondition(clause, bindings);
    case 'text': {
      const found = textCondition(clause.value, bindings);
      return clause.operator === 'not-contains' ? `NOT (${found})` : found;
    }
    case 'attribute':
      return attributeCondition(clause, PLACES, bindings);
  }
}

function lowered(clause: LogClause, digits: number): LogClause {
  return isPattern(clause.operator) ? clause : { ...clause, value: clause.value.toLowerCase().padStart(digits, '0') };
}

function severityCondition(clause: LogClause, bindings: Bindings): string {
  if (isPattern(clause.operator)) return columnCondition('SeverityText', clause, bindings);
  const { least, most } = severityRange(clause.value) ?? { least: 0, most: 24 };
  switch (clause.operator) {
    case '>=':
      return `SeverityNumber >= ${least}`;
    case '>':
      return `SeverityNumber > ${most}`;
    case '<':
      return `SeverityNumber < ${least}`;
    case '<=':
      return `SeverityNumber <= ${most}`;
    case '!=':
      return `SeverityNumber NOT BETWEEN ${least} AND ${most}`;
    default:
      return `SeverityNumber BETWEEN ${least} AND ${most}`;
  }
}
