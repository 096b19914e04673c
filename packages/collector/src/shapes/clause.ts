/*
 * What the filter languages for spans and for log records share: how one clause is written. `filter.ts` and `log-filter.ts` say which
 * words there are and how clauses are joined.
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

export interface ClauseOf<Field extends string, From extends string> {
  /** `text` for free words. */
  readonly field: Field | 'attribute' | 'text';
  /** For `attribute`: the key without its prefix. */
  readonly key?: string;
  readonly from?: From;
  readonly operator: FilterOperator;
  /** As written, unquoted. Durations carry their unit (`250ms`). Empty for exists. */
  readonly value: string;
  /** Where the clause stands in the text, for chips and errors. */
  readonly start: number;
  readonly end: number;
}

/** The words of a language. */
export interface Vocabulary<Field extends string, From extends string> {
  /** Of what the clauses speak, for sentences: `span`. */
  readonly thing: string;
  /** The words that are not attributes. */
  readonly fields: readonly Field[];
  /** Where an attribute may be, as it stands before its key and a point. */
  readonly places: readonly From[];
  /** What is wrong with a value for its field, as a sentence; `undefined` when nothing is. Regular expressions are left to the engine. */
  readonly problemWith: (
    field: Field | 'attribute' | 'text',
    operator: FilterOperator,
    value: string,
  ) => string | undefined;
}

export class FilterProblem extends Error {
  readonly position: number;
  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

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

const OPERATOR = /^(?:=~|!~|!=|>=|<=|=|>|<)/;
const SPACE = /\s/;
const JOINING = /^(?:and|or|not)$/i;

/** Reads one clause. `inGroup`: a parenthesis that closes what the clause did not open ends its word. Throws `FilterProblem`. */
export function readClause<Field extends string, From extends string>(
  text: string,
  start: number,
  vocabulary: Vocabulary<Field, From>,
  inGroup = false,
): ClauseOf<Field, From> {
  const negated = text[start] === '-';
  let at = negated ? start + 1 : start;
  if (negated && (at >= text.length || SPACE.test(text[at]!))) {
    throw new FilterProblem('A clause is missing after "-"; to search for the sign, write "-".', start);
  }
  const keyStart = at;
  const from = vocabulary.places.find((place) => text.startsWith(`${place}."`, keyStart));
  if (from !== undefined) at += from.length + 1;
  const quoted = text[at] === '"';
  let key: string;
  if (quoted) {
    const read = readQuoted(text, at);
    key = read.value;
    at = read.end;
  } else {
    const wordStart = at;
    at = endOfWord(text, at, inGroup, (place) => operatorAt(text, place) !== undefined);
    key = text.slice(wordStart, at);
  }

  const operatorStart = skipSpace(text, at);
  const written = operatorAt(text, operatorStart);
  if (written === undefined) {
    const marked = quoted ? text[at] === '?' : key.endsWith('?') && key.length > 1;
    if (marked) {
      const end = quoted ? at + 1 : at;
      requireBreak(text, end, inGroup);
      const operator = negated ? 'not-exists' : 'exists';
      const subject = subjectOf(quoted ? key : key.slice(0, -1), quoted, from, keyStart, vocabulary);
      if (subject.field !== 'attribute') {
        throw new FilterProblem(
          `Every ${vocabulary.thing} has a ${subject.field}; only attributes can be asked for with "?".`,
          keyStart,
        );
      }
      return { ...subject, operator, value: '', start, end };
    }
    if (from !== undefined) throw new FilterProblem('An operator is missing after this key.', at);
    if (quoted) requireBreak(text, at, inGroup);
    return { field: 'text', operator: negated ? 'not-contains' : 'contains', value: key, start, end: at };
  }
  if (key === '' && !quoted) throw new FilterProblem(`A key is missing before "${written}".`, operatorStart);

  const subject = subjectOf(key, quoted, from, keyStart, vocabulary);
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
    requireBreak(text, end, inGroup);
  } else {
    end = endOfWord(text, valueStart, inGroup);
    value = text.slice(valueStart, end);
  }
  const operator = negated ? OPPOSITE[written] : written;
  const problem = vocabulary.problemWith(subject.field, operator, value);
  if (problem !== undefined) throw new FilterProblem(problem, valueStart);
  return { ...subject, operator, value, start, end };
}

