import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { pathOnMachine } from '../on-this-machine.js';
import type { DrivenBrowser } from './driven-browser.js';
import { killAll, processesBelow } from './processes-below.js';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--js-flags=--expose-gc',
];

const executablePath = pathOnMachine('chromium');

/** The machine's Chromium, without a window; `undefined` where there is none. */
export const driveChromium = executablePath ? drive : undefined;

async function drive(): Promise<DrivenBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'throughline-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executablePath!,
    headless: true,
    args: flags,
  });
  return {
    version: context.browser()!.version(),
    // Without a screen every page is visible.
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return {
        goto: async (address) => void (await page.goto(address)),
        evaluate: (expression) => page.evaluate(expression),
        click: (selector) => page.click(selector),
        close: () => page.close({ runBeforeUnload: false }),
      };
    },
    killRenderers: () =>
      killAll(
        processesBelow(process.pid).filter(
          ({ command }) => command.includes('--type=renderer') && command.includes(profile),
        ),
      ),
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
