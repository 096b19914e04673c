import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build } from './build.mjs';
import { sayWhatIsMissing } from './lib/machine.mjs';
import { findBrowser, installDependencies, installEngines, needNode } from './lib/prepare.mjs';
import { root } from './lib/root.mjs';
import { bin, run } from './lib/run.mjs';
import { say } from './lib/say.mjs';

needNode();
await installDependencies();
// Who asks for some of the tests is spared the engines, unless it may be theirs.
const paths = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
if (paths.length === 0 || paths.some((path) => /runtimes|sdk|tools/.test(path))) await installEngines();
await build();
const browser = await findBrowser({ install: true });
sayWhatIsMissing();
const hasShared = existsSync(join(root, '../shared/REQUIREMENTS.md'));
if (!hasShared) say('· ../shared is absent: the comparisons with its files are skipped, by name');

const folder = mkdtempSync(join(tmpdir(), 'throughline-test-'));
const report = join(folder, 'report.json');
const code = await run(
  bin('vitest'),
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
  { env: { ...(browser ? { CHROMIUM_PATH: browser } : {}), ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }) } },
);

let counts;
try {
  counts = JSON.parse(readFileSync(report, 'utf8'));
} catch {
  say('✗ vitest ended without a report');
  process.exit(code || 1);
}
rmSync(folder, { recursive: true, force: true });
const skipped = counts.testResults.flatMap((file) =>
  file.assertionResults
    .filter((one) => one.status === 'pending' || one.status === 'skipped' || one.status === 'todo')
    .map((one) => one.fullName),
);
for (const name of skipped) say(`· skipped: ${name}`);
const second = counts.testResults.flatMap((file) =>
  file.assertionResults.filter((one) => one.status === 'passed' && one.failureMessages?.length > 0),
);
for (const one of second) say(`· passed on the second try: ${one.fullName}: ${one.failureMessages[0].split('\n')[0]}`);
// A file that could not even be loaded has no assertions and still is a failure.
const broken = counts.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.every((one) => one.status !== 'failed'),
);
for (const file of broken) say(`✗ could not run ${file.name}: ${file.message?.split('\n')[0] ?? ''}`);
// Once more at the end, where it is looked for first.
for (const file of counts.testResults)
  for (const one of file.assertionResults)
    if (one.status === 'failed')
      say(
        `✗ failed: ${one.fullName} (${relative(root, file.name)}): ${one.failureMessages?.[0]?.split('\n')[0] ?? ''}`,
      );
const failed = counts.numFailedTests + broken.length;
console.log(`${counts.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`);
process.exit(code !== 0 || failed > 0 || counts.numPassedTests === 0 ? 1 : 0);
