import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTraceState } from './trace-state.js';

const round = (header: string) => createTraceState(header).serialize();
const members = (n: number, from = 0) => Array.from({ length: n }, (_, i) => `k${from + i}=${i}`).join(',');

const allKeyCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/@';
const allValueCharacters = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 0x20 + i)).replace(/[,=]/g, '');

// W3C trace context level 2, section 3.3.
test.each([
  ['one member', 'rojo=00f067aa0ba902b7', 'rojo=00f067aa0ba902b7'],
  ['several members, in order', 'b=2,a=1,c=3', 'b=2,a=1,c=3'],
  ['spaces and tabs around members', ' a=1 \t,\t b=2 , c=3\t', 'a=1,b=2,c=3'],
  ['empty members', ',a=1,,b=2,', 'a=1,b=2'],
  ['members of white space', 'a=1, ,\t,b=2', 'a=1,b=2'],
  ['nothing', '', ''],
  ['only commas', ',,,', ''],
  ['a key that starts with a digit', '1a-2f@foo=bar', '1a-2f@foo=bar'],
  ['a key with an at sign at the end', 'foo@=1,bar=2', 'foo@=1,bar=2'],
  ['a key with two at signs', 'foo@bar@baz=1', 'foo@bar@baz=1'],
  ['every character of a key', `${allKeyCharacters}=1`, `${allKeyCharacters}=1`],
  ['every character of a value', `k=${allValueCharacters}`, `k=${allValueCharacters}`],
  ['spaces at the start and in the middle of a value', 'k=  a b', 'k=  a b'],
  ['spaces at the end of a value, which are not its', 'k=a  ,b=1', 'k=a,b=1'],
  ['a key of 256 characters', `${'z'.repeat(256)}=1`, `${'z'.repeat(256)}=1`],
  ['a value of 256 characters', `k=${'v'.repeat(256)}`, `k=${'v'.repeat(256)}`],
  ['32 members', members(32), members(32)],
])('tracestate takes %s', (_what, header, expected) => {
  expect(round(header)).toBe(expected);
});

test.each([
  ['a key in upper case', 'FOO=1'],
  ['a key with a dot', 'foo.bar=1'],
  ['a key that starts with an at sign', '@foo=1'],
  ['a key that starts with an underscore', '_foo=1'],
  ['a key that starts with a dash', '-foo=1'],
  ['a space before the equals sign', 'foo =1'],
  ['an empty key', '=1'],
  ['an empty value', 'foo='],
  ['a value of spaces', 'foo=  '],
  ['a second equals sign', 'foo=bar=baz'],
  ['a member without an equals sign', 'foo'],
  ['a tab inside a value', 'foo=a\tb'],
  ['a control character', 'foo=a\u0007'],
  ['a character beyond ASCII', 'foo=é'],
  ['DEL', 'foo=\u007f'],
  ['a key of 257 characters', `${'z'.repeat(257)}=1`],
  ['a value of 257 characters', `k=${'v'.repeat(257)}`],
  ['the same key twice', 'foo=1,foo=2'],
  ['the same member twice', 'foo=1,foo=1'],
])('tracestate with %s is dropped whole', (_what, header) => {
  expect(round(header)).toBe('');
  expect(round(`good=1,${header}`)).toBe('');
  expect(round(`${header},good=1`)).toBe('');
});

test('tracestate with 33 members is dropped whole', () => {
  expect(round(members(33))).toBe('');
});

test('empty members do not count towards the 32', () => {
  expect(round(`${',,,'.repeat(20)}${members(32)}`)).toBe(members(32));
});

test('a member that is set comes first and leaves the others in order', () => {
  const state = createTraceState('a=1,b=2,c=3');
  expect(state.set('b', 'new').serialize()).toBe('b=new,a=1,c=3');
  expect(state.set('d', '4').serialize()).toBe('d=4,a=1,b=2,c=3');
  expect(state.serialize()).toBe('a=1,b=2,c=3');
});

test('get and unset', () => {
  const state = createTraceState('a=1,b=2');
  expect(state.get('b')).toBe('2');
  expect(state.get('c')).toBeUndefined();
  expect(state.unset('a').serialize()).toBe('b=2');
  expect(state.unset('c').serialize()).toBe('a=1,b=2');
});

test('setting a malformed member changes nothing', () => {
  const state = createTraceState('a=1');
  for (const [key, value] of [
    ['B', '1'],
    ['b', ''],
    ['b', 'x,y=1'],
    ['b', 'x=y'],
    ['b=c', 'd'],
    ['b', 'x '],
    ['b', 'x\n'],
  ] as const) {
    expect(state.set(key, value).serialize()).toBe('a=1');
  }
});

test('a 33rd member pushes out the oldest, a changed one pushes out nothing', () => {
  const state = createTraceState(members(32));
  expect(state.set('new', '1').serialize()).toBe(`new=1,${members(31)}`);
  expect(state.set('k31', 'x').serialize()).toBe(`k31=x,${members(31)}`);
});

test('what is longer than 512 characters loses members longer than 128 first, the oldest first', () => {
  const long = (key: string) => `${key}=${'x'.repeat(200)}`;
  const short = (key: string) => `${key}=${'y'.repeat(40)}`;
  const header = [long('a'), short('b'), long('c'), short('d'), long('e'), short('f')].join(',');
  expect(round(header)).toBe([long('a'), short('b'), short('d'), short('f')].join(','));
});

test('then it loses members from the end, each of them whole', () => {
  const header = Array.from({ length: 10 }, (_, i) => `k${i}=${'v'.repeat(97)}`);
  expect(round(header.join(','))).toBe(header.slice(0, 5).join(','));
});

test('whatever the header says, what leaves is well-formed, short enough and a fixed point', () => {
  const piece = fc.oneof(fc.constantFrom(',', '=', ' ', '\t', '@', 'a=1', 'b=2', 'é'), fc.string({ maxLength: 8 }));
  const wellFormed = fc
    .uniqueArray(fc.stringMatching(/^[a-z\d][a-z\d_\-*/@]{0,60}$/), { maxLength: 32 })
    .map((keys) => keys.map((key, i) => `${key}=v${i}`).join(','));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
        wellFormed,
      ),
      (header) => {
        const once = round(header);
        expect(once.length).toBeLessThanOrEqual(512);
        expect(round(once)).toBe(once);
        if (once) expect(once).toMatch(/^[a-z\d][a-z\d_\-*/@]*=[^,=]+(,[a-z\d][a-z\d_\-*/@]*=[^,=]+)*$/);
      },
    ),
  );
});
