import { closeSync, existsSync, openSync, readSync } from 'node:fs';

/**
 * What a run of tests has said of itself so far (`write-journal.mjs`), read on at each call.
 *
 * @typedef {{ state: 'waits' | 'runs' | 'ended', pid?: number, beganMs: number, lastMs: number, testing: Set<string>, errors: string[], stopped?: string }} TestFile
 * @typedef {{ file: string, test: string, state: 'passed' | 'failed' | 'skipped', errors: string[] }} TestedCase
 * @param {string} path
 */
export function readJournal(path) {
  /** @type {Map<string, TestFile>} */
  const files = new Map();
  /** @type {TestedCase[]} */
  const tested = [];
  /** Errors that belong to no file. @type {string[]} */
  const errors = [];
  let over;
  let descriptor;
  let rest = '';
  const bytes = Buffer.alloc(65_536);
  const fileOf = (name, at) => {
    if (!files.has(name)) files.set(name, { state: 'waits', beganMs: at, lastMs: at, testing: new Set(), errors: [] });
    const file = files.get(name);
    file.lastMs = at;
    return file;
  };
  const take = {
    planned: ({ at, files: names }) => {
      for (const name of names) fileOf(name, at);
    },
    begun: ({ at, file }) => Object.assign(fileOf(file, at), { state: 'runs', beganMs: at }),
    worker: ({ at, file, pid }) => Object.assign(fileOf(file, at), { pid }),
    testing: ({ at, file, test }) => fileOf(file, at).testing.add(test),
    tested: ({ at, is: _, ...one }) => {
      fileOf(one.file, at).testing.delete(one.test);
      tested.push(one);
    },
    ended: ({ at, file, errors: found }) => Object.assign(fileOf(file, at), { state: 'ended', errors: found }),
    over: ({ at, errors: found }) => {
      over = at;
      errors.push(...found);
    },
  };
  return {
    files,
    tested,
    errors,
    /** When vitest had said its last word. */
    get overMs() {
      return over;
    },
    readOn() {
      if (descriptor === undefined && existsSync(path)) descriptor = openSync(path, 'r');
      if (descriptor === undefined) return;
      for (let read = readSync(descriptor, bytes); read > 0; read = readSync(descriptor, bytes))
        rest += bytes.toString('latin1', 0, read);
      const lines = rest.split('\n');
      // The last one may not be whole yet.
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const said = JSON.parse(Buffer.from(line, 'latin1').toString());
        take[said.is](said);
      }
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
    },
  };
}

/** Which tests a file had begun and not ended, as far as it could still say. @param {TestFile} file */
export const underWay = ({ testing }) => (testing.size === 0 ? '' : ` (under way: ${[...testing].join(', ')})`);
