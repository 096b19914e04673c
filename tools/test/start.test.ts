import { spawnSync } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../lib/root.mjs';

const start = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'tools/start.mjs'), ...args], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, stdout, stderr };
};

test('npm start says that the port of the shop is taken, and what to do, before it starts anything', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    expect(start('--port', String(port))).toEqual({
      status: 1,
      stdout: '',
      stderr: `✗ Port ${port} (the shop's) is taken by another program, perhaps another npm start. Stop it, or choose another: npm start -- --port 0\n`,
    });
  } finally {
    server.close();
  }
});

test('npm start refuses a port that is none and an option that it does not have, in a sentence', () => {
  expect(start('--port', 'x')).toEqual({
    status: 1,
    stdout: '',
    stderr: '✗ --port must be a whole number from 0 to 65535, not "x".\n',
  });
  const unknown = start('--prot', '1');
  expect(unknown).toMatchObject({ status: 1, stdout: '' });
  expect(unknown.stderr).toMatch(/Unknown option '--prot'/);
  expect(unknown.stderr).toContain("--port N       the shop's port");
  expect(unknown.stderr).not.toMatch(/\n {4}at /);
});
