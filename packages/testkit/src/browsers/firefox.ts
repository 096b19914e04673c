import puppeteer from 'puppeteer-core';
import { pathOnMachine } from '../on-this-machine.js';
import type { DrivenBrowser, DrivenPage } from './driven-browser.js';
import { killAll, processesBelow } from './processes-below.js';

const executablePath = pathOnMachine('firefox');

/**
 * The machine's Firefox, without a window, over WebDriver BiDi (Playwright drives only a Firefox of its own); `undefined` where there is none.
 */
export const driveFirefox = executablePath ? drive : undefined;

async function drive(): Promise<DrivenBrowser> {
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: executablePath!, headless: true });
  const open = async (url: string, type: 'tab' | 'window'): Promise<DrivenPage> => {
    const page = await browser.newPage({ type });
    await page.goto(url);
    return {
      goto: async (address) => void (await page.goto(address)),
      evaluate: <T>(expression: string) => page.evaluate(expression) as Promise<T>,
      click: (selector) => page.click(selector),
      close: () => page.close(),
    };
  };
  return {
    version: await browser.version(),
    open: (url) => open(url, 'tab'),
    // A tab is hidden by the next one.
    visit: (url) => open(url, 'window'),
    killRenderers: () =>
      killAll(processesBelow(browser.process()!.pid!).filter(({ command }) => / -contentproc .* tab$/.test(command))),
    close: () => browser.close(),
  };
}
