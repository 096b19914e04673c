import { type Clause, formatClause, formatFilter, parseFilter } from '#shapes/filter.js';

export type NewClause = Omit<Clause, 'start' | 'end'>;
export type { Clause };
export { formatClause, parseFilter };

/** The clauses of a filter; none while it does not read. */
export function clausesOf(filter: string): readonly Clause[] {
  const parsed = parseFilter(filter);
  return parsed.ok ? parsed.clauses : [];
}

const sameSubject = (a: NewClause, b: NewClause): boolean =>
  a.field === b.field && a.key === b.key && a.from === b.from;
const sameClause = (a: NewClause, b: NewClause): boolean =>
  sameSubject(a, b) && a.operator === b.operator && a.value === b.value;

/** Adds a clause. An equality replaces another equality of the same key: both could never match. */
export function withClause(filter: string, clause: NewClause): string {
  const clauses = clausesOf(filter);
  if (clauses.some((other) => sameClause(other, clause))) return filter;
  const opposite = clause.operator === '=' ? '!=' : clause.operator === '!=' ? '=' : undefined;
  const kept = clauses.filter((other) => {
    if (!sameSubject(other, clause) || clause.field === 'text') return true;
    if (clause.operator === '=' && other.operator === '=') return false;
    return !(other.operator === opposite && other.value === clause.value);
  });
  return formatFilter([...kept, clause]);
}

function withoutClause(filter: string, clause: NewClause): string {
  return formatFilter(clausesOf(filter).filter((other) => !sameClause(other, clause)));
}

export function hasClause(filter: string, clause: NewClause): boolean {
  return clausesOf(filter).some((other) => sameClause(other, clause));
}

export function toggledClause(filter: string, clause: NewClause): string {
  return hasClause(filter, clause) ? withoutClause(filter, clause) : withClause(filter, clause);
}

/** The service a filter asks for, where it asks for exactly one. */
export function serviceOf(filter: string): string | undefined {
  return clausesOf(filter).find((clause) => clause.field === 'service' && clause.operator === '=')?.value;
}
