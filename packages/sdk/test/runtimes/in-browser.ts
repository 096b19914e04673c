import { afterAll, beforeAll, vi } from 'vitest';
import type { DrivenBrowser } from '../../../testkit/src/browsers/driven-browser.js';
import type { Elsewhere, Shown } from '../../../testkit/src/contract-tests.js';
import type { PageHarness } from '../../../testkit/src/page-suite.js';
import { runtimeRow } from '../../../testkit/src/runtime-rows.js';
import type { Suite } from '../../../testkit/src/suite.js';
import { pageHarness } from './page-harness.js';
import { type BrowserTraits, type PagePrograms, runInPage } from './run-in-page.js';

export interface InBrowser extends BrowserTraits {
  /** `packages/testkit/runtimes/<row>.json` */
  readonly row: string;
  /** Starts the browser; `undefined` where this machine has none. */
  readonly drive: (() => Promise<DrivenBrowser>) | undefined;
  /** Absent: the suites run in the page itself. */
  readonly programs?: PagePrograms;
}

export interface ShownInBrowser {
  /** A suite that runs inside a page. `of`: of several implementations, which one. */
  inside<H>(suite: Suite<H>, of?: string): Shown<H> & Elsewhere;
  /** A suite that drives pages from here. */
  driven(suite: Suite<PageHarness>): Shown<PageHarness> & { readonly harness: PageHarness };
}

/** One browser for all suites of a test file. */
export function inBrowser({ row, drive, programs, ...traits }: InBrowser): ShownInBrowser {
  // A machine that is busy with others opens a page in seconds.
  vi.setConfig({ testTimeout: 60_000 });
  const { lacksFor } = runtimeRow(row);
  let browser: DrivenBrowser;
  beforeAll(async () => {
    if (drive) browser = await drive();
  });
  afterAll(() => browser?.close());
  return {
    inside: (suite, of) => ({
      suite,
      absent: !drive,
      lacks: lacksFor(suite.name, of),
      run: (only) =>
        runInPage(
          async (url) => {
            const page = await browser.open(url);
            return () => page.close();
          },
          { suite: of ? `${suite.name}: ${of}` : suite.name, only, ...traits },
          programs,
        ),
    }),
    driven: (suite) => ({
      suite,
      absent: !drive,
      lacks: lacksFor(suite.name),
      harness: pageHarness(() => browser),
    }),
  };
}
