import { chromium } from 'playwright-core';
import { pathOnMachine } from '../on-this-machine.js';
import type { DrivenBrowser } from './driven-browser.js';

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
  const browser = await chromium.launch({ executablePath: executablePath!, headless: true, args: flags });
  return {
    version: browser.version(),
    async open(url) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(url);
      return {
        goto: async (address) => void (await page.goto(address)),
        evaluate: (expression) => page.evaluate(expression),
        click: (selector) => page.click(selector),
        async close() {
          await page.close({ runBeforeUnload: false });
          await context.close();
        },
      };
    },
    close: () => browser.close(),
  };
}
