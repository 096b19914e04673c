import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as yaml from 'yaml';
import { resolveScalar } from '../resolve-scalar.js';
import { readYaml } from './read-yaml.js';
import { YamlError, type YamlNode } from './yaml-node.js';

/*
 * The reader beside a full implementation of YAML 1.2, which stands in the tests alone: what both take is the same value, and what it refuses ours
 * refuses too.
 */

const value = (node: YamlNode): unknown =>
  node.kind === 'scalar'
    ? node.plain
      ? resolveScalar(node.text)
      : node.text
    : node.kind === 'list'
      ? node.items.map(value)
      : Object.fromEntries(node.entries.map((entry) => [entry.key, value(entry.value)]));

function theirs(text: string): unknown {
  const document = yaml.parseDocument(text, { version: '1.2', schema: 'core' });
  if (document.errors[0]) throw document.errors[0];
  return document.toJS();
}

const documents = {
  'maps and lists as blocks, lists as far in as their keys':
    'a: 1\nb:\n  c: x\n  d:\n  - 1\n  - e: 2\n    f: 3\n  -\n    - 4\n  - - 5\n    - 6\n  -\ng:\n',
  'maps and lists in brackets, over lines':
    'a: [1, "x, y", \'it\'\'s\', z z,]\nb: {c: 1, "d":2, e: , f: {g: [h, {i: j}]},\n  k:\n    l\n}\nm: []\nn: {}\no: [p: q, r]\n',
  'texts of several lines without quotes':
    'a: one\n  two\n\n\n  three # not this\nb: http://x/y:z#w\nc: a, b [c] {d}\n',
  'texts in quotes':
    'a: "x \\"y\\" \\u00e9\\x41\\t\\\\ \\\n  z"\nb: \'it\'\'s: # x\n\n  folded\'\nc: "  kept  \n   next"\n',
  'literal blocks': 'a: |\n  x\n    y\n\n  z\n\nb: |-\n  x\nc: |+\n  x\n\nd: |2\n   x\n  y\ne: |  # said\n\n  x\n',
  'folded blocks': 'a: >\n  x\n  y\n\n  z\n    code\n    more\n  end\nb: >-\n\n  x\n  y\n\nc: >\n  x\n\n\n  y\n',
  'blocks in lists': '- |\n x\n y\n- >\n  z\n  w\n-   a: 1\n    b: 2\n',
  'a document’s marks and directives': '%YAML 1.2\n# said\n---\na: 1\n...\n',
  'comments and empty lines': '\n# a\n\na: # b\n  # c\n\n  # d\n  e: f # g\n\n#h\nb: "x # y"\n',
  aliases: 'a: &one\n  b: [&two 2, *two]\nc: *one\nd: &three x\ne: [*three, *three]\n',
  'empty, and a text alone': '',
  'a text alone': 'just\n a text\n',
  'keys of every form': '"a b": 1\n\'c\': 2\nd e: 3\n? : 4\n',
  'windows line ends': 'a:\r\n  - b\r\n  - "c\r\n    d"\r\n',
  'numbers, booleans and nothing':
    'a: [0, -1, +2, 1.5, .5, 1e3, -1.5E-2, 0x1F, 0o17, 0b1, 1_0, 1.2.3, True, false, yes, no, ~, null, Null, NULL, .inf, -.INF]\n',
} as const;

test.each(Object.entries(documents))('%s are read as YAML 1.2 has them', (_, text) => {
  if (text.includes('? :')) expect(() => readYaml(text)).toThrow('keys behind "? "');
  else expect(value(readYaml(text))).toEqual(theirs(text));
});

