import { defaultTextMapGetter, defaultTextMapSetter } from '@opentelemetry/api';
import { W3CBaggagePropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { baggageMetadata, createBaggage, getBaggage, setBaggage } from '../context/baggage.js';
import { rootContext } from '../context/context.js';
import { suppressTracing } from '../context/suppress-tracing.js';
import { baggagePropagator } from './baggage.js';

const extract = (baggage: string | string[]) =>
  baggagePropagator.extract(rootContext, { baggage }, defaultTextMapGetter);
/** What was read, as `key -> value` or `key -> value;properties`. */
const read = (header: string | string[]) =>
  (getBaggage(extract(header))?.getAllEntries() ?? []).map(
    ([key, { value, metadata }]) => [key, metadata ? `${value};${metadata}` : value] as const,
  );
function written(entries: Parameters<typeof createBaggage>[0], context = rootContext): string | undefined {
  const carrier: { baggage?: string } = {};
  baggagePropagator.inject(setBaggage(context, createBaggage(entries)), carrier, defaultTextMapSetter);
  return carrier.baggage;
}
const numbered = (n: number) => Array.from({ length: n }, (_, i) => [`k${i}`, { value: `${i}` }] as const);

const tokenCharacters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const valueCharacters = String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 0x21 + i)).replace(/["%,;\\]/g, '');

// W3C baggage, section 3.3 (header content).
test.each([
  ['one member', 'userId=alice', [['userId', 'alice']]],
  [
    'several members in order',
    'b=2,a=1',
    [
      ['b', '2'],
      ['a', '1'],
    ],
  ],
  [
    'white space around members, keys and values',
    ' a\t= 1 , \tb =2\t',
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  [
    'an empty value',
    'a=,b=2',
    [
      ['a', ''],
      ['b', '2'],
    ],
  ],
  ['equals signs in a value', 'a=b=c==', [['a', 'b=c==']]],
  ['percent-encoded UTF-8', 'a=DF%2028%C3%A4%E2%82%AC%F0%9F%98%80', [['a', 'DF 28ä€😀']]],
  ['escapes in lower case', 'a=%c3%a4', [['a', 'ä']]],
  ['an escaped comma, semicolon, quote and backslash', 'a=%2C%3B%22%5C', [['a', ',;"\\']]],
  ['octets that are not UTF-8', 'a=x%C3%28%ffy', [['a', 'x\uFFFD(\uFFFDy']]],
  ['an encoded surrogate, which is not UTF-8', 'a=%ED%A0%80', [['a', '\uFFFD\uFFFD\uFFFD']]],
  ['a cut sequence', 'a=%E2%82', [['a', '\uFFFD\uFFFD']]],
  [
    'a percent sign that starts no escape',
    'a=100%,b=%zz',
    [
      ['a', '100%'],
      ['b', '%zz'],
    ],
  ],
  ['a plus sign, which is no space', 'a=1+1', [['a', '1+1']]],
  ['every character of a key', `${tokenCharacters}=1`, [[tokenCharacters, '1']]],
  ['every character of a value', `k=${valueCharacters}`, [['k', valueCharacters]]],
  ['a percent sign in a key, which is not an escape', 'a%20b=1', [['a%20b', '1']]],
  ['a property', 'a=1;p', [['a', '1;p']]],
  ['properties with values and white space', 'a=1 ; p = q ;r', [['a', '1;p = q ;r']]],
  ['an empty property', 'a=1;', [['a', '1']]],
  [
    'the last of two equal keys',
    'a=1,b=2,a=3',
    [
      ['a', '3'],
      ['b', '2'],
    ],
  ],
  [
    'empty members',
    ',a=1,,b=2, ,',
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
])('baggage is read with %s [S6]', (_what, header, expected) => {
  expect(read(header)).toEqual(expected);
});

test.each([
  ['a member without an equals sign', 'foo'],
  ['an empty key', '=1'],
  ['a space inside a key', 'a b=1'],
  ['a key with a separator', 'a(b)=1'],
  ['a key beyond ASCII', 'ä=1'],
  ['a space inside a value', 'a=b c'],
  ['a quote in a value', 'a="b"'],
  ['a backslash in a value', 'a=b\\c'],
  ['a control character in a value', 'a=b\u0007'],
  ['a character beyond ASCII in a value', 'a=ä'],
])('baggage skips %s and keeps its neighbours [S6]', (_what, member) => {
  expect(read(member)).toEqual([]);
  expect(read(`x=1,${member},y=2`)).toEqual([
    ['x', '1'],
    ['y', '2'],
  ]);
});

test('several baggage headers are one list', () => {
  expect(read(['a=1,b=2', 'c=3'])).toEqual([
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ]);
});

test('no header, an empty one or nothing usable leaves the context as it was', () => {
  expect(extract('')).toBe(rootContext);
  expect(extract([])).toBe(rootContext);
  expect(extract(' , ')).toBe(rootContext);
  expect(baggagePropagator.extract(rootContext, {}, defaultTextMapGetter)).toBe(rootContext);
});

test.each([
  ['a plain entry', { userId: { value: 'alice' } }, 'userId=alice'],
  ['what must not stand bare', { a: { value: 'x ,;"\\%=ä' } }, 'a=x%20%2C%3B%22%5C%25%3D%C3%A4'],
  ['an empty value', { a: { value: '' } }, 'a='],
  ['a lone surrogate', { a: { value: 'x\uD800y\uDC00' } }, 'a=x%EF%BF%BDy%EF%BF%BD'],
  ['metadata', { a: { value: '1', metadata: baggageMetadata('p=q;r') } }, 'a=1;p=q;r'],
  ['empty metadata', { a: { value: '1', metadata: baggageMetadata(' ') } }, 'a=1'],
  [
    'metadata that would end the member, without it',
    { a: { value: '1', metadata: baggageMetadata('p,evil=1') } },
    'a=1',
  ],
  ['metadata with a line break, without it', { a: { value: '1', metadata: baggageMetadata('p\r\nX: y') } }, 'a=1'],
])('baggage is written with %s [S6]', (_what, entries, header) => {
  expect(written(entries)).toBe(header);
});

test('an entry whose key is not a token does not travel and its neighbours do', () => {
  expect(written({ 'user id': { value: '1' }, ä: { value: '2' }, '': { value: '3' }, ok: { value: '4' } })).toBe(
    'ok=4',
  );
});

test('64 members travel and no more, both ways', () => {
  expect(written(numbered(64))?.split(',')).toHaveLength(64);
  expect(written(numbered(65))).toBe(written(numbered(64)));
  const header = (n: number) =>
    numbered(n)
      .map(([key, { value }]) => `${key}=${value}`)
      .join(',');
  expect(read(header(64))).toHaveLength(64);
  expect(read(header(65))).toEqual(read(header(64)));
});

test('8192 bytes travel and no more, whole members only, both ways', () => {
  const member = (key: string, bytes: number) => [key, { value: 'x'.repeat(bytes - key.length - 1) }] as const;
  const exact = [member('a', 4096), member('b', 4095)];
  expect(written(exact)).toHaveLength(8192);
  expect(written([member('a', 4096), member('b', 4096), member('c', 100)])).toBe(
    written([member('a', 4096), member('c', 100)]),
  );
  expect(read(written(exact)!)).toHaveLength(2);
  expect(read(`a=${'x'.repeat(4094)},b=${'x'.repeat(4094)},c=1`).map(([key]) => key)).toEqual(['a', 'c']);
});

test('a member of more than 4096 bytes does not travel, both ways', () => {
  expect(written({ a: { value: 'x'.repeat(4094) } })).toHaveLength(4096);
  expect(written({ a: { value: 'x'.repeat(4095) }, b: { value: '1' } })).toBe('b=1');
  expect(read(`a=${'x'.repeat(4095)},b=1`)).toEqual([['b', '1']]);
});

test('nothing is written without entries or while tracing is suppressed', () => {
  expect(written({})).toBeUndefined();
  expect(written({ a: { value: '1' } }, suppressTracing(rootContext))).toBeUndefined();
});

test('the field is the official header name', () => {
  expect(baggagePropagator.fields()).toEqual(['baggage']);
});

test('what we write opentelemetry-js reads the same, and the other way round', () => {
  const theirs = new W3CBaggagePropagator();
  // opentelemetry-js loses `__proto__`.
  const key = fc.stringMatching(/^[a-zA-Z\d._~-]{1,10}$/).filter((text) => text !== '__proto__');
  const entry = fc.record({ value: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }) });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(key, entry), {
        selector: ([key]) => key,
        maxLength: 20,
      }),
      (entries) => {
        const carrier: Record<string, string> = {};
        const context = setBaggage(rootContext, createBaggage(entries));
        baggagePropagator.inject(context, carrier, defaultTextMapSetter);
        const byThem = getBaggage(theirs.extract(rootContext, carrier, defaultTextMapGetter))?.getAllEntries() ?? [];
        expect(new Map(byThem)).toEqual(new Map(entries));
        theirs.inject(context, carrier, defaultTextMapSetter);
        expect(new Map(getBaggage(extract(carrier.baggage ?? ''))?.getAllEntries())).toEqual(new Map(entries));
      },
    ),
  );
});

test('no header makes reading throw, and what is read can be written and read again', () => {
  const piece = fc.oneof(
    fc.constantFrom(',', '=', ';', '%', '%C3', '%A4', ' ', 'a', 'b=1'),
    fc.string({ unit: 'binary', maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const entries = getBaggage(extract(pieces.join('')))?.getAllEntries() ?? [];
      const again = getBaggage(extract(written(entries) ?? ''))?.getAllEntries() ?? [];
      expect(again.map(([key, { value }]) => [key, value])).toEqual(entries.map(([key, { value }]) => [key, value]));
    }),
  );
});
