import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { pathOnMachine } from './on-this-machine.js';

export interface MosquittoOptions {
  /** With users, nobody else may connect. */
  readonly users?: Readonly<Record<string, string>>;
  /** Lines of an access control list. */
  readonly acl?: readonly string[];
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface Mosquitto {
  readonly port: number;
  /** `mqtt://127.0.0.1:…`, or `mqtts://localhost:…`. */
  readonly url: string;
  /** Ends it; what it keeps for clients is saved. */
  stop(): Promise<void>;
  /** On the same port, with what it kept. */
  start(): Promise<void>;
  /** Ends it and forgets everything. */
  close(): Promise<void>;
}

/** A real broker on a free port of this machine, without limits to what it keeps for clients that are away. */
export async function startMosquitto({ users, acl, tls }: MosquittoOptions = {}): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), 'throughline-mosquitto-'));
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const port = await freePort();
  const config = [
    `listener ${port} 127.0.0.1`,
    `user ${userInfo().username}`,
    'persistence true',
    `persistence_location ${folder}/`,
    'max_queued_messages 0',
    'log_dest stderr',
    `allow_anonymous ${users === undefined}`,
  ];
  if (users !== undefined) {
    const passwords = file(
      'users',
      Object.entries(users)
        .map(([name, word]) => `${name}:${word}\n`)
        .join(''),
    );
    // Replaces the words by their hashes, in place.
    spawnSync('mosquitto_passwd', ['-U', passwords]);
    config.push(`password_file ${passwords}`);
  }
  if (acl !== undefined) config.push(`acl_file ${file('acl', `${acl.join('\n')}\n`)}`);
  if (tls !== undefined) config.push(`certfile ${file('cert.pem', tls.cert)}`, `keyfile ${file('key.pem', tls.key)}`);
  const settings = file('mosquitto.conf', `${config.join('\n')}\n`);
  let broker: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const child = spawn(pathOnMachine('mosquitto')!, ['-c', settings], { stdio: ['ignore', 'ignore', 'pipe'] });
    broker = child;
    let said = '';
    for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
      said += chunk;
      if (/ running\n/.test(said)) {
        child.stderr.resume();
        return;
      }
    }
    throw new Error(`mosquitto did not start:\n${said}`);
  };
  const stop = async (): Promise<void> => {
    const child = broker;
    broker = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  await start();
  return {
    port,
    url: tls === undefined ? `mqtt://127.0.0.1:${port}` : `mqtts://localhost:${port}`,
    start,
    stop,
    async close() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
