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

export type FilterOperator =
  | '='
  | '!='
  | '>'
  | '>='
  | '<'
  | '<='
  | '=~'
  | '!~'
  | 'exists'
  | 'not-exists'
  | 'contains'
  | 'not-contains';

export interface Clause {
  /** `text` for free words. */
  readonly field:
    | 'service'
    | 'name'
    | 'kind'
    | 'status'
    | 'duration'
    | 'trace'
    | 'span'
    | 'scope'
    | 'attribute'
    | 'text';
  /** For `attribute`: the key without its prefix. */
  readonly key?: string;
  readonly from?: 'span' | 'resource';
  readonly operator: FilterOperator;
  /** As written, unquoted. Durations carry their unit (`250ms`). Empty for exists. */
  readonly value: string;
  /** Where the clause stands in the text, for chips and errors. */
  readonly start: number;
  readonly end: number;
}

export type ParsedFilter =
  | { readonly ok: true; readonly clauses: readonly Clause[] }
  | { readonly ok: false; readonly message: string; readonly position: number };

/** The words that are not attributes. */
export const FILTER_FIELDS = ['service', 'name', 'kind', 'status', 'duration', 'trace', 'span', 'scope'] as const;
export const SPAN_KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
export const STATUSES = ['unset', 'ok', 'error'] as const;

const OPPOSITE: Readonly<Record<FilterOperator, FilterOperator>> = {
  '=': '!=',
  '!=': '=',
  '>': '<=',
  '>=': '<',
  '<': '>=',
  '<=': '>',
  '=~': '!~',
  '!~': '=~',
  exists: 'not-exists',
  'not-exists': 'exists',
  contains: 'not-contains',
  'not-contains': 'contains',
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

class FilterProblem extends Error {
  readonly position: number;
  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

const OPERATOR = /^(?:=~|!~|!=|>=|<=|=|>|<)/;
const SPACE = /\s/;

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
      const clause = readClause(text, at);
      clauses.push(clause);
      at = clause.end;
    }
  } catch (problem) {
    if (problem instanceof FilterProblem) return { ok: false, message: problem.message, position: problem.position };
    throw problem;
  }
}

function readClause(text: string, start: number): Clause {
  const negated = text[start] === '-';
  let at = negated ? start + 1 : start;
  if (negated && (at >= text.length || SPACE.test(text[at]!))) {
    throw new FilterProblem('A clause is missing after "-"; to search for the sign, write "-".', start);
  }
  const keyStart = at;
  const from = /^(?:span|resource)\.(?=")/.exec(text.slice(at))?.[0];
  at += from?.length ?? 0;
  const quoted = text[at] === '"';
  let key: string;
  if (quoted) {
    const read = readQuoted(text, at);
    key = read.value;
    at = read.end;
  } else {
    const wordStart = at;
    while (at < text.length && !SPACE.test(text[at]!) && operatorAt(text, at) === undefined) at++;
    key = text.slice(wordStart, at);
  }

  const operatorStart = skipSpace(text, at);
  const written = operatorAt(text, operatorStart);
  if (written === undefined) {
    const marked = quoted ? text[at] === '?' : key.endsWith('?') && key.length > 1;
    if (marked) {
      const end = quoted ? at + 1 : at;
      requireBreak(text, end);
      const operator = negated ? 'not-exists' : 'exists';
      const subject = subjectOf(quoted ? key : key.slice(0, -1), quoted, from, keyStart);
      if (subject.field !== 'attribute') {
        throw new FilterProblem(
          `Every span has a ${subject.field}; only attributes can be asked for with "?".`,
          keyStart,
        );
      }
      return { ...subject, operator, value: '', start, end };
    }
    if (from !== undefined) throw new FilterProblem('An operator is missing after this key.', at);
    if (quoted) requireBreak(text, at);
    return { field: 'text', operator: negated ? 'not-contains' : 'contains', value: key, start, end: at };
  }
  if (key === '' && !quoted) throw new FilterProblem(`A key is missing before "${written}".`, operatorStart);

  const subject = subjectOf(key, quoted, from, keyStart);
  const valueStart = skipSpace(text, operatorStart + written.length);
  if (valueStart >= text.length) {
    throw new FilterProblem(`A value is missing after "${written}"; an empty value is written "".`, valueStart);
  }
  let value: string;
  let end: number;
  if (text[valueStart] === '"') {
    const read = readQuoted(text, valueStart);
    value = read.value;
    end = read.end;
    requireBreak(text, end);
  } else {
    end = valueStart;
    while (end < text.length && !SPACE.test(text[end]!)) end++;
    value = text.slice(valueStart, end);
  }
  const operator = negated ? OPPOSITE[written] : written;
  const problem = problemWith(subject.field, operator, value);
  if (problem !== undefined) throw new FilterProblem(problem, valueStart);
  return { ...subject, operator, value, start, end };
}

function subjectOf(
  key: string,
  quoted: boolean,
  from: string | undefined,
  position: number,
): Pick<Clause, 'field' | 'key' | 'from'> {
  if (from !== undefined) return { field: 'attribute', key, from: from === 'span.' ? 'span' : 'resource' };
  if (quoted) return { field: 'attribute', key };
  if (isField(key)) return { field: key };
  const prefix = /^(span|resource)\./.exec(key);
  if (prefix === null) return { field: 'attribute', key };
  const rest = key.slice(prefix[0].length);
  if (rest === '') throw new FilterProblem(`The name of an attribute is missing after "${prefix[0]}".`, position);
  return { field: 'attribute', key: rest, from: prefix[1] as 'span' | 'resource' };
}

function isField(word: string): word is (typeof FILTER_FIELDS)[number] {
  return (FILTER_FIELDS as readonly string[]).includes(word);
}

/** What is wrong with a value for its field, as a sentence; `undefined` when nothing is. Regular expressions are left to the engine. */
function problemWith(field: Clause['field'], operator: FilterOperator, value: string): string | undefined {
  const sized = operator === '>' || operator === '>=' || operator === '<' || operator === '<=';
  const pattern = operator === '=~' || operator === '!~';
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

function isNumber(value: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value) && Number.isFinite(Number(value));
}

function operatorAt(text: string, at: number): FilterOperator | undefined {
  const char = text[at];
  if (char !== '=' && char !== '!' && char !== '>' && char !== '<') return undefined;
  return OPERATOR.exec(text.slice(at, at + 2))?.[0] as FilterOperator | undefined;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && SPACE.test(text[at]!)) at++;
  return at;
}