test.each([
  ['a: b: c', 1, 'a second ": "'],
  ['a: 1\n b: 2', 2, 'stands behind the end of a value'],
  ['a:\n\tb: 1', 2, 'a tab is no indentation'],
  ['x: 1\na: [1, 2\nb: 3', 2, 'this [ is never closed'],
  ['a: ["b" c]', 1, '"," or "]" is expected'],
  ['x: 1\na: {b: 1', 2, 'this { is never closed'],
  ['\n\na: "open', 3, 'never closed'],
  ['a: 1\nb: 2\na: 3', 3, '"a" stands here a second time; the first is on line 1'],
  ['a: {b: 1, b: 2}', 1, 'a second time'],
  ['a: - 1', 1, 'a list begins on the line below'],
  ['a:\n  - 1\n b: 2', 3, 'indented further than what it stands beside'],
  ['a:\n    b: 1\n  c: 2', 3, 'indented further than what it stands beside'],
  ['- a\nb: 1', 2, 'does not belong to what stands before it'],
  ['a: @x', 1, 'cannot begin with "@"'],
  ['a: *nope', 1, 'no "&nope" stands before'],
  ['a: "x" y', 1, '"y" stands behind the end of a value'],
  ['a: "\\q"', 1, '"\\q" is no escape'],
  ['a: "\\uD8"', 1, '\\u needs 4 hex digits'],
  ['a: 1\nb', 2, 'here a key is expected'],
  ['a: | x\n  y', 1, 'behind | stand at most'],
  ['a: 1\n---\nb: 2', 2, 'one document'],
  [`a: ${'['.repeat(200)}`, 1, 'deeper than'],
])('%j is refused at its line, in words', (text, line, words) => {
  let thrown: unknown;
  try {
    readYaml(text);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(YamlError);
  expect([(thrown as YamlError).line, (thrown as YamlError).message]).toEqual([line, expect.stringContaining(words)]);
  // The full implementation takes none of it either, but for depth.
  if (!text.includes('[[')) expect(() => theirs(text)).toThrow();
});

test.each([
  ['a: !!str 1', 'tags are not read'],
  ['? a\n: b', 'keys behind "? "'],
  ['a: &x {b: 1}\nc:\n  <<: *x', '"<<" (merge)'],
])('%j, which is YAML all the same, is refused by name', (text, words) => {
  expect(() => readYaml(text)).toThrow(words);
});

test('aliases of aliases do not grow without end', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 20; i++)
    lines.push(
      `a${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  expect(() => readYaml(lines.join('\n'))).toThrow('aliases stand for too much');
});

test('whatever a full implementation writes of a value, in blocks or in brackets, is read as that value', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({
      unit: fc.constantFrom('a', ' ', '\n', ':', '#', '-', '"', "'", '\t', ',', '[', '}', '&', '\\', '|', 'é'),
    }),
    fc.constantFrom('true', 'null', '1', '0x1', '~', '- a', 'a: b', 'a #b', '<<x', ' lead', 'trail ', 'a\n\nb\n'),
  );
  const key = text.filter((one) => one !== '<<' && one !== '__proto__' && one.length < 100);
  const { any } = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      text,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(key, tie('any'), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  const styles: readonly yaml.ToStringOptions[] = [
    {},
    { collectionStyle: 'flow', lineWidth: 40 },
    { indentSeq: false, lineWidth: 30 },
    { defaultStringType: 'QUOTE_SINGLE' },
    { defaultStringType: 'QUOTE_DOUBLE', indent: 4 },
    { defaultStringType: 'BLOCK_LITERAL' },
    { defaultStringType: 'BLOCK_FOLDED', lineWidth: 20 },
  ];
  fc.assert(
    fc.property(any, fc.constantFrom(...styles), (thing, style) => {
      const written = new yaml.Document(thing, {
        version: '1.2',
        schema: 'core',
        aliasDuplicateObjects: false,
      }).toString(style);
      // Keys of several lines stand behind "? ", and not everything that the other one writes it reads again.
      fc.pre(!/^[\s-]*\? |[{[,]\s*\? /m.test(written) && readsAgain(written, thing));
      expect(value(readYaml(written))).toEqual(theirs(written));
    }),
    { numRuns: 1_500 },
  );
});

function readsAgain(written: string, thing: unknown): boolean {
  try {
    return JSON.stringify(theirs(written)) === JSON.stringify(thing);
  } catch {
    return false;
  }
}
