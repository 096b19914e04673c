import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { chromiumArgs, chromiumPath } from './chromium.js';

/** A browser with a profile that outlives it, as a person has it; it can be killed like any process. */
export interface KillableChromium extends AsyncDisposable {
  /** Starts it where it does not run, with what the profile holds. Its only context, whose storage is that of the profile. */
  context(): Promise<BrowserContext>;
  /** As when the machine runs out of memory, or somebody pulls the plug of the process. */
  kill(): Promise<void>;
  /** As when a person closes it. */
  close(): Promise<void>;
}

export function killableChromium(): KillableChromium {
  const profile = mkdtempSync(join(tmpdir(), 'throughline-profile-'));
  let running: { readonly child: ChildProcess; readonly browser: Browser } | undefined;

  async function start(): Promise<NonNullable<typeof running>> {
    const child = spawn(
      chromiumPath!,
      [...chromiumArgs, '--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
      // A group of its own: its renderers die with it, and nothing else does.
      { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
    );
    const address = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const found = said.match(/DevTools listening on (ws:\S+)/)?.[1];
        if (found) resolve(found);
      });
      child.once('exit', () => reject(new Error(`Chromium ended before it listened: ${said}`)));
    });
    return { child, browser: await chromium.connectOverCDP(address) };
  }

  async function end(how: (child: ChildProcess, browser: Browser) => unknown): Promise<void> {
    if (!running) return;
    const { child, browser } = running;
    running = undefined;
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    await how(child, browser);
    await ended;
    await browser.close().catch(() => {});
  }

  return {
    async context() {
      running ??= await start();
      return running.browser.contexts()[0]!;
    },
    kill: () => end((child) => process.kill(-child.pid!, 'SIGKILL')),
    close: () =>
      end(async (_, browser) => {
        const session = await browser.newBrowserCDPSession();
        await session.send('Browser.close').catch(() => {});
      }),
    async [Symbol.asyncDispose]() {
      await this.kill();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
