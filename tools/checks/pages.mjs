import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/root.mjs';
import { say } from '../lib/say.mjs';
import { compliancePage, complianceRows } from './compliance-page.mjs';
import { leavingPage } from './leaving-page.mjs';
import { figuresAreCurrent, readmeWithFigures } from './readme-figures.mjs';
import { requirementsPage } from './requirements-page.mjs';
import { runtimesPage } from './runtimes-page.mjs';
import { testsByTitle } from './tests-by-title.mjs';

const mapPath = 'tools/checks/compliance-map.json';
const requirementsPath = join(root, '../shared/REQUIREMENTS.md');
const featuresPath = join(root, '../shared/spec/compliance-features.yaml');

/** A named test as the map writes it: `file › title`. */
const testName = (test) => `${test.file} › ${test.title}`;

/**
 * The generated pages are what the generators say now, every test they name exists, and the README's figures are those of bench/out. With
 * `--write` they are written instead. Where ../shared is absent the pages cannot be made; that the named tests exist is checked all the same.
 */
export async function checkPages({ write = process.argv.includes('--write') } = {}) {
  const wrong = [];
  const tests = testsByTitle();
  const names = new Set(tests.map(testName));
  const map = JSON.parse(readFileSync(join(root, mapPath), 'utf8'));
  for (const [feature, test] of Object.entries(map))
    if (!names.has(test)) wrong.push(`${mapPath}: "${feature}" names a test that does not exist: ${test}`);

  const pages = {};
  if (existsSync(requirementsPath)) pages['docs/requirements.md'] = requirementsPage(requirementsPath, tests);
  else say('· skipped: docs/requirements.md against ../shared/REQUIREMENTS.md (absent)');
  if (existsSync(featuresPath)) {
    const { rows, unknown } = await complianceRows(featuresPath, map);
    for (const key of unknown) wrong.push(`${mapPath}: the specification has no feature "${key}"`);
    pages['docs/compliance.json'] = `${JSON.stringify(rows, null, 1)}\n`;
    pages['docs/compliance.md'] = compliancePage(rows);
  } else say('· skipped: docs/compliance.md against ../shared/spec (absent)');

  const runtimes = await runtimesPage();
  wrong.push(...runtimes.wrong);
  if (runtimes.text) pages['docs/runtimes.md'] = runtimes.text;

  const leaving = leavingPage();
  if (leaving) pages['docs/leaving.md'] = leaving;

  for (const [path, text] of Object.entries(pages)) {
    const file = join(root, path);
    if (write) writeFileSync(file, text);
    else if (!existsSync(file) || readFileSync(file, 'utf8') !== text)
      wrong.push(`${path} is not what the tests say now: npm run check -- pages --write`);
  }

  const readme = join(root, 'README.md');
  const text = readFileSync(readme, 'utf8');
  if (write) writeFileSync(readme, readmeWithFigures(text));
  else if (!figuresAreCurrent(text))
    wrong.push('README.md has other figures than bench/out: npm run check -- pages --write');
  return wrong;
}
