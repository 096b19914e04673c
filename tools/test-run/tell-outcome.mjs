import { say } from '../lib/say.mjs';
import { underWay } from './read-journal.mjs';

const SLOWEST = 10;

/**
 * What a run came to, said on standard error; answers with the numbers of its closing line. Whatever kept tests from being run is a failure each: an
 * error outside of tests, a file that was ended, one whose turn never came.
 *
 * @param {Awaited<ReturnType<typeof import('./run-tests.mjs').runTests>>} outcome
 */
export function tellOutcome({ journal, code, stopped }) {
  const { files, tested, errors, overMs } = journal;
  const of = (state) => tested.filter((one) => one.state === state);
  for (const { test } of of('skipped')) say(`· skipped: ${test}`);
  for (const { test, errors: found } of of('passed'))
    if (found.length > 0) say(`· passed on the second try: ${test}: ${found[0]}`);

  const failures = [];
  for (const [name, file] of files) {
    for (const error of file.errors) failures.push(`could not run ${name}: ${error}`);
    if (file.stopped !== undefined) failures.push(`ended ${name}: ${file.stopped}`);
    else if (file.state === 'runs') failures.push(`not run to its end: ${name}${underWay(file)}`);
  }
  const waiting = [...files].filter(([, { state }]) => state === 'waits');
  for (const [name] of waiting) failures.push(`its turn never came: ${name}`);
  // Of the process of a file that was ended, vitest has to say that it is gone.
  const wasEnded = [...files.values()].some((file) => file.stopped !== undefined);
  for (const error of errors)
    if (!wasEnded || !error.startsWith('[vitest-pool]')) failures.push(`outside of any test: ${error}`);
  // Once more at the end, where it is looked for first.
  for (const { test, file, errors: found } of of('failed'))
    failures.push(`failed: ${test} (${file}): ${found[0] ?? ''}`);
  if (stopped !== undefined) failures.push(`the run was ended: ${stopped}`);
  else if (overMs === undefined) failures.push(`vitest ended with ${code} and without its last word`);
  else if (code !== 0 && failures.length === 0) failures.push(`vitest ended with ${code}`);

  const slowest = [...files]
    .filter(([, { state }]) => state !== 'waits')
    .map(([name, { beganMs, lastMs }]) => ({ name, seconds: Math.round((lastMs - beganMs) / 1000) }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST);
  say('· the slowest files:');
  for (const { name, seconds } of slowest) say(`  ${String(seconds).padStart(5)} s  ${name}`);
  for (const failure of failures) say(`✗ ${failure}`);
  return { passed: of('passed').length, failed: failures.length, skipped: of('skipped').length };
}
