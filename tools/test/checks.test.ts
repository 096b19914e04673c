import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkImports } from '../checks/import-rules.mjs';
import { testsByTitle } from '../checks/tests-by-title.mjs';

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
