import type { Attributes, AttributeValue, ResourceDetail, ScopeDetail, SpanDetail } from '#shapes/api.js';
import { type Clause, parseDuration, parseFilter } from '#shapes/filter.js';

export interface SpanInContext {
  readonly span: SpanDetail;
  readonly resource: ResourceDetail;
  readonly scope: ScopeDetail;
  readonly traceId: string;
}

/**
 * Searching inside a trace: the same language as the query bar. Free words look further here than in the collector: into
 * names, services, ids, status messages, event names and attribute values, because one trace is small. What does not read as a filter
 * (somebody is still typing) is searched for as it stands.
 */
export function spanMatcher(text: string): (candidate: SpanInContext) => boolean {
  const parsed = parseFilter(text);
  if (!parsed.ok) {
    const word = text.trim().toLowerCase();
    return (candidate) => mentions(candidate, word);
  }
  const tests = parsed.clauses.map(clauseTest);
  return (candidate) => tests.every((test) => test(candidate));
}

type Test = (candidate: SpanInContext) => boolean;

function clauseTest(clause: Clause): Test {
  switch (clause.operator) {
    case '!=':
      return not(clauseTest({ ...clause, operator: '=' }));
    case '!~':
      return not(clauseTest({ ...clause, operator: '=~' }));
    case 'not-exists':
      return not(clauseTest({ ...clause, operator: 'exists' }));
    case 'not-contains':
      return not(clauseTest({ ...clause, operator: 'contains' }));
    case 'contains': {
      const word = clause.value.toLowerCase();
      return (candidate) => mentions(candidate, word);
    }
    case 'exists':
      return (candidate) => textOf(candidate, clause) !== undefined;
    case '=':
      return equals(clause);
    case '=~': {
      const pattern = compile(clause.value);
      return (candidate) => {
        const value = textOf(candidate, clause);
        return value !== undefined && (pattern?.test(value) ?? false);
      };
    }
    default:
      return compares(clause);
  }
}

const not =
  (test: Test): Test =>
  (candidate) =>
    !test(candidate);

function equals(clause: Clause): Test {
  if (clause.field === 'duration') {
    const nano = parseDuration(clause.value);
    return ({ span }) => span.durationNano === nano;
  }
  const folded =
    clause.field === 'kind' || clause.field === 'status' || clause.field === 'trace' || clause.field === 'span';
  const wanted = folded ? clause.value.toLowerCase() : clause.value;
  return (candidate) => textOf(candidate, clause) === wanted;
}

function compares(clause: Clause): Test {
  const limit = clause.field === 'duration' ? parseDuration(clause.value) : Number(clause.value);
  if (limit === undefined) return () => false;
  return (candidate) => {
    const value = clause.field === 'duration' ? candidate.span.durationNano : Number(textOf(candidate, clause));
    switch (clause.operator) {
      case '>':
        return value > limit;
      case '>=':
        return value >= limit;
      case '<':
        return value < limit;
      default:
        return value <= limit;
    }
  };
}

function textOf({ span, resource, scope, traceId }: SpanInContext, clause: Clause): string | undefined {
  switch (clause.field) {
    case 'service':
      return resource.service;
    case 'name':
      return span.name;
    case 'kind':
      return span.kind;
    case 'status':
      return span.status;
    case 'trace':
      return traceId;
    case 'span':
      return span.spanId;
    case 'scope':
      return scope.name;
    case 'duration':
      return String(span.durationNano);
    default: {
      const key = clause.key ?? '';
      const own = clause.from === 'resource' ? undefined : span.attributes[key];
      const value = own ?? (clause.from === 'span' ? undefined : resource.attributes[key]);
      return value === undefined ? undefined : plainValue(value);
    }
  }
}

/** An attribute's value as text, the way filters and people write it. */
export function plainValue(value: AttributeValue): string {
  if (typeof value === 'string') return value;
  if (value === null || typeof value !== 'object') return String(value);
  const tagged = value as { readonly $int?: string; readonly $double?: string; readonly $bytes?: string };
  return tagged.$int ?? tagged.$double ?? tagged.$bytes ?? JSON.stringify(value);
}

function mentions({ span, resource }: SpanInContext, word: string): boolean {
  if (word === '') return false;
  return (
    span.name.toLowerCase().includes(word) ||
    span.spanId === word ||
    resource.service.toLowerCase().includes(word) ||
    span.statusMessage.toLowerCase().includes(word) ||
    inAttributes(span.attributes, word) ||
    span.events.some((event) => event.name.toLowerCase().includes(word) || inAttributes(event.attributes, word))
  );
}

function inAttributes(attributes: Attributes, word: string): boolean {
  for (const key in attributes) if (plainValue(attributes[key]!).toLowerCase().includes(word)) return true;
  return false;
}

/** RE2's syntax is nearly a part of JavaScript's; what is not, matches nothing. */
function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern.replace(/^\(\?i\)/, ''), pattern.startsWith('(?i)') ? 'iu' : 'u');
  } catch {
    return undefined;
  }
}
