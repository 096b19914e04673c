import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkImports } from '../checks/import-rules.mjs';
import { testsByTitle } from '../checks/tests-by-title.mjs';
import { repeatedTitles } from '../checks/unique-titles.mjs';

test('every import keeps to the rooms of the design', () => {
  expect(checkImports()).toEqual([]);
});

test('every test that the compliance map names exists', () => {
  const names = new Set(testsByTitle().map((one) => `${one.file} › ${one.title}`));
  const map: Record<string, string> = JSON.parse(
    readFileSync(new URL('../checks/compliance-map.json', import.meta.url), 'utf8'),
  );
  expect(Object.values(map).filter((name) => !names.has(name))).toEqual([]);
});

test('a test title is found with its requirement numbers', () => {
  const mine = testsByTitle().find((one) => one.title.startsWith('a test title is found'));
  expect(mine).toMatchObject({ file: 'tools/test/checks.test.ts', requirements: [] });
});

test('a title that a file has twice is told, and one that two files have is not', () => {
  const tests = [
    { file: 'a.test.ts', title: 'one' },
    { file: 'a.test.ts', title: 'two' },
    { file: 'b.test.ts', title: 'two' },
    { file: 'a.test.ts', title: 'one' },
  ];
  expect(repeatedTitles(tests)).toEqual(['a.test.ts has 2 tests with the title "one"']);
});
