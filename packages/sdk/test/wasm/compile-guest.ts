import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const guests = fileURLToPath(new URL('guests/', import.meta.url));

/** Compiles `guests/<name>.ts` with AssemblyScript's own compiler; the bindings lie beside the module as `<name>.js`. */
export async function compileGuest(name: string, outdir: string, more: readonly string[] = []) {
  const file = join(outdir, `${name}.wasm`);
  const { error, stderr } = await asc.main([`${name}.ts`, '--baseDir', guests, '--outFile', file, '-O', ...more], {
    // Its own way joins an absolute folder to the base.
    listFiles: async (folder, base) =>
      (await readdir(resolve(base, folder))).filter((found) => /^(?!.*\.d\.ts$).*\.ts$/.test(found)),
  });
  if (error) throw new Error(`${name}.ts: ${error.message}\n${stderr.toString()}`);
  return { file, bytes: readFileSync(file) };
}
