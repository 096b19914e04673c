import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../lib/root.mjs';

/** What a script imports before it runs its first line, and what that imports; with the script it came by. */
function importedAtOnce(script: string, seen = new Map<string, string>(), by = script): Map<string, string> {
  if (seen.has(script)) return seen;
  seen.set(script, by);
  const text = readFileSync(script, 'utf8');
  for (const [, from] of text.matchAll(
    /^(?:import\s+(?:[^;'"]*?\sfrom\s+)?|export\s+[^;'"=()]*?\sfrom\s+)['"]([^'"]+)['"]/gm,
  )) {
    if (from!.startsWith('.')) importedAtOnce(join(dirname(script), from!), seen, script);
    else if (!from!.startsWith('node:')) seen.set(from!, script);
  }
  return seen;
}

test.each(['start', 'test', 'check', 'size', 'bench', 'install-machine'])(
  'npm run %s begins in a fresh clone, where no package is installed yet',
  (verb) => {
    const reached = [...importedAtOnce(join(root, `tools/${verb}.mjs`))];
    expect(reached.length).toBeGreaterThan(1);
    const packages = reached.filter(([what]) => !what.startsWith(root));
    expect(packages.map(([what, by]) => `${relative(root, by)} imports ${what}`)).toEqual([]);
  },
);
