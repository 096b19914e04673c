import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { root } from './root.mjs';

/*
 * A figure without its machine and its day says little. Benches write bench/out/<name>.json; beside it, in bench/out/about/, stands on what
 * and when it was measured.
 */

const out = join(root, 'bench/out');

/** When each results file was written, by its name. */
export function resultTimes() {
  const times = new Map();
  try {
    for (const file of readdirSync(out))
      if (file.endsWith('.json')) times.set(file.slice(0, -5), statSync(join(out, file)).mtimeMs);
  } catch {}
  return times;
}

/** Notes the machine and the day for every result that was written since `before`. */
export function noteMeasurements(before, command) {
  for (const [name, time] of resultTimes()) if (time !== before.get(name)) note(name, command);
}

function note(name, command) {
  const about = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() || process.arch}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release().replace(/-.*/, '')}`,
    node: process.version,
    command,
  };
  mkdirSync(join(out, 'about'), { recursive: true });
  writeFileSync(join(out, 'about', `${name}.json`), `${JSON.stringify(about, null, 2)}\n`);
}

/** `{ date, machine, node, command }` of a result; `undefined` where nobody noted it. */
export function readAbout(name, read = (path) => readFileSync(join(root, path), 'utf8')) {
  try {
    return JSON.parse(read(`bench/out/about/${name}.json`));
  } catch {
    return undefined;
  }
}
