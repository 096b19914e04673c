import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { pathOnMachine } from '../on-this-machine.js';
import type { DrivenBrowser, DrivenPage } from './driven-browser.js';
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
  const options = { executablePath: executablePath!, headless: true, args: flags };
  const browser = await chromium.launch(options);
  const profile = mkdtempSync(join(tmpdir(), 'throughline-chromium-'));
  /** Its profile is on disk, which takes longer than what a page of its own stores in memory. */
  let lasting: Promise<BrowserContext> | undefined;

  async function openIn(context: BrowserContext, url: string): Promise<DrivenPage> {
    const page = await context.newPage();
    await page.goto(url);
    return {
      goto: async (address) => void (await page.goto(address)),
      evaluate: (expression) => page.evaluate(expression),
      click: (selector) => page.click(selector),
      close: () => page.close({ runBeforeUnload: false }),
    };
  }

  return {
    version: browser.version(),
    async open(url) {
      const context = await browser.newContext();
      const page = await openIn(context, url);
      return {
        ...page,
        async close() {
          await page.close();
          await context.close();
        },
      };
    },
    // Without a screen every page is visible.
    async visit(url) {
      lasting ??= chromium.launchPersistentContext(profile, {
        ...options,
        ignoreDefaultArgs: ['--disable-back-forward-cache'],
      });
      return openIn(await lasting, url);
    },
    killRenderers: () =>
      killAll(
        processesBelow(process.pid).filter(
          ({ command }) => command.includes('--type=renderer') && command.includes(profile),
        ),
      ),
    async close() {
      await (await lasting)?.close();
      await browser.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
