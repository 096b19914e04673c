import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { driveChromium } from '../../../testkit/src/browsers/chromium.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTests, contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { pageSuite } from '../../../testkit/src/page-suite.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { inBrowser } from './in-browser.js';

const { inside, driven } = inBrowser({ row: 'chromium', drive: driveChromium, resolutionMs: 0.1, resends: true });

contractTestsElsewhere('Chromium keeps the contract of a runtime', inside(runtimeSuite));
contractTests('Chromium keeps the contract of a page', driven(pageSuite));
contractTestsElsewhere('Chromium keeps the contract of a clock', inside(clockSuite));
contractTestsElsewhere('Chromium keeps the contract of a store', inside(batchStoreSuite));
contractTestsElsewhere(
  'Chromium keeps the contract of a store: indexedDbStore',
  inside(batchStoreSuite, 'indexedDbStore'),
);
contractTestsElsewhere(
  'Chromium keeps the contract of a store: localStorageStore',
  inside(batchStoreSuite, 'localStorageStore'),
);
contractTestsElsewhere('Chromium keeps the contract of a store: pageStore', inside(batchStoreSuite, 'pageStore'));
contractTestsElsewhere('Chromium keeps the contract of a transport', inside(transportSuite));
