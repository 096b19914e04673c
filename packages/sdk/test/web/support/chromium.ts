import { type Browser, chromium } from 'playwright-core';
import { pathOnMachine } from '../../../../testkit/src/on-this-machine.js';

/** A Chromium on this machine; `undefined` skips the tests that need one, aloud. */
export const chromiumPath: string | undefined = pathOnMachine('chromium');
if (!chromiumPath) console.warn('SKIPPED: tests in a real page need Chromium; install it or set CHROMIUM_PATH');

export const chromiumArgs: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** `withoutArgs`: what Playwright adds by itself and a test does not want. */
export const launchChromium = (
  extraArgs: readonly string[] = [],
  withoutArgs: readonly string[] = [],
): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath!,
    headless: true,
    ignoreDefaultArgs: [...withoutArgs],
    args: [...chromiumArgs, ...extraArgs],
  });
