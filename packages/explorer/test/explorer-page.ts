import { execFile } from 'node:child_process';
import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type FixtureOptions, serve } from '../dev/fixtures/server.js';

export const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
const site = fileURLToPath(new URL('../../collector/dist/explorer', import.meta.url));

/** What a test of the built page works with. The fields are those of the running test. */
export interface ExplorerPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Of the fixture server with the options of the suite. */
  readonly base: string;
  /** Where the built page lies, for servers of one's own. */
  readonly site: string;
  /** Another server, with other options; its address. */
  startServer(options?: Partial<FixtureOptions>): Promise<string>;
}

/** Builds the page before the tests of a suite, and gives each of them a new tab; a test in which the page throws fails. */
export function useExplorerPage(defaults: Pick<FixtureOptions, 'traces' | 'spansOfBig'>): ExplorerPage {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let base: string;
  const problems: string[] = [];
  const servers: Server[] = [];

  const startServer = async (options: Partial<FixtureOptions> = {}): Promise<string> => {
    const { server, address } = await serve({ port: 0, empty: false, site, ...defaults, ...options });
    servers.push(server);
    return address;
  };

  beforeAll(async () => {
    // What is built already is not built again.
    await promisify(execFile)(process.execPath, [fileURLToPath(new URL('../../../tools/build.mjs', import.meta.url))]);
    base = await startServer();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS.split(' ') });
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });
  beforeEach(async () => {
    context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      colorScheme: 'dark',
      reducedMotion: 'reduce',
    });
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
    problems.length = 0;
    page.on('pageerror', (error) => problems.push(error.message));
  });
  afterEach(async () => {
    await context.close();
    expect(problems).toEqual([]);
  });

  return {
    get page() {
      return page;
    },
    get context() {
      return context;
    },
    get base() {
      return base;
    },
    site,
    startServer,
  };
}
