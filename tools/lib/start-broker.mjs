import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/**
 * A Mosquitto of our own on a free port of this machine, for whoever comes; it remembers nothing.
 *
 * @param {string} program  Its path.
 * @returns {Promise<{ url: string, stop(): Promise<void> }>} Once it listens.
 */
export async function startBroker(program) {
  const folder = mkdtempSync(join(tmpdir(), 'throughline-broker-'));
  const port = await freePort();
  const settings = join(folder, 'mosquitto.conf');
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    `user ${userInfo().username}`,
    'log_dest stderr',
  ];
  writeFileSync(settings, lines.join('\n'));
  const broker = spawn(program, ['-c', settings], { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => broker.kill('SIGTERM');
  process.once('exit', kill);
  const ended = new Promise((done) => broker.once('exit', done));
  const stop = async () => {
    process.removeListener('exit', kill);
    kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await new Promise((resolve, reject) => {
      let said = '';
      broker.once('error', reject);
      broker.once('exit', () => reject(new Error(`mosquitto did not start: ${said}`)));
      broker.stderr.setEncoding('utf8').on('data', (text) => {
        said += text;
        if (/ running\n/.test(said)) resolve();
      });
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return { url: `mqtt://127.0.0.1:${port}`, stop };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
