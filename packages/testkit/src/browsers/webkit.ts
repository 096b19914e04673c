import { type ChildProcess, spawn } from 'node:child_process';
import { freePort } from '../free-port.js';
import { pathOnMachine } from '../on-this-machine.js';
import type { DrivenBrowser, DrivenPage } from './driven-browser.js';
import { endChild } from './processes-below.js';
import { webkitScreen } from './webkit-screen.js';

/** How WebDriver marks an element in its answers. */
const elementKey = 'element-6066-11e4-a52e-4f735466cecf';

const [driver, miniBrowser, xvfb] = (['webkitDriver', 'miniBrowser', 'xvfb'] as const).map(pathOnMachine);

/**
 * WebKitGTK's MiniBrowser in a screen of its own, over WebDriver: the engine of Tauri on Linux. One command at a time, so whatever waits long should
 * not be an `evaluate`. `undefined` where the browser, its driver or Xvfb is missing.
 */
export const driveWebKit = driver && miniBrowser && xvfb ? drive : undefined;

async function drive(): Promise<DrivenBrowser> {
  const screen = await webkitScreen(xvfb!);
  const port = await freePort();
  const program = spawn(driver!, [`--port=${port}`, '--host=127.0.0.1'], {
    env: screen.env,
    stdio: 'ignore',
  });

  async function ask<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    const { value } = (await answer.json()) as { value: T & { error?: string; message?: string } };
    if (!answer.ok) throw new Error(`WebDriver ${path}: ${value.error}: ${value.message}`);
    return value;
  }
  const close = async (): Promise<void> => {
    await endChild(program);
    await screen.close();
  };

  try {
    await listening(port, program);
    const { sessionId, capabilities } = await ask<{ sessionId: string; capabilities: { browserVersion: string } }>(
      'POST',
      '/session',
      {
        capabilities: {
          alwaysMatch: {
            pageLoadStrategy: 'normal',
            'webkitgtk:browserOptions': { binary: miniBrowser!, args: ['--automation'] },
          },
        },
      },
    );
    const session = `/session/${sessionId}`;
    const post = <T>(path: string, body: object = {}) => ask<T>('POST', `${session}${path}`, body);
    let last: Promise<unknown> = Promise.resolve();
    const alone = <T>(run: () => Promise<T>): Promise<T> => {
      const mine = last.then(run);
      last = mine.catch(() => {});
      return mine;
    };
    // Stays open, so that the browser does; every other tab is opened from it.
    const first = await ask<string>('GET', `${session}/window`);
    const open = async (url: string, type: 'tab' | 'window'): Promise<DrivenPage> => {
      const handle = await alone(async () => {
        await post('/window', { handle: first });
        return (await post<{ handle: string }>('/window/new', { type })).handle;
      });
      /** Commands go to one window at a time: between choosing it and what is wanted of it no other may be chosen. */
      const there = <T>(run: () => Promise<T>) =>
        alone(async () => {
          await post('/window', { handle });
          return run();
        });
      await there(() => post('/url', { url }));
      return {
        goto: (address) => there(() => post('/url', { url: address })),
        async evaluate<T>(expression: string) {
          const script = `const done = arguments[0];
              Promise.resolve().then(() => (${expression})).then(
                (value) => done({ value }),
                (error) => done({ error: String(error && error.stack || error) }));`;
          const { value, error } = await there(() =>
            post<{ value: T; error?: string }>('/execute/async', { script, args: [] }),
          );
          if (error !== undefined) throw new Error(error);
          return value;
        },
        click: (selector) =>
          there(async () => {
            const found = await post<Record<string, string>>('/element', { using: 'css selector', value: selector });
            await post(`/element/${found[elementKey]}/click`);
          }),
        close: () => there(() => ask('DELETE', `${session}/window`)),
      };
    };
    return {
      version: capabilities.browserVersion,
      open: (url) => open(url, 'tab'),
      // A tab stays hidden, also when commands go to it.
      visit: (url) => open(url, 'window'),
      async close() {
        await ask('DELETE', session).catch(() => {});
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listening(port: number, program: ChildProcess): Promise<void> {
  for (;;) {
    if (program.exitCode !== null) throw new Error(`the driver ended with ${program.exitCode}`);
    const answered = await fetch(`http://127.0.0.1:${port}/status`).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
