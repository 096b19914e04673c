import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Rows of a bench that can be run in parts: those measured now take the place of those of their names, the others stay. */
export function writeRows(bench, rows) {
  const folder = fileURLToPath(new URL('../out/', import.meta.url));
  const file = `${folder}${bench}.json`;
  mkdirSync(folder, { recursive: true });
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  const names = new Set(rows.map(({ name }) => name));
  const kept = before.filter(({ name }) => !names.has(name));
  writeFileSync(file, `${JSON.stringify([...kept, ...rows], undefined, 2)}\n`);
}
