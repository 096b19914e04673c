import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from '../lib/files.mjs';
import { root } from '../lib/root.mjs';

const testkit = 'packages/testkit';
const read = (path) => readFileSync(join(root, path), 'utf8');

/** The suites that run in any runtime, by name: `{ name, of, cases: [{ name, needs }] }`. */
async function readSuites() {
  const files = filesBelow(`${testkit}/src`, (name) => name.endsWith('-suite.ts')).filter((file) =>
    read(file).includes("from './suite.js'"),
  );
  // Not at the top: who runs the check in a fresh clone has it installed by that very check.
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    stdin: {
      contents: files.map((file) => `export * from ${JSON.stringify(join(root, file))};`).join('\n'),
      resolveDir: root,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    logLevel: 'error',
  });
  const exported = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  return new Map(
    Object.values(exported)
      .filter((one) => Array.isArray(one?.cases))
      .map((suite) => [suite.name, suite]),
  );
}

const readRows = () =>
  filesBelow(`${testkit}/runtimes`, (name) => name.endsWith('.json'))
    .filter((file) => !/package(-lock)?\.json$/.test(file))
    .map((file) => ({ file, ...JSON.parse(read(file)) }))
    .sort((one, other) => one.order - other.order);

/** As the test's title says it. */
const titleOf = (row, suite, entry) =>
  `${row.name} keeps the contract of ${suite.of}${entry.of ? `: ${entry.of}` : ''}`;

/** `npm:deno` is the version of a lock file; everything else is said as it is. */
function versionOf({ version }) {
  const name = version.match(/^npm:(.+)$/)?.[1];
  if (!name) return version;
  for (const lock of [`${testkit}/engines/package-lock.json`, 'package-lock.json']) {
    const found = existsSync(join(root, lock)) && JSON.parse(read(lock)).packages[`node_modules/${name}`]?.version;
    if (found) return found;
  }
  return undefined;
}

/** What is wrong with a row, as lines. */
function checkRow(row, suites) {
  const wrong = [];
  const say = (line) => wrong.push(`${row.file}: ${line}`);
  const test = existsSync(join(root, row.test)) ? read(row.test) : '';
  if (!test) say(`the test ${row.test} does not exist`);
  if (!existsSync(join(root, 'docs', row.guide))) say(`the guide docs/${row.guide} does not exist`);
  if (!versionOf(row)) say(`${row.version} is in no lock file`);
  const said = new Set();
  for (const entry of row.suites) {
    const suite = suites.get(entry.suite);
    if (!suite) {
      say(`there is no suite "${entry.suite}"`);
      continue;
    }
    const title = titleOf(row, suite, entry);
    if (!test.includes(`'${title}'`)) say(`${row.test} has no tests '${title}'`);
    for (const { needs } of suite.cases) for (const need of needs) said.add(need);
    for (const need of Object.keys(entry.lacks ?? {}))
      if (!suite.cases.some((one) => one.needs.includes(need))) say(`no case of ${entry.suite} needs "${need}"`);
  }
  for (const need of Object.keys(row.lacks ?? {})) if (!said.has(need)) say(`no case needs "${need}"`);
  for (const name of suites.keys())
    if (!row.suites.some((entry) => entry.suite === name) && !row.without?.[name])
      say(`it neither runs the suite "${name}" nor says in "without" why it does not`);
  return wrong;
}

/** `{ text, wrong }`: docs/runtimes.md, and what the rows get wrong. */
export async function runtimesPage() {
  const suites = await readSuites();
  const rows = readRows();
  const wrong = rows.flatMap((row) => checkRow(row, suites));
  if (wrong.length > 0) return { text: undefined, wrong };

  const lacking = [];
  const cell = (row, name) => {
    const suite = suites.get(name);
    const entries = row.suites.filter((entry) => entry.suite === name);
    if (entries.length === 0) return '–';
    return entries
      .map((entry) => {
        const lacks = { ...row.lacks, ...entry.lacks };
        const missing = suite.cases.filter((one) => one.needs.some((need) => lacks[need]));
        for (const one of missing)
          lacking.push({ row, name, case: one.name, reason: lacks[one.needs.find((need) => lacks[need])] });
        return `${entry.of ? `${entry.of} ` : ''}${suite.cases.length - missing.length} of ${suite.cases.length}`;
      })
      .join('<br>');
  };
  const names = [...suites.keys()].sort((one, other) => order(one) - order(other));
  const lines = [
    '# Runtimes',
    '',
    'Made by `npm run check -- pages --write` from the rows in packages/testkit/runtimes and the suites in packages/testkit/src; not edited by hand.',
    'A suite is a contract: the same cases run inside every runtime, in `npm test`, each as a test of its own. What a runtime cannot have stands below',
    'with its reason; those cases are run as well, and must fail. A dash is a suite that does not apply; why stands below too.',
    '',
    `| runtime | tested | import | guide | ${names.join(' | ')} |`,
    `|---|---|---|---|${names.map(() => '---|').join('')}`,
    ...rows.map(
      (row) =>
        `| ${row.name} | ${versionOf(row)} | \`${row.import}\` | [${row.guide.replace('.md', '')}](${row.guide}) | ${names.map((name) => cell(row, name)).join(' | ')} |`,
    ),
  ];
  for (const row of rows) {
    const missing = lacking.filter((one) => one.row === row);
    const unique = new Map(missing.map((one) => [`${one.name}: ${one.case}`, one.reason]));
    const without = Object.entries(row.without ?? {});
    if (unique.size + without.length === 0) continue;
    lines.push('', `## ${row.name}`, '');
    for (const [what, reason] of unique) lines.push(`- ${what}. *${reason}*`);
    for (const [name, reason] of without) lines.push(`- The suite ${name} is not run. *${reason}*`);
  }
  return { text: `${lines.join('\n')}\n`, wrong };
}

const order = (name) => {
  const at = ['runtime', 'page', 'clock', 'transport', 'batch-store'].indexOf(name);
  return at < 0 ? 99 : at;
};
