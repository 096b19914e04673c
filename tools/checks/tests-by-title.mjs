import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesBelow } from '../lib/files.mjs';
import { root } from '../lib/root.mjs';
import { testTitles } from './test-titles.mjs';

const isTest = (name) => /\.test\.tsx?$/.test(name);
const isSuite = (name) => /-suite\.ts$/.test(name);

/**
 * All tests of the repository: `{ file, title, requirements }`, where a title says `[B1 F8]`. A suite that several
 * implementations must pass counts where a test file imports it.
 */
export function testsByTitle() {
  const files = ['packages', 'examples', 'tools'].flatMap((folder) => filesBelow(folder, isTest));
  const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  for (const suite of filesBelow('packages', isSuite))
    if (files.some((file) => imports(texts.get(file), file, suite)))
      texts.set(suite, readFileSync(join(root, suite), 'utf8'));
  return [...texts].flatMap(([file, text]) =>
    testTitles(text).map((title) => {
      const tags = [...title.matchAll(/\[((?:[DBWFS]\d+\s*)+)\]/g)];
      return { file, title, requirements: tags.flatMap((tag) => tag[1].trim().split(/\s+/)) };
    }),
  );
}

const imports = (text, file, suite) =>
  [...text.matchAll(/from '(\.[^']+)\.js'/g)].some(([, path]) => `${join(dirname(file), path)}.ts` === suite);
