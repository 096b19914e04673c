import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../lib/root.mjs';

let around: string;
beforeEach(() => {
  mkdirSync(join(root, '.throughline'), { recursive: true });
  around = mkdtempSync(join(root, '.throughline/temporary-'));
});
afterEach(() => rmSync(around, { recursive: true, force: true }));

/** What a run does: one that is killed writes into what the system calls the temporary folder, and a disk is mounted there where that is allowed. */
const program = `
  import { spawnSync } from 'node:child_process';
  const { ownTemporaryFolder } = await import('${root}/tools/test-run/own-temporary-folder.mjs');
  const { path, env, remove } = ownTemporaryFolder();
  spawnSync(process.execPath, ['-e', \`
    const { mkdtempSync, mkdirSync, writeFileSync } = require('node:fs');
    const folder = mkdtempSync(require('node:path').join(require('node:os').tmpdir(), 'left-'));
    writeFileSync(folder + '/file', 'x');
    mkdirSync(folder + '/disk');
    require('node:child_process').spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder + '/disk']);
    process.kill(process.pid, 'SIGKILL');
  \`], { env: { ...process.env, ...env } });
  console.log(path);
  console.log(JSON.stringify((await import('node:fs')).readdirSync(path)));
  if (process.argv[1] === 'remove') remove();
  if (process.argv[1] === 'throw') throw new Error('on the way');`;

async function run(how: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, how], {
    env: { ...process.env, TMPDIR: around, KEEP_TEST_FILES: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, said] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
  const [path = '', left = ''] = out.trim().split('\n');
  return { path, left, said };
}

test('what killed programs of a run leave lies in one folder, which goes with it, also where it fails, disks included', async () => {
  for (const how of ['remove', 'throw', 'just end']) {
    const { path, left } = await run(how);
    expect(path.startsWith(join(around, 'tl-test-'))).toBe(true);
    expect(left).toMatch(/^\["left-\w+"\]$/);
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(around)).toEqual([]);
  }
  expect(spawnSync('mount', { encoding: 'utf8' }).stdout ?? '').not.toContain(around);
});

test('what a run wrote is kept where it is asked for, and named', async () => {
  const { path, said } = await run('remove', { KEEP_TEST_FILES: '1' });
  expect(said).toContain(path);
  expect(readdirSync(path)).toHaveLength(1);
  for (const folder of readdirSync(path)) spawnSync('umount', ['-l', join(path, folder, 'disk')]);
});
