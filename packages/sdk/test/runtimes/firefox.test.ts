import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { driveFirefox } from '../../../testkit/src/browsers/firefox.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTests, contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { pageSuite } from '../../../testkit/src/page-suite.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { inBrowser } from './in-browser.js';

const { inside, driven } = inBrowser({ row: 'firefox', drive: driveFirefox, resolutionMs: 1, resends: true });

contractTestsElsewhere('Firefox keeps the contract of a runtime', inside(runtimeSuite));
contractTests('Firefox keeps the contract of a page', driven(pageSuite));
contractTestsElsewhere('Firefox keeps the contract of a clock', inside(clockSuite));
contractTestsElsewhere('Firefox keeps the contract of a store', inside(batchStoreSuite));
contractTestsElsewhere(
  'Firefox keeps the contract of a store: indexedDbStore',
  inside(batchStoreSuite, 'indexedDbStore'),
);
contractTestsElsewhere(
  'Firefox keeps the contract of a store: localStorageStore',
  inside(batchStoreSuite, 'localStorageStore'),
);
contractTestsElsewhere('Firefox keeps the contract of a store: pageStore', inside(batchStoreSuite, 'pageStore'));
contractTestsElsewhere('Firefox keeps the contract of a transport', inside(transportSuite));
