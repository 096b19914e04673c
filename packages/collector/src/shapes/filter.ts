import {
  type ClauseOf,
  type FilterOperator,
  FilterProblem,
  formatClauseOf,
  isNumber,
  isPattern,
  isSized,
  operatorAt,
  readClause,
  skipSpace,
  type Vocabulary,
} from './clause.js';

/*
 * The filter language of the query bar and of `q`:
 *
 *   service=checkout name="POST /cart" status=error duration>250ms http.route=~"^/api" db.system.name!=redis
 *   resource.k8s.pod.name=web-1   http.request.method?   -http.request.method?   free words
 *
 * Clauses stand side by side, which means "and" (a bare `and` between them is skipped). Spaces around an operator are allowed.
 * `key?` means the key exists, `-` before a clause turns it into its opposite. Operators: = != > >= < <= =~ !~.
 * Fields: service name kind status duration trace span scope; everything else is an attribute of the span or, where the
 * span has none of that key, of its resource; `span.` and `resource.` choose one. A bare word or quoted string is free text: it
 * matches a part of the span's name, case folded.
 *
 * Exactly:
 * - `!=` and `!~` match every span that `=` and `=~` do not, so also those without the attribute.
 * - `>` `>=` `<` `<=` compare numbers; an attribute that is missing or not a number matches none of them. So the opposite
 *   of `k>5` is written `k<=5` here (`-k>5` reads as that).
 * - `duration` takes a number with its unit: ns us (or µs) ms s m h.
 * - `=~` finds a match anywhere in the value (anchor it with ^ and $); the syntax is RE2's.
 * - In double quotes \" \\ \n \t are escapes. A quoted key (`"name"=x`) is always an attribute's, so attributes that are called
 *   like a field, or hold spaces, can be asked for. A word that starts with `-` or is `and` must be quoted to be free text.
 */

export type { FilterOperator };

/** The words that are not attributes. */
export const FILTER_FIELDS = ['service', 'name', 'kind', 'status', 'duration', 'trace', 'span', 'scope'] as const;
export const SPAN_KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
export const STATUSES = ['unset', 'ok', 'error'] as const;

export type Clause = ClauseOf<(typeof FILTER_FIELDS)[number], 'span' | 'resource'>;

export type ParsedFilter =
  | { readonly ok: true; readonly clauses: readonly Clause[] }
  | { readonly ok: false; readonly message: string; readonly position: number };

const VOCABULARY: Vocabulary<(typeof FILTER_FIELDS)[number], 'span' | 'resource'> = {
  thing: 'span',
  fields: FILTER_FIELDS,
  places: ['span', 'resource'],
  problemWith,
};

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** `250ms`, `1.5s`, `800us`, `1m30s` in nanoseconds, rounded to whole ones; `undefined` when it is not a duration or exceeds 2^53 ns. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g)) {
    sum += Number(amount) * NANOSECONDS[unit!]!;
  }
  const whole = Math.round(sum);
  return Number.isSafeInteger(whole) ? whole : undefined;
}

/** Reads a filter. Never throws; a problem has a sentence for the person who typed it and the offset (UTF-16) where it stands. */
export function parseFilter(text: string): ParsedFilter {
  const clauses: Clause[] = [];
  let at = 0;
  try {
    for (;;) {
      at = skipSpace(text, at);
      if (at >= text.length) return { ok: true, clauses };
      const joined = /^(and|or|not|&&|\|\|)(?=\s|$)/i.exec(text.slice(at));
      if (joined !== null && operatorAt(text, skipSpace(text, at + joined[0].length)) === undefined) {
        const word = joined[0].toLowerCase();
        if (word !== 'and' && word !== '&&') {
          throw new FilterProblem(
            word === 'not'
              ? 'Write - before a clause to negate it; to search for the word, write "not".'
              : 'Every clause must match; there is no "or" here. For several values use key=~"a|b"; to search for the word, write "or".',
            at,
          );
        }
        at += joined[0].length;
        continue;
      }
      const clause = readClause(text, at, VOCABULARY);
      clauses.push(clause);
      at = clause.end;
    }
  } catch (problem) {
    if (problem instanceof FilterProblem) return { ok: false, message: problem.message, position: problem.position };
    throw problem;
  }
}

/** What is wrong with a value for its field, as a sentence; `undefined` when nothing is. Regular expressions are left to the engine. */
function problemWith(field: Clause['field'], operator: FilterOperator, value: string): string | undefined {
  const sized = isSized(operator);
  const pattern = isPattern(operator);
  switch (field) {
    case 'duration':
      if (pattern) return 'A duration is compared with = != > >= < <=, not with a pattern.';
      return parseDuration(value) === undefined
        ? 'A duration needs a number and its unit, as in 250ms, 1.5s, 2m or 800us.'
        : undefined;
    case 'attribute':
      return sized && !isNumber(value) ? `"${operator}" compares numbers, and this is not one.` : undefined;
    default:
      if (sized) return `"${operator}" compares numbers; use = != =~ or !~ for ${field}.`;
  }
  if (pattern) return undefined;
  if (field === 'kind' && !(SPAN_KINDS as readonly string[]).includes(value.toLowerCase())) {
    return `A kind is one of ${SPAN_KINDS.join(', ')}.`;
  }
  if (field === 'status' && !(STATUSES as readonly string[]).includes(value.toLowerCase())) {
    return `A status is one of ${STATUSES.join(', ')}.`;
  }
  if (field === 'trace' && !/^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i.test(value)) {
    return 'A trace id has 32 hexadecimal digits (16 for older senders).';
  }
  if (field === 'span' && !/^[0-9a-f]{16}$/i.test(value)) return 'A span id has 16 hexadecimal digits.';
  return undefined;
}

/** The clauses as text that reads back as the same clauses; `start` and `end` are not looked at. */
export function formatFilter(clauses: readonly Omit<Clause, 'start' | 'end'>[]): string {
  return clauses.map(formatClause).join(' ');
}

export function formatClause(clause: Omit<Clause, 'start' | 'end'>): string {
  return formatClauseOf(clause, VOCABULARY);
}
