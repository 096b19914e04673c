import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attributesJson, attributeValue, textJson } from './attribute-json.js';

test('text is written as JSON.stringify writes it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })), (text) => {
      expect(textJson(text)).toBe(JSON.stringify(text));
    }),
    { numRuns: 3_000 },
  );
  for (const text of ['\ud800', 'a\udc00b', '\u0000', '\u001f', '\u007f', '\u2028', '"', '\\', '/']) {
    expect(textJson(text)).toBe(JSON.stringify(text));
  }
});

test.each([
  ['7', 'i', 7],
  ['-0', 'i', 0],
  ['9007199254740991', 'i', 9007199254740991],
  ['-9007199254740991', 'i', -9007199254740991],
  ['9007199254740992', 'i', { $int: '9007199254740992' }],
  ['-9223372036854775808', 'i', { $int: '-9223372036854775808' }],
  ['007', 'i', '007'],
  ['1.0', 'd', 1],
  ['1e300', 'd', 1e300],
  ['-Infinity', 'd', { $double: '-Infinity' }],
  ['NaN', 'd', { $double: 'NaN' }],
  ['', 'd', { $double: '' }],
  ['true', 'b', true],
  ['false', 'b', false],
  ['AQI=', 'y', { $bytes: 'AQI=' }],
  ['[1,{"a":"b"}]', 'a', [1, { a: 'b' }]],
  ['{"a":[]}', 'm', { a: [] }],
  ['{broken', 'm', '{broken'],
  ['', 'n', null],
  ['x', 's', 'x'],
  ['x', undefined, 'x'],
  ['x', '?', 'x'],
])('%j under the letter %s is %j', (stored, letter, value) => {
  expect(attributeValue(stored, letter)).toEqual(value);
  expect(JSON.parse(attributesJson(['k'], [stored], letter ?? ''))).toEqual({ k: value });
});

test('keys are written whatever they are called', () => {
  expect(Object.keys(JSON.parse(attributesJson(['__proto__', '1', 'a"b'], ['x', 'y', 'z'], '')))).toEqual([
    '1',
    '__proto__',
    'a"b',
  ]);
});
