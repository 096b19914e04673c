import { expect, test } from 'vitest';
import { testTitles } from '../checks/test-titles.mjs';

test('titles are found in every form a test can have', () => {
  const source = [
    `test('plain', () => {});`,
    `it("with 'quotes' and \\"escapes\\"", () => {});`,
    `test(\`a template of \${"one"} line\`, () => {});`,
    `test.each([['(', multi({ a: 'f'.repeat(2) })], [/[)\\]/]\\)/, ")"]])('each %s', () => {});`,
    `test.each(names)(\n  // why\n  'each, on a line of its own [B1]',\n  () => {});`,
    `test.skipIf(process.platform === 'win32')('not there', () => {});`,
    `test.for([1]).concurrent('for, at once', () => {});`,
    `test.each\`a | b\n\${1} | \${")"}\`("of a table", () => {});`,
  ].join('\n');
  expect(testTitles(source)).toEqual([
    'plain',
    `with 'quotes' and "escapes"`,
    `a template of \${"one"} line`,
    'each %s',
    'each, on a line of its own [B1]',
    'not there',
    'for, at once',
    'of a table',
  ]);
});

test('what runs nothing has no title', () => {
  const source = [
    `// test('in a comment', () => {});`,
    `/* it('in another', () => {}) */`,
    `const program = \`test("of a program \${"test(1)"} within", () => {})\`;`,
    `const text = "test('in a string')";`,
    `const pattern = /test\\('in a pattern'/;`,
    `test.skip('skipped', () => {});`,
    `test.todo('some day');`,
    `pattern.test('a string');`,
    `latest('a word that ends so');`,
    'test(name, () => {});',
    `const half = a / 2; test('after a division', () => {});`,
  ].join('\n');
  expect(testTitles(source)).toEqual(['after a division']);
});
