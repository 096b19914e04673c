import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { runtimeRow } from '../../../testkit/src/runtime-rows.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { chromiumPath, launchChromium } from '../web/support/chromium.js';
import { runInPage } from './run-in-page.js';

let browser: Browser;
beforeAll(async () => {
  if (chromiumPath) browser = await launchChromium(['--js-flags=--expose-gc']);
});
afterAll(() => browser?.close());

const { lacksFor } = runtimeRow('chromium');
const inChromium = (suite: string) => ({
  absent: !chromiumPath,
  lacks: lacksFor(suite),
  run: (only: readonly string[]) =>
    runInPage(
      async (url) => {
        const page = await browser.newPage();
        await page.goto(url);
        return () => page.close();
      },
      { suite, only, resolutionMs: 0.1 },
    ),
});

contractTestsElsewhere('Chromium keeps the contract of a runtime', { suite: runtimeSuite, ...inChromium('runtime') });
contractTestsElsewhere('Chromium keeps the contract of a clock', { suite: clockSuite, ...inChromium('clock') });
contractTestsElsewhere('Chromium keeps the contract of a store', {
  suite: batchStoreSuite,
  ...inChromium('batch-store'),
});
contractTestsElsewhere('Chromium keeps the contract of a transport', {
  suite: transportSuite,
  ...inChromium('transport'),
});
