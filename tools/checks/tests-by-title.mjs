import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from '../lib/files.mjs';
import { root } from '../lib/root.mjs';

// A title is a literal, so that it can be found here and in a failing run alike.
const titlePattern =
  /\b(?:test|it)(?:\.(?:each|for|skipIf|runIf|concurrent|sequential)(?:\((?:[^()]|\([^()]*\))*\))?)*\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*?)\1/g;

/** All tests of the repository: `{ file, title, requirements }`, where a title says `[B1 F8]`. */
export function testsByTitle() {
  const tests = [];
  for (const folder of ['packages', 'examples', 'tools'])
    for (const file of filesBelow(folder, (name) => /\.test\.tsx?$/.test(name)))
      for (const match of readFileSync(join(root, file), 'utf8').matchAll(titlePattern)) {
        const title = match[2].replace(/\\(['"`])/g, '$1');
        const requirements = [...title.matchAll(/\[((?:[DBWFS]\d+\s*)+)\]/g)].flatMap((tag) =>
          tag[1].trim().split(/\s+/),
        );
        tests.push({ file, title, requirements });
      }
  return tests;
}
