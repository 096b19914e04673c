import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { modifiedMs } from './files.mjs';
import { findOnMachine, installOnMachine } from './machine.mjs';
import { root } from './root.mjs';
import { must, run } from './run.mjs';
import { fail, say } from './say.mjs';

/** Ends with a clear sentence on a Node that the product does not support. */
export function needNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(
      `Throughline needs Node 20.19 or newer; this is ${process.versions.node}. Install a newer Node and try again.`,
    );
}

/** Installs the workspace's dependencies where they are missing or older than the lock file. */
export async function installDependencies() {
  const installed = modifiedMs('node_modules/.package-lock.json');
  if (installed > 0 && installed >= modifiedMs('package-lock.json')) return;
  say('· installing dependencies (npm ci; the embedded database is a 167 MB download the first time)');
  await must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { limitMs: 10 * 60_000 });
}

/** Path of a Chromium on this machine; installs Debian's where that is possible without asking. */
export async function findBrowser({ install }) {
  if (install) await installOnMachine(['chromium']);
  return findOnMachine('chromium');
}

/** Installs the benches' own dependencies (the peers), which nothing else needs. */
export async function installBenchDependencies() {
  if (
    existsSync(join(root, 'bench/node_modules')) &&
    modifiedMs('bench/node_modules/.package-lock.json') >= modifiedMs('bench/package-lock.json')
  )
    return;
  say('· installing the peers that the benches compare with (bench/)');
  await must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: join(root, 'bench') });
}

/** Installs the other engines that the suites run in. Where they cannot be had, their tests are skipped by name. */
export async function installEngines() {
  const folder = 'packages/testkit/engines';
  if (modifiedMs(`${folder}/node_modules/.package-lock.json`) >= modifiedMs(`${folder}/package-lock.json`)) return;
  say(`· installing Node 22 and 24, Deno and Bun for the tests of runtimes (${folder}, a 200 MB download)`);
  // They are programs and need no script of theirs to be run. Not `npm ci`: it refuses a lock file without the programs of other platforms, which a registry
  // that mirrors only what was asked for cannot name.
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  if ((await run('npm', args, { cwd: join(root, folder), limitMs: 5 * 60_000 })) !== 0)
    say('· they could not be installed: the tests in them are skipped, by name');
}
