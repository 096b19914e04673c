import { fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCollector, untilOpen } from './asked-collector.mjs';

const parent = fileURLToPath(new URL('../.data', import.meta.url));

/**
 * Calls `use` with a data directory and what was written down about it. The directory gets its schema from the collector and its rows from the engine (`loader`, a
 * program of this folder, gets the directory, `rows` and the end of the time in Unix seconds). A `given` directory is kept, and not filled again where it is filled already.
 */
export async function withLoadedDirectory({ name, given, loader, rows, unit, endSeconds }, use) {
  mkdirSync(parent, { recursive: true });
  const data = given ?? mkdtempSync(join(parent, `${name}-`));
  try {
    mkdirSync(data, { recursive: true });
    const noteFile = join(data, `bench-${name}.json`);
    if (!existsSync(noteFile)) {
      await load({ data, loader, rows, unit, endSeconds });
      writeFileSync(noteFile, JSON.stringify({ [unit]: rows, endSeconds }));
    }
    await use(data, JSON.parse(readFileSync(noteFile, 'utf8')));
  } finally {
    if (given === undefined) rmSync(data, { recursive: true, force: true });
  }
}

async function load({ data, loader, rows, unit, endSeconds }) {
  const first = startCollector(data);
  await untilOpen(await first.origin);
  await first.stop();
  const began = performance.now();
  const program = fileURLToPath(new URL(loader, import.meta.url));
  await new Promise((resolve, reject) => {
    const child = fork(program, [data, String(rows), String(endSeconds)]);
    child.on('message', ({ loaded }) => process.stderr.write(`\r  ${(loaded / 1e6).toFixed(1)} million ${unit}`));
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`loading ended with ${code}`))));
  });
  process.stderr.write(` loaded in ${Math.round((performance.now() - began) / 1000)} s\n`);
}
