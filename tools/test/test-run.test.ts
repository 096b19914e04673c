import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../lib/root.mjs';

// The real runner on a folder of files of its own, as `npm test` starts it.

let folder: string;
beforeEach(() => {
  mkdirSync(join(root, '.throughline'), { recursive: true });
  folder = mkdtempSync(join(root, '.throughline/test-run-'));
  file(
    'vitest.config.mjs',
    `export default { test: { maxWorkers: 2, setupFiles: ['${root}/tools/test-run/note-worker.mjs'] } };`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, code: string) => writeFileSync(join(folder, name), code);

function run(limits: { limitMs?: number; silenceMs?: number } = {}): ChildProcess {
  const options = {
    args: ['--root', folder],
    env: { NO_COLOR: '1' },
    journal: join(folder, 'journal'),
    limitMs: limits.limitMs ?? 120_000,
    silenceMs: limits.silenceMs ?? 120_000,
  };
  const program = `
    const { runTests } = await import('${root}/tools/test-run/run-tests.mjs');
    const { tellOutcome } = await import('${root}/tools/test-run/tell-outcome.mjs');
    console.log(JSON.stringify(tellOutcome(await runTests(${JSON.stringify(options)}))));`;
  return spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Its closing numbers, and what it says of failures. */
async function told(child: ChildProcess) {
  const [out, said] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  return {
    counts: JSON.parse(out.trim().split('\n').at(-1)!),
    failures: said.split('\n').filter((line) => /^[✗·]/.test(line)),
  };
}

const isAlive = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

const hangs = () => `
  import { spawn } from 'node:child_process';
  import { writeFileSync } from 'node:fs';
  import { test } from 'vitest';
  test('hangs', () => {
    const { pid } = spawn('sleep', ['1000'], { detached: true });
    writeFileSync('${join(folder, 'pid')}', String(pid));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

test('what a run of tests came to is counted: failures of hooks, of files and outside of tests too, and second tries are named', async () => {
  file(
    'some.test.ts',
    `import { beforeAll, describe, expect, test } from 'vitest';
    test('passes', () => {});
    test('fails', () => { expect(1).toBe(2); });
    test.skip('is skipped', () => {});
    describe('a group', () => { beforeAll(() => { throw new Error('of a hook'); }); test('in it', () => {}); });
    test('leaves something behind', async () => {
      setTimeout(() => { throw new Error('thrown later'); });
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    let tries = 0;
    test('is moody', { retry: 1 }, () => { if (tries++ === 0) throw new Error('once'); });`,
  );
  file('none.test.ts', `import 'a-package-that-nobody-has';`);
  const { counts, failures } = await told(run());
  expect(failures.map((line) => line.replace(/[^\s(]*test-run-\w+\//g, ''))).toEqual([
    '· skipped: is skipped',
    '· skipped: a group > in it',
    '· passed on the second try: is moody: once',
    '· the slowest files:',
    expect.stringMatching(/^✗ could not run none\.test\.ts: .*a-package-that-nobody-has/),
    '✗ could not run some.test.ts: of a hook',
    '✗ outside of any test: thrown later',
    '✗ failed: fails (some.test.ts): expected 1 to be 2 // Object.is equality | - 2 + 1',
  ]);
  expect(counts).toEqual({ passed: 3, failed: 4, skipped: 2 });
});

test('a file that hangs is ended with what it has started, named, and the others are run to their end', async () => {
  file('hangs.test.ts', hangs());
  file('other.test.ts', `import { test } from 'vitest'; test('passes', () => {});`);
  const { counts, failures } = await told(run({ silenceMs: 8_000 }));
  expect(counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(failures).toContainEqual(
    expect.stringMatching(/^✗ ended \S*hangs\.test\.ts: nothing happened in it for \d+ s/),
  );
  expect(isAlive(Number(readFileSync(join(folder, 'pid'), 'utf8')))).toBe(false);
});

test('a run that is stopped says what it has got, and leaves nothing behind', async () => {
  file('hangs.test.ts', hangs());
  const child = run();
  const end = told(child);
  while (!existsSync(join(folder, 'pid'))) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGTERM');
  const { counts, failures } = await end;
  expect(counts).toMatchObject({ passed: 0, skipped: 0 });
  expect(failures.at(-1)).toBe('✗ the run was ended: it was stopped by SIGTERM');
  expect(isAlive(Number(readFileSync(join(folder, 'pid'), 'utf8')))).toBe(false);
});
