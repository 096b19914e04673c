import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { pathOnMachine } from '../on-this-machine.js';
import { endChild, killAll, processesBelow } from './processes-below.js';
import { webkitScreen } from './webkit-screen.js';

const [miniBrowser, xvfb] = (['miniBrowser', 'xvfb'] as const).map(pathOnMachine);

/** A browser that shows pages and cannot be told anything else. */
export interface UndrivenBrowser {
  readonly version: string;
  /** Starts it, in the place of the one before, with its profile: a tab for each address. */
  show(urls: readonly string[]): Promise<void>;
  /** Ends the processes of its pages (SIGKILL) and resolves with their number when they are gone. It lives on. */
  killRenderers(): Promise<number>;
  close(): Promise<void>;
}

/**
 * WebKitGTK's MiniBrowser as a person starts it, in a screen of its own: one that is driven ends with the first page whose process ends, and has no profile
 * that outlives it. `undefined` where the browser or Xvfb is missing.
 */
export const showWebKit = miniBrowser && xvfb ? open : undefined;

async function open(): Promise<UndrivenBrowser> {
  const { env, close } = await webkitScreen(xvfb!);
  const version =
    execFileSync(miniBrowser!, ['--version'], { env, encoding: 'utf8' }).match(/\d+\.\d+\.\d+/)?.[0] ?? '';
  let running: ChildProcess | undefined;
  const end = async (): Promise<void> => {
    if (running) await endChild(running);
  };
  return {
    version,
    async show(urls) {
      await end();
      running = spawn(miniBrowser!, [...urls], { env, stdio: 'ignore' });
    },
    killRenderers: () =>
      killAll(processesBelow(running!.pid!).filter(({ command }) => command.includes('WebKitWebProcess'))),
    async close() {
      await end();
      await close();
    },
  };
}
