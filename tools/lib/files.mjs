import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './root.mjs';

const skipped = new Set(['node_modules', 'dist', '.git', '.throughline', '.data', 'out', 'target', 'coverage']);

/**
 * All files below `directory` (relative to the root) whose name `accepts`; paths relative to the root.
 *
 * @param {string} directory
 * @param {(name: string) => boolean} [accepts]
 */
export function filesBelow(directory, accepts = () => true) {
  const found = [];
  const walk = (folder) => {
    let entries;
    try {
      entries = readdirSync(folder, { withFileTypes: true });
    } catch {
      return;
    }
    for (const entry of entries) {
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name)) walk(join(folder, entry.name));
      } else if (accepts(entry.name)) found.push(relative(root, join(folder, entry.name)).replaceAll('\\', '/'));
    }
  };
  walk(join(root, directory));
  return found.sort();
}

/** Modification time of a file in milliseconds, 0 where there is none. */
export function modifiedMs(path) {
  try {
    return statSync(join(root, path)).mtimeMs;
  } catch {
    return 0;
  }
}
