import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const asc = fileURLToPath(new URL('../../../../node_modules/assemblyscript/bin/asc.js', import.meta.url));
const guests = fileURLToPath(new URL('guests/', import.meta.url));

/** Compiles `guests/<name>.ts` with AssemblyScript's own compiler; the bindings lie beside the module as `<name>.js`. */
export async function compileGuest(name: string, outdir: string, more: readonly string[] = []) {
  const file = join(outdir, `${name}.wasm`);
  await promisify(execFile)(process.execPath, [asc, join(guests, `${name}.ts`), '--outFile', file, '-O', ...more], {
    cwd: guests,
  });
  return { file, bytes: readFileSync(file) };
}
