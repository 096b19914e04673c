import { build } from './build.mjs';
import { checkImports } from './checks/import-rules.mjs';
import { checkPages } from './checks/pages.mjs';
import { checkTitles } from './checks/unique-titles.mjs';
import { installDependencies, needNode } from './lib/prepare.mjs';
import { bin, run } from './lib/run.mjs';
import { say } from './lib/say.mjs';

/** One line each; a check answers with the number of things that are wrong. */
const command =
  (name, ...args) =>
  async () =>
    (await run(bin(name), args)) === 0 ? 0 : 1;
const lines = (find) => async () => {
  const found = await find();
  for (const line of found) say(`  ${line}`);
  return found.length;
};
const checks = [
  ['types: core without DOM or Node', command('tsc', '-p', 'packages/sdk/tsconfig.core.json')],
  ['types: sdk with its tests', command('tsc', '-p', 'packages/sdk/tsconfig.test.json')],
  ['types: collector with its tests', command('tsc', '-p', 'packages/collector/tsconfig.test.json')],
  ['types: explorer', command('tsc', '-p', 'packages/explorer/tsconfig.json', '--noEmit')],
  ['types: explorer with its tests', command('tsc', '-p', 'packages/explorer/tsconfig.test.json')],
  ['types: testkit', command('tsc', '-p', 'packages/testkit/tsconfig.json')],
  ['types: shop page', command('tsc', '-p', 'examples/shop/page/tsconfig.json', '--noEmit')],
  ['types: people page', command('tsc', '-p', 'examples/people/tsconfig.json', '--noEmit')],
  ['types: tests of the tools and of the shop', command('tsc', '-p', 'tools/tsconfig.json')],
  ['format and lint', command('biome', 'check', '--error-on-warnings', '.')],
  ['import rules', lines(checkImports)],
  ['every test has a title of its own', lines(checkTitles)],
  ['unused code and dependencies', command('knip')],
  ['package exports: sdk (publint)', command('publint', '--strict', 'packages/sdk')],
  ['package exports: collector (publint)', command('publint', '--strict', 'packages/collector')],
  ['package types: sdk (attw)', command('attw', '--pack', 'packages/sdk', '--profile', 'esm-only', '--quiet')],
  ['generated pages (pages) and the tests they name', lines(checkPages)],
];

needNode();
await installDependencies();
await build();
const only = process.argv[2];
let wrong = 0;
for (const [name, check] of checks) {
  if (only && !name.includes(only)) continue;
  const found = await check();
  say(`${found === 0 ? '✓' : '✗'} ${name}`);
  if (found > 0) wrong += 1;
}
say(wrong === 0 ? 'All checks passed.' : `${wrong} of ${checks.length} checks failed.`);
process.exit(wrong === 0 ? 0 : 1);
