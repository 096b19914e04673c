import { expect, test } from 'vitest';
import { formatLogClause, type LogExpression, parseLogFilter } from './log-filter.js';

/** The expression in a form that shows how it was grouped. */
function shown(expression: LogExpression): string {
  if (expression.kind === 'clause') return formatLogClause(expression.clause);
  if (expression.kind === 'not') return `!${shown(expression.of)}`;
  return `(${expression.parts.map(shown).join(expression.kind === 'and' ? ' & ' : ' | ')})`;
}
function grouped(text: string): string {
  const parsed = parseLogFilter(text);
  return parsed.ok ? shown(parsed.expression) : `${parsed.position}: ${parsed.message}`;
}

test.each([
  ['', '()'],
  ['  ', '()'],
  ['declined', 'declined'],
  ['a b', '(a & b)'],
  ['a and b', '(a & b)'],
  ['a or b c', '(a | (b & c))'],
  ['(a or b) c', '((a | b) & c)'],
  ['not a b', '(!a & b)'],
  ['not (a or b)', '!(a | b)'],
  ['-(a or b)', '!(a | b)'],
  ['not not a', '!!a'],
  ['-a', '-a'],
  ['a || b && c', '(a | (b & c))'],
  [
    'severity>=warn (http.route="/pay" or event=card.retried)',
    '(severity>=warn & (http.route=/pay | event=card.retried))',
  ],
  ['(body=~f(x) or y)', '(body=~"f(x)" | y)'],
  ['((a))', 'a'],
  ['f(x)', '"f(x)"'],
  ['or=1', '"or"=1'],
  ['"and"', '"and"'],
  ['log.a=1 resource."b c"?', '(log.a=1 & resource."b c"?)'],
  ['-user.id?', '-user.id?'],
  ['(user.id?)', 'user.id?'],
])('the log filter %s is read as %s', (text, expected) => {
  expect(grouped(text)).toBe(expected);
});

test.each([
  ['a or', 4],
  ['or a', 0],
  ['and a', 0],
  ['a and', 5],
  ['()', 1],
  ['(a', 0],
  ['a )', 2],
  ['not', 3],
  ['-', 0],
  ['*', 0],
  ['severity>loud', 9],
  ['service>a', 8],
  ['trace=12', 6],
  ['severity?', 0],
  [`${'('.repeat(21)}a${')'.repeat(21)}`, 21],
])('the log filter %s is refused where it goes wrong, at %i', (text, position) => {
  const parsed = parseLogFilter(text);
  expect(parsed).toMatchObject({ ok: false, position });
});

test('a filter of more clauses than a person writes is refused', () => {
  expect(parseLogFilter('a '.repeat(100)).ok).toBe(true);
  expect(parseLogFilter('a '.repeat(101)).ok).toBe(false);
});
