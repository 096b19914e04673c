import type { SqlSchemaAnswer } from '#shapes/api.js';

export interface SqlSuggestion {
  readonly text: string;
  /** What stands beside it: `table`, `function`, a column's type. */
  readonly kind: string;
}

export interface SqlDraft {
  /** What has been typed of the word at the caret. */
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

const KEYWORDS = [
  ...[
    'SELECT',
    'FROM',
    'WHERE',
    'GROUP BY',
    'ORDER BY',
    'HAVING',
    'LIMIT',
    'WITH',
    'AS',
    'AND',
    'OR',
    'NOT',
    'IN',
    'LIKE',
  ],
  ...[
    'ILIKE',
    'BETWEEN',
    'JOIN',
    'LEFT JOIN',
    'ON',
    'USING',
    'UNION ALL',
    'DISTINCT',
    'DESC',
    'ASC',
    'ARRAY JOIN',
    'PREWHERE',
  ],
  ...['{start:DateTime64(9)}', '{end:DateTime64(9)}'],
];
const MOST = 12;

/** The word that the caret stands behind; `undefined` within a text. */
export function sqlDraft(sql: string, caret: number): SqlDraft | undefined {
  const before = sql.slice(0, caret);
  if ((before.replace(/\\./g, '').match(/'/g) ?? []).length % 2 === 1) return undefined;
  const word = /[{\p{L}_][\p{L}\p{N}_.{]*$/u.exec(before)?.[0] ?? '';
  return { word, start: caret - word.length, end: caret };
}

/** What may follow, best first: columns (of the tables that the statement names, where it names some), tables, functions, keywords. */
export function sqlSuggestions(
  sql: string,
  draft: SqlDraft,
  schema: SqlSchemaAnswer | undefined,
): readonly SqlSuggestion[] {
  if (draft.word === '') return [];
  const named = schema?.tables.filter(({ name }) => new RegExp(`\\b${name}\\b`).test(sql)) ?? [];
  const expectsTable = /\b(?:FROM|JOIN)\s+$/i.test(sql.slice(0, draft.start));
  const tables = (schema?.tables ?? []).map(({ name }) => ({ text: name, kind: 'table' }));
  const columns = (named.length > 0 ? named : (schema?.tables ?? [])).flatMap((table) =>
    table.columns.map(({ name, type }) => ({ text: name.includes('.') ? `\`${name}\`` : name, kind: type })),
  );
  const all: readonly SqlSuggestion[] = expectsTable
    ? tables
    : [
        ...columns,
        ...tables,
        ...KEYWORDS.map((text) => ({ text, kind: '' })),
        ...(schema?.functions ?? []).map((name) => ({ text: `${name}(`, kind: 'function' })),
      ];
  const typed = draft.word.toLowerCase();
  const plain = (text: string): string => text.replace(/^`/, '').toLowerCase();
  const seen = new Set<string>();
  const once = (one: SqlSuggestion): boolean => !seen.has(one.text) && seen.add(one.text) !== undefined;
  const begins = all.filter(({ text }) => plain(text).startsWith(typed) && plain(text) !== typed);
  const holds =
    typed.length < 3 ? [] : all.filter(({ text }) => plain(text).includes(typed) && !plain(text).startsWith(typed));
  return [...begins, ...holds].filter(once).slice(0, MOST);
}
