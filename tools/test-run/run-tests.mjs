import { spawn } from 'node:child_process';
import { root } from '../lib/root.mjs';
import { bin } from '../lib/run.mjs';
import { say } from '../lib/say.mjs';
import { processTree } from './process-tree.mjs';
import { readJournal, underWay } from './read-journal.mjs';

/** A file in which no test begins or ends for so long hangs: no test or hook may take longer (`vitest.config.ts`, and what files set for themselves). */
const SILENCE_MS = 12 * 60_000;
const LOOK_MS = 1_000;
/** Between the last word of a run and the end of its process. */
const LEAVE_MS = 30_000;

/**
 * Runs vitest and watches it. A file that hangs is ended and named, with what it has started; a run that takes too long, or that is to stop, is ended
 * with what it has got.
 *
 * @param {{ args: readonly string[], env: Record<string, string>, journal: string, limitMs: number, silenceMs?: number }} options
 * @returns {Promise<{ journal: ReturnType<typeof readJournal>, code: number, stopped?: string }>}
 */
export async function runTests({ args, env, journal: path, limitMs, silenceMs = SILENCE_MS }) {
  const journal = readJournal(path);
  const child = spawn(
    bin('vitest'),
    ['run', '--reporter=default', '--reporter=./tools/test-run/write-journal.mjs', ...args],
    {
      cwd: root,
      env: { ...process.env, ...env, TEST_JOURNAL: path },
      stdio: 'inherit',
    },
  );
  const tree = processTree(child.pid);
  let stopped;
  const end = () => {
    tree.kill();
    child.kill('SIGKILL');
  };
  const stop = (why) => {
    if (stopped !== undefined) return;
    stopped = why;
    end();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const onSignal = (signal) => stop(`it was stopped by ${signal}`);
  for (const signal of signals) process.on(signal, onSignal);
  const startMs = Date.now();
  const timer = setInterval(() => {
    tree.look();
    journal.readOn();
    const now = Date.now();
    if (now - startMs > limitMs) return stop(`it took more than ${Math.round(limitMs / 60_000)} minutes`);
    for (const [name, file] of journal.files) {
      if (file.state !== 'runs' || now - file.lastMs < silenceMs) continue;
      file.state = 'ended';
      file.stopped = `nothing happened in it for ${Math.round((now - file.lastMs) / 1000)} s${underWay(file)}`;
      file.lastMs = now;
      say(`✗ ${name} is ended: ${file.stopped}`);
      // Without a pid its process never began; vitest itself gives that a limit.
      if (file.pid !== undefined) tree.kill(file.pid);
    }
    if (now - journal.overMs > LEAVE_MS) {
      say('· vitest had said its last word and did not leave: it is ended');
      end();
    }
  }, LOOK_MS);
  const code = await new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('exit', (exitCode) => resolve(exitCode ?? 1));
  });
  clearInterval(timer);
  for (const signal of signals) process.off(signal, onSignal);
  journal.readOn();
  const left = tree.kill();
  if (left > 0 && stopped === undefined) say(`· ${left} processes had outlived their tests: they are ended`);
  return { journal, code, stopped };
}
