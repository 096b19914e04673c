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
 * The filter language of the logs view and of `q` of `/api/v1/logs`. Clauses are written as in the search for traces (filter.ts); beside it there are
 * `or`, `not` and parentheses:
 *
 *   declined                     "card declined" timeout*        words of the text
 *   service=payment severity>=warn (http.route="/pay" or event=card.retried) -user.id?
 *
 * - A bare word is found where the record's text (its body and the name of its event) has it as a whole word, in any case. A word ends where
 *   something stands that is neither a letter nor a digit; of `order-17` these are two words that follow each other, as in the quoted
 *   `"order 17"`, but with exactly that sign between them. `*` at an end stands for the rest of a word: `time*`, `*out`, `*eou*`.
 * - Side by side and `and` mean that both must be true; `or` binds weaker, `not` (or `-` before a clause) stronger.
 * - Fields: service severity event trace span scope body; everything else is an attribute of the record or, where that has none of that key, of its
 *   resource; `log.` and `resource.` choose one.
 * - `severity` is compared by its range: `severity=error` is 17 to 20, `severity>=warn` 13 and above; a number means itself. A record that says none
 *   (0) is below all. `severity=~` matches what the program calls it.
 * - `body` is the whole text of the body, case kept: `body=~"took [0-9]{4,} ms"`.
 */

const LOG_FILTER_FIELDS = ['service', 'severity', 'event', 'trace', 'span', 'scope', 'body'] as const;
type LogField = (typeof LOG_FILTER_FIELDS)[number];
export type LogClause = ClauseOf<LogField, 'log' | 'resource'>;

/** The least number of each range of severities, as the data model of logs names them. */
export const SEVERITY_NUMBERS = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;
export type SeverityName = keyof typeof SEVERITY_NUMBERS;
export const SEVERITY_NAMES = Object.keys(SEVERITY_NUMBERS) as readonly SeverityName[];

export type LogExpression =
  | { readonly kind: 'clause'; readonly clause: LogClause }
  | { readonly kind: 'not'; readonly of: LogExpression }
  /** `and` of none is true. */
  | { readonly kind: 'and' | 'or'; readonly parts: readonly LogExpression[] };

export type ParsedLogFilter =
  | { readonly ok: true; readonly expression: LogExpression; readonly clauses: readonly LogClause[] }
  | { readonly ok: false; readonly message: string; readonly position: number };

/** A statement for the engine has its limits, and a person who types does not reach these. */
const MOST_CLAUSES = 100;
const DEEPEST = 20;

const VOCABULARY: Vocabulary<LogField, 'log' | 'resource'> = {
  thing: 'record',
  fields: LOG_FILTER_FIELDS,
  places: ['log', 'resource'],
  problemWith,
};

/** The numbers that a severity of the language stands for, both ends included; `undefined` when it is none. */
export function severityRange(value: string): { readonly least: number; readonly most: number } | undefined {
  const name = SEVERITY_NAMES.find((word) => word === value.toLowerCase());
  if (name !== undefined) return { least: SEVERITY_NUMBERS[name], most: SEVERITY_NUMBERS[name] + 3 };
  return /^\d{1,2}$/.test(value) && Number(value) <= 24 ? { least: Number(value), most: Number(value) } : undefined;
}

