import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from '../lib/root.mjs';

/*
 * A reporter of vitest: what happens is written down the moment it happens, a line of JSON each, so that a run that is cut off, or that never ends, has
 * said what it got. `read-journal.mjs` reads it.
 */

const write = (line) => appendFileSync(process.env.TEST_JOURNAL, `${JSON.stringify({ at: Date.now(), ...line })}\n`);
const fileOf = (module) => relative(root, module.moduleId);
const firstLine = (error) => {
  const [first, ...rest] = String(error?.message ?? error).split('\n');
  // A property that fails once and holds at the next try has found something: what begins it again, and its example, are kept.
  return first.startsWith('Property failed') ? [first, ...rest.slice(0, 2)].join(' ').slice(0, 1_000) : first;
};

/** With what was there instead of what was expected, as far as a line takes it: of a test that passed at the next try nothing else is kept. */
function inOneLine(error) {
  const found = [];
  for (const line of String(error?.diff ?? '')
    .split('\n')
    .slice(2)) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a difference comes in colours
    const plain = line.replace(/\u001b\[\d+m/g, '').trim();
    if (/^[+-] /.test(plain)) found.push(plain.replace(/\s+/g, ' '));
  }
  const more = found.join(' ').slice(0, 300);
  return more ? `${firstLine(error)} | ${more}` : firstLine(error);
}

export default class TestJournal {
  onTestRunStart(specifications) {
    write({ is: 'planned', files: specifications.map(fileOf) });
  }

  onTestModuleQueued(module) {
    write({ is: 'begun', file: fileOf(module) });
  }

  onTestCaseReady(test) {
    write({ is: 'testing', file: fileOf(test.module), test: test.fullName });
  }

  onTestCaseResult(test) {
    const { state, errors = [] } = test.result();
    write({ is: 'tested', file: fileOf(test.module), test: test.fullName, state, errors: errors.map(inOneLine) });
  }

  onTestModuleEnd(module) {
    // What failed outside of any test: the file itself, or a hook of a group, whose tests then are told as skipped.
    const groups = [module, ...module.children.allSuites()];
    const errors = groups.flatMap((group) => group.errors().map(firstLine));
    write({ is: 'ended', file: fileOf(module), errors });
  }

  onTestRunEnd(_, errors) {
    write({ is: 'over', errors: errors.map(firstLine) });
  }
}