function requireBreak(text: string, at: number): void {
  if (at < text.length && !SPACE.test(text[at]!))
    throw new FilterProblem('A space is missing here, between two clauses.', at);
}

function readQuoted(text: string, start: number): { readonly value: string; readonly end: number } {
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]!;
    if (char === '"') return { value, end: at + 1 };
    if (char !== '\\') {
      value += char;
      continue;
    }
    const next = text[++at];
    if (next === undefined) break;
    // An unknown escape keeps its backslash: patterns are full of them (\d, \.), and doubling each would be a trap.
    value += next === 'n' ? '\n' : next === 't' ? '\t' : next === '"' || next === '\\' ? next : `\\${next}`;
  }
  throw new FilterProblem('This quotation mark is never closed.', start);
}

/** The clauses as text that reads back as the same clauses; `start` and `end` are not looked at. */
export function formatFilter(clauses: readonly Omit<Clause, 'start' | 'end'>[]): string {
  return clauses.map(formatClause).join(' ');
}

export function formatClause(clause: Omit<Clause, 'start' | 'end'>): string {
  if (clause.field === 'text') {
    return `${clause.operator === 'not-contains' ? '-' : ''}${isPlainText(clause.value) ? clause.value : quote(clause.value)}`;
  }
  const subject = clause.field === 'attribute' ? formatKey(clause.key ?? '', clause.from) : clause.field;
  if (clause.operator === 'exists') return `${subject}?`;
  if (clause.operator === 'not-exists') return `-${subject}?`;
  return `${subject}${clause.operator}${isPlainValue(clause.value) ? clause.value : quote(clause.value)}`;
}

function formatKey(key: string, from: 'span' | 'resource' | undefined): string {
  const safe = /^[\p{L}\p{N}_.:/@-]+$/u.test(key) && !key.startsWith('-') && !/^(?:and|or|not)$/i.test(key);
  if (from !== undefined) return safe ? `${from}.${key}` : `${from}.${quote(key)}`;
  return safe && !isField(key) && !/^(?:span|resource)\./.test(key) ? key : quote(key);
}

function isPlainText(value: string): boolean {
  return /^[\p{L}\p{N}_./:@-]+$/u.test(value) && !value.startsWith('-') && !/^(?:and|or|not)$/i.test(value);
}

function isPlainValue(value: string): boolean {
  // After an operator a value may start with anything but what would lengthen the operator or open a quotation.
  return /^[^\s"=~][^\s"]*$/.test(value);
}

function quote(value: string): string {
  return `"${value.replace(/[\\"\n\t]/g, (char) => (char === '\n' ? '\\n' : char === '\t' ? '\\t' : `\\${char}`))}"`;
}
