import { build } from './build.mjs';
import { cargoTarget } from './lib/cargo-target.mjs';
import { filesBelow } from './lib/files.mjs';
import { findOnMachine, installOnMachine, sayWhatIsMissing } from './lib/machine.mjs';
import { installDependencies } from './lib/prepare.mjs';
import { run } from './lib/run.mjs';
import { say } from './lib/say.mjs';

/*
 * What `.ci/run` does first on a fresh machine: Debian packages, the sources of the Rust crates, and a first build of the desktop program, which compiles
 * Tauri: minutes that the tests need not have in their time. A second call does nothing.
 * Fails never: what could not be had is skipped by name in `npm test`.
 */

await installOnMachine();
sayWhatIsMissing();

const cargo = findOnMachine('cargo');
const locks = [
  'Cargo.lock',
  ...['crates', 'examples'].flatMap((folder) => filesBelow(folder, (name) => name === 'Cargo.lock')),
];
for (const lock of cargo ? locks : []) {
  const manifest = lock.replace(/\.lock$/, '.toml');
  if (
    (await run(cargo, ['fetch', '--locked', '--manifest-path', manifest], { quiet: true, limitMs: 3 * 60_000 })) !== 0
  )
    say(`✗ the crates of ${manifest} could not be fetched`);
}
if (cargo && findOnMachine('webkitLibraries')) {
  await installDependencies();
  await build();
  const args = ['build', '--locked', '--quiet', '--package', 'people'];
  const env = { CARGO_TARGET_DIR: cargoTarget };
  if ((await run(cargo, args, { quiet: true, env, limitMs: 12 * 60_000 })) !== 0)
    say('✗ the desktop program could not be built');
}
