import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { engineOf } from './engine.js';

/**
 * The name in the nearest `package.json` above the program's entry file; for a program started through a tool
 * (`next start`, whose entry lies in `node_modules`) above the working directory. `unknown_service:node`, which is what
 * the specification asks for, where there is none; in another engine its own name.
 */
export function defaultServiceName(entryFile: string | undefined = process.argv[1], cwd = process.cwd()): string {
  const entry = entryFile === undefined ? undefined : realPath(entryFile);
  const isTool = entry === undefined || entry.includes(`${sep}node_modules${sep}`);
  return nearestPackageName(isTool ? cwd : dirname(entry)) ?? `unknown_service:${engineOf().program}`;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function nearestPackageName(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    try {
      const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown };
      if (typeof name === 'string' && name !== '') return name;
      // A package.json without a name (only `{"type":"module"}`) marks a folder, not a program.
    } catch {
      // None here, or one that cannot be read.
    }
    if (dirname(folder) === folder) return undefined;
  }
}
