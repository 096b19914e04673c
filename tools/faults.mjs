/*
 * npm run faults [-- part of a file's or a test's name]
 *
 * Every fault case at full size: processes that are killed, connections that are cut, disks that fill. Each span, log record and point has a number, and is looked for
 * afterwards. Writes bench/out/faults.json; rows of cases that were not run now stay as they were.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { filesBelow } from './lib/files.mjs';
import { sayWhatIsMissing } from './lib/machine.mjs';
import { noteMeasurements, resultTimes } from './lib/measured-on.mjs';
import { findBrowser, installDependencies, needNode } from './lib/prepare.mjs';
import { root } from './lib/root.mjs';
import { bin, run } from './lib/run.mjs';
import { say } from './lib/say.mjs';
import { ownTemporaryFolder } from './test-run/own-temporary-folder.mjs';

needNode();
await installDependencies();
await build();
const browser = await findBrowser({ install: true });
sayWhatIsMissing();

const [wanted, ...rest] = process.argv.slice(2);
const files = ['packages', 'examples'].flatMap((folder) =>
  filesBelow(folder, (name) => name.endsWith('.faults.test.ts')),
);
const ofName = wanted === undefined ? [] : files.filter((file) => file.includes(wanted));
const which =
  ofName.length > 0 ? ofName : wanted === undefined ? ['.faults.test.ts'] : ['.faults.test.ts', '-t', wanted];
const temporary = ownTemporaryFolder();
const lines = join(temporary.path, 'rows');
const before = resultTimes();
const code = await run(
  bin('vitest'),
  // One file at a time: a case has the machine to itself, and takes as long as its size needs.
  ['run', ...which, '--no-file-parallelism', '--test-timeout=1200000', '--reporter=verbose', ...rest],
  { env: { ...temporary.env, FAULTS: 'full', FAULTS_FILE: lines, ...(browser ? { CHROMIUM_PATH: browser } : {}) } },
);

const rows = existsSync(lines)
  ? readFileSync(lines, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : [];
temporary.remove();
const out = join(root, 'bench/out/faults.json');
const names = new Set(rows.map(({ name }) => name));
const kept =
  existsSync(out) && wanted ? JSON.parse(readFileSync(out, 'utf8')).filter(({ name }) => !names.has(name)) : [];
const all = [...kept, ...rows].sort((a, b) => a.name.localeCompare(b.name));
if (rows.length > 0) {
  writeFileSync(out, `${JSON.stringify(all, null, 2)}\n`);
  noteMeasurements(before, ['npm run faults --', ...process.argv.slice(2)].join(' '));
}
console.table(rows);
const bad = rows.filter(({ missing, duplicated }) => missing + duplicated > 0);
say(
  `${rows.length} cases, ${rows.reduce((sum, { sent }) => sum + sent, 0)} spans, log records and points: ` +
    (bad.length === 0 ? 'none missing, none twice' : `${bad.length} cases with some of them missing or twice`),
);
process.exit(code || (bad.length > 0 || rows.length === 0 ? 1 : 0));
