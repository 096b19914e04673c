import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { driveChromium } from '../../../testkit/src/browsers/chromium.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { inBrowser } from './in-browser.js';

const { inside } = inBrowser({
  row: 'chromium-worker',
  drive: driveChromium,
  resolutionMs: 0.1,
  resends: true,
  programs: { page: 'worker-host-program.ts', worker: 'web-worker-program.ts', entry: '@throughline/sdk/web-worker' },
});

contractTestsElsewhere('Worker in Chromium keeps the contract of a runtime', inside(runtimeSuite));
contractTestsElsewhere('Worker in Chromium keeps the contract of a clock', inside(clockSuite));
contractTestsElsewhere('Worker in Chromium keeps the contract of a store', inside(batchStoreSuite));
contractTestsElsewhere('Worker in Chromium keeps the contract of a transport', inside(transportSuite));