function subjectOf<Field extends string, From extends string>(
  key: string,
  quoted: boolean,
  from: From | undefined,
  position: number,
  { fields, places }: Vocabulary<Field, From>,
): { readonly field: Field | 'attribute'; readonly key?: string; readonly from?: From } {
  if (from !== undefined) return { field: 'attribute', key, from };
  if (quoted) return { field: 'attribute', key };
  const field = fields.find((word) => word === key);
  if (field !== undefined) return { field };
  const place = places.find((word) => key.startsWith(`${word}.`));
  if (place === undefined) return { field: 'attribute', key };
  const rest = key.slice(place.length + 1);
  if (rest === '') throw new FilterProblem(`The name of an attribute is missing after "${place}.".`, position);
  return { field: 'attribute', key: rest, from: place };
}

function endOfWord(text: string, start: number, inGroup: boolean, stopsAt?: (place: number) => boolean): number {
  let opened = 0;
  let at = start;
  for (; at < text.length && !SPACE.test(text[at]!) && stopsAt?.(at) !== true; at++) {
    if (!inGroup) continue;
    if (text[at] === '(') opened++;
    else if (text[at] === ')' && opened-- === 0) break;
  }
  return at;
}

export function isNumber(value: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value) && Number.isFinite(Number(value));
}

export function isSized(operator: FilterOperator): boolean {
  return operator === '>' || operator === '>=' || operator === '<' || operator === '<=';
}

export function isPattern(operator: FilterOperator): boolean {
  return operator === '=~' || operator === '!~';
}

export function operatorAt(text: string, at: number): FilterOperator | undefined {
  const char = text[at];
  if (char !== '=' && char !== '!' && char !== '>' && char !== '<') return undefined;
  return OPERATOR.exec(text.slice(at, at + 2))?.[0] as FilterOperator | undefined;
}

export function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && SPACE.test(text[at]!)) at++;
  return at;
}

function requireBreak(text: string, at: number, inGroup: boolean): void {
  if (at < text.length && !SPACE.test(text[at]!) && !(inGroup && text[at] === ')'))
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

/** A clause as text that reads back as the same clause; `start` and `end` are not looked at. */
export function formatClauseOf<Field extends string, From extends string>(
  clause: Omit<ClauseOf<Field, From>, 'start' | 'end'>,
  vocabulary: Pick<Vocabulary<Field, From>, 'fields' | 'places'>,
): string {
  if (clause.field === 'text') {
    return `${clause.operator === 'not-contains' ? '-' : ''}${isPlainText(clause.value) ? clause.value : quote(clause.value)}`;
  }
  const subject = clause.field === 'attribute' ? formatKey(clause.key ?? '', clause.from, vocabulary) : clause.field;
  if (clause.operator === 'exists') return `${subject}?`;
  if (clause.operator === 'not-exists') return `-${subject}?`;
  return `${subject}${clause.operator}${isPlainValue(clause.value) ? clause.value : quote(clause.value)}`;
}

function formatKey<Field extends string, From extends string>(
  key: string,
  from: From | undefined,
  { fields, places }: Pick<Vocabulary<Field, From>, 'fields' | 'places'>,
): string {
  const safe = /^[\p{L}\p{N}_.:/@-]+$/u.test(key) && !key.startsWith('-') && !JOINING.test(key);
  if (from !== undefined) return safe ? `${from}.${key}` : `${from}.${quote(key)}`;
  const taken = (fields as readonly string[]).includes(key) || places.some((place) => key.startsWith(`${place}.`));
  return safe && !taken ? key : quote(key);
}

function isPlainText(value: string): boolean {
  return /^[\p{L}\p{N}_./:@-]+$/u.test(value) && !value.startsWith('-') && !JOINING.test(value);
}

function isPlainValue(value: string): boolean {
  // After an operator a value may start with anything but what would lengthen the operator or open a quotation.
  return /^[^\s"=~()][^\s"()]*$/.test(value);
}

function quote(value: string): string {
  return `"${value.replace(/[\\"\n\t]/g, (char) => (char === '\n' ? '\\n' : char === '\t' ? '\\t' : `\\${char}`))}"`;
}
