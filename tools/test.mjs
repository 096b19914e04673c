import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { sayWhatIsMissing } from './lib/machine.mjs';
import { findBrowser, installDependencies, installEngines, needNode } from './lib/prepare.mjs';
import { root } from './lib/root.mjs';
import { say } from './lib/say.mjs';
import { ownTemporaryFolder } from './test-run/own-temporary-folder.mjs';
import { runTests } from './test-run/run-tests.mjs';
import { tellOutcome } from './test-run/tell-outcome.mjs';

/*
 * npm test [-- a path, and whatever else vitest takes]
 *
 * Installs and builds what is missing, runs every test, and ends with "N passed, N failed, N skipped", whatever happens: also where something before
 * the tests fails, where a file hangs, and where the run is stopped or takes longer than TEST_MINUTES.
 */

// Nothing has been tested yet; what fails on the way is a failure.
let counts = { passed: 0, failed: 1, skipped: 0 };
process.on('exit', () => console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`));

const limitMs = Number(process.env.TEST_MINUTES || 36) * 60_000;
const startMs = Date.now();
needNode();
await installDependencies();
// Who asks for some of the tests is spared the engines, unless it may be theirs.
const args = process.argv.slice(2);
const paths = args.filter((argument) => !argument.startsWith('-'));
if (paths.length === 0 || paths.some((path) => /runtimes|sdk|tools/.test(path))) await installEngines();
await build();
const browser = await findBrowser({ install: true });
sayWhatIsMissing();
const hasShared = existsSync(join(root, '../shared/REQUIREMENTS.md'));
if (!hasShared) say('· ../shared is absent: the comparisons with its files are skipped, by name');

const temporary = ownTemporaryFolder();
const outcome = await runTests({
  args,
  env: {
    ...temporary.env,
    ...(browser ? { CHROMIUM_PATH: browser } : {}),
    ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
  },
  journal: join(temporary.path, 'journal'),
  limitMs: limitMs - (Date.now() - startMs),
});
counts = tellOutcome(outcome);
if (counts.failed > 0 && !process.env.KEEP_TEST_FILES)
  say('· to see what a failed test wrote, run it again with KEEP_TEST_FILES=1');
temporary.remove();
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
