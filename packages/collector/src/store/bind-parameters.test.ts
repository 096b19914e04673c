import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bindParameters } from './bind-parameters.js';

test('values become literals of their types', () => {
  const sql =
    'SELECT {s:String}, {n:UInt64}, {f:Float64}, {b:Bool}, {t:DateTime64(9)}, {i:Identifier} LIMIT {n:UInt64}';
  expect(
    bindParameters(sql, { s: 'a', n: '18446744073709551615', f: 0.5, b: true, t: '2026-11-20 00:00:00', i: 'a`b' }),
  ).toBe(
    "SELECT 'a', 18446744073709551615, 0.5, true, CAST('2026-11-20 00:00:00', 'DateTime64(9)'), `a\\`b` LIMIT 18446744073709551615",
  );
});

test('arrays keep their type even when they are empty', () => {
  expect(bindParameters('{a:Array(String)} {e:Array(UInt64)}', { a: ["it's", '\\'], e: [] })).toBe(
    "CAST(['it\\'s','\\\\'], 'Array(String)') CAST([], 'Array(UInt64)')",
  );
});

test('no text leaves its quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("'", '\\', '"', '`', '{', '}', 'x', '\n', '\0') }), (text) => {
      const literal = bindParameters('{x:String}', { x: text });
      expect(literal.slice(1, -1).replace(/\\([\\'])/g, '$1')).toBe(text);
      // Inside, every quote is behind a backslash that is not itself escaped.
      expect(/^'(?:[^'\\]|\\[\\'])*'$/s.test(literal)).toBe(true);
    }),
  );
});

test('placeholders in strings, names and comments are text', () => {
  const sql =
    "SELECT '{x:String}', `{x:String}`, \"{x:String}\" -- {x:String}\n /* {x:String} */ , map('a', 'it\\'s {x:String}'), {x:String}";
  expect(bindParameters(sql, { x: 'v' })).toBe(sql.replace(/\{x:String\}$/, "'v'"));
});

test.each([
  ['a missing one', '{x:String}', {}],
  ['a text for a number', '{x:UInt64}', { x: '1 OR 1' }],
  ['not a number', '{x:Float64}', { x: Number.NaN }],
  ['one value for an array', '{x:Array(String)}', { x: 'a' }],
  ['an array for one value', '{x:String}', { x: ['a'] }],
  ['a text for a boolean', '{x:Bool}', { x: 'true' }],
])('%s is refused', (_, sql, params) => {
  expect(() => bindParameters(sql, params as Record<string, string>)).toThrow(TypeError);
});
