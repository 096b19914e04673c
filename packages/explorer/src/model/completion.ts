import { FILTER_FIELDS, formatClause, SPAN_KINDS, STATUSES } from '#shapes/filter.js';

/*
 * What the query bar offers for the clause being typed. First a key (with the number of spans that have it), then, after an operator,
 * a value (with the number of spans that carry it). Each suggestion says what the draft becomes.
 */

export type Draft =
  | { readonly stage: 'key'; readonly prefix: string; readonly negated: boolean }
  | {
      readonly stage: 'value';
      readonly key: string;
      readonly operator: string;
      readonly prefix: string;
      readonly negated: boolean;
    };

export interface Suggestion {
  readonly label: string;
  /** What the draft becomes when this is chosen. */
  readonly text: string;
  /** The clause is whole: it becomes a chip at once. */
  readonly complete: boolean;
  readonly note: string;
  readonly count?: number;
}

export function readDraft(text: string): Draft {
  const negated = text.startsWith('-');
  const body = negated ? text.slice(1) : text;
  const match = /^\s*("(?:[^"\\]|\\.)*"|[^\s=!<>~"]+)\s*(=~|!~|!=|>=|<=|=|>|<)\s*(.*)$/su.exec(body);
  if (match === null) return { stage: 'key', prefix: body.trim(), negated };
  const key = match[1]!.startsWith('"') ? match[1]!.slice(1, -1) : match[1]!;
  return { stage: 'value', key, operator: match[2]!, prefix: match[3]!.replace(/^"|"$/g, ''), negated };
}

const FIELD_NOTES: Readonly<Record<(typeof FILTER_FIELDS)[number], string>> = {
  service: 'the program',
  name: 'of the span',
  kind: 'server, client, internal …',
  status: 'error, ok, unset',
  duration: 'of the span, with its unit',
  trace: 'id',
  span: 'id',
  scope: 'the instrumentation',
};

export interface KnownKey {
  readonly key: string;
  readonly scope: 'span' | 'resource' | 'field';
  readonly count: number;
}
export interface KnownValue {
  readonly value: string;
  readonly count: number;
}

const LIMIT = 40;

export function keySuggestions(draft: Draft & { stage: 'key' }, keys: readonly KnownKey[]): Suggestion[] {
  const sign = draft.negated ? '-' : '';
  const prefix = draft.prefix.toLowerCase();
  const counts = new Map(keys.filter((key) => key.scope === 'field').map((key) => [key.key, key.count]));
  const fields: Suggestion[] = FILTER_FIELDS.filter((field) => field.startsWith(prefix)).map((field) => ({
    label: field,
    text: `${sign}${field}${field === 'duration' ? '>' : '='}`,
    complete: false,
    note: FIELD_NOTES[field],
    ...(counts.has(field) && { count: counts.get(field)! }),
  }));
  const attributes: Suggestion[] = keys
    .filter((key) => key.scope !== 'field' && key.key.toLowerCase().includes(prefix))
    .sort((a, b) => rank(a.key, prefix) - rank(b.key, prefix) || b.count - a.count)
    .map((key) => ({
      label: key.key,
      text: `${sign}${formatClause({ field: 'attribute', key: key.key, operator: 'exists', value: '' }).slice(0, -1)}=`,
      complete: false,
      note: key.scope === 'resource' ? 'of the resource' : '',
      count: key.count,
    }));
  const free: Suggestion[] =
    prefix === ''
      ? []
      : [
          {
            label: draft.prefix,
            text: formatClause({
              field: 'text',
              operator: draft.negated ? 'not-contains' : 'contains',
              value: draft.prefix,
            }),
            complete: true,
            note: draft.negated ? 'names without this' : 'names with this',
          },
        ];
  const exact = fields.length + attributes.length > 0 && prefix !== '';
  return (exact ? [...fields, ...attributes, ...free] : [...free, ...fields, ...attributes]).slice(0, LIMIT);
}

const rank = (key: string, prefix: string): number => (key.toLowerCase().startsWith(prefix) ? 0 : 1);

export function valueSuggestions(draft: Draft & { stage: 'value' }, values: readonly KnownValue[]): Suggestion[] {
  const prefix = draft.prefix.toLowerCase();
  const offered: readonly KnownValue[] = values.length > 0 ? values : fixedValues(draft.key);
  return offered
    .filter(({ value }) => value.toLowerCase().includes(prefix))
    .slice(0, LIMIT)
    .map(({ value, count }) => ({
      label: value === '' ? '(empty)' : value,
      text: `${draft.negated ? '-' : ''}${clauseText(draft, value)}`,
      complete: true,
      note: '',
      ...(count > 0 && { count }),
    }));
}

function clauseText(draft: Draft & { stage: 'value' }, value: string): string {
  const field = FILTER_FIELDS.find((name) => name === draft.key);
  const operator = draft.operator as '=';
  if (field !== undefined) return formatClause({ field, operator, value });
  const from = /^(span|resource)\.(.+)$/.exec(draft.key);
  if (from === null) return formatClause({ field: 'attribute', key: draft.key, operator, value });
  return formatClause({ field: 'attribute', from: from[1] as 'span', key: from[2]!, operator, value });
}

function fixedValues(key: string): readonly KnownValue[] {
  const of = (values: readonly string[]): KnownValue[] => values.map((value) => ({ value, count: 0 }));
  switch (key) {
    case 'kind':
      return of(SPAN_KINDS.filter((kind) => kind !== 'unspecified'));
    case 'status':
      return of([...STATUSES].reverse());
    case 'duration':
      return of(['10ms', '50ms', '100ms', '250ms', '500ms', '1s', '5s']);
    default:
      return [];
  }
}