/** Reads a filter. Never throws; a problem has a sentence for the person who typed it and the offset (UTF-16) where it stands. */
export function parseLogFilter(text: string): ParsedLogFilter {
  const clauses: LogClause[] = [];
  let at = 0;
  let depth = 0;

  function either(): LogExpression {
    const parts = [both()];
    while (joining() === 'or') {
      at = skipSpace(text, at) + wordLength();
      parts.push(both());
    }
    return parts.length === 1 ? parts[0]! : { kind: 'or', parts };
  }

  function both(): LogExpression {
    const parts: LogExpression[] = [];
    for (;;) {
      const joined = parts.length > 0 && joining() === 'and';
      if (joined) at = skipSpace(text, at) + wordLength();
      at = skipSpace(text, at);
      const word = joining();
      if (at >= text.length || text[at] === ')' || word === 'or' || word === 'and') {
        if (parts.length > 0 && !joined) break;
        throw new FilterProblem('A clause is missing here; to search for a word that joins clauses, quote it.', at);
      }
      parts.push(one());
    }
    return parts.length === 1 ? parts[0]! : { kind: 'and', parts };
  }

  function one(): LogExpression {
    at = skipSpace(text, at);
    const negated = joining() === 'not' ? wordLength() : text.startsWith('-(', at) ? 1 : 0;
    if (negated > 0) {
      enter();
      at += negated;
      if (skipSpace(text, at) >= text.length) throw new FilterProblem('A clause is missing after "not".', at);
      const of = one();
      depth--;
      return { kind: 'not', of };
    }
    if (text[at] === '(') {
      const opened = at++;
      enter();
      groups++;
      const inside = either();
      at = skipSpace(text, at);
      if (text[at] !== ')') throw new FilterProblem('This parenthesis is never closed.', opened);
      at++;
      groups--;
      depth--;
      return inside;
    }
    const clause = readClause(text, at, VOCABULARY, groups > 0);
    if (clause.end === at) throw new FilterProblem('A clause is missing here.', at);
    if (clauses.push(clause) > MOST_CLAUSES)
      throw new FilterProblem(`A filter has at most ${MOST_CLAUSES} clauses.`, at);
    const problem = clause.field === 'text' ? wordProblem(clause.value) : undefined;
    if (problem !== undefined) throw new FilterProblem(problem, at);
    at = clause.end;
    return { kind: 'clause', clause };
  }

  let groups = 0;
  function enter(): void {
    if (++depth > DEEPEST) throw new FilterProblem(`A filter is at most ${DEEPEST} levels deep.`, at);
  }

  /** What joins clauses and stands here, unless it is the key of a clause (`or=1`). */
  function joining(): 'and' | 'or' | 'not' | undefined {
    const start = skipSpace(text, at);
    const word = /^(and|or|not|&&|\|\|)(?=[\s()]|$)/i.exec(text.slice(start, start + 4))?.[1]?.toLowerCase();
    if (word === undefined || operatorAt(text, skipSpace(text, start + word.length)) !== undefined) return undefined;
    return word === '&&' ? 'and' : word === '||' ? 'or' : (word as 'and' | 'or' | 'not');
  }
  function wordLength(): number {
    return /^(?:and|or|not|&&|\|\|)/i.exec(text.slice(skipSpace(text, at)))?.[0].length ?? 0;
  }

  try {
    if (skipSpace(text, 0) >= text.length) return { ok: true, expression: { kind: 'and', parts: [] }, clauses };
    const expression = either();
    at = skipSpace(text, at);
    if (at < text.length) throw new FilterProblem('This parenthesis was never opened; to search for it, quote it.', at);
    return { ok: true, expression, clauses };
  } catch (problem) {
    if (problem instanceof FilterProblem) return { ok: false, message: problem.message, position: problem.position };
    throw problem;
  }
}

function wordProblem(value: string): string | undefined {
  return /^\**$/.test(value) ? 'A word is missing here.' : undefined;
}

function problemWith(field: LogClause['field'], operator: FilterOperator, value: string): string | undefined {
  const sized = isSized(operator);
  if (field === 'attribute') {
    return sized && !isNumber(value) ? `"${operator}" compares numbers, and this is not one.` : undefined;
  }
  if (field === 'severity') {
    return isPattern(operator) || severityRange(value) !== undefined
      ? undefined
      : `A severity is one of ${SEVERITY_NAMES.join(', ')}, or a number from 0 to 24.`;
  }
  if (sized) return `"${operator}" compares numbers and severities; use = != =~ or !~ for ${field}.`;
  if (isPattern(operator)) return undefined;
  if (field === 'trace' && !/^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i.test(value)) {
    return 'A trace id has 32 hexadecimal digits (16 for older senders).';
  }
  if (field === 'span' && !/^[0-9a-f]{16}$/i.test(value)) return 'A span id has 16 hexadecimal digits.';
  return undefined;
}

/** A clause as text that reads back as the same clause. */
export function formatLogClause(clause: Omit<LogClause, 'start' | 'end'>): string {
  return formatClauseOf(clause, VOCABULARY);
}
