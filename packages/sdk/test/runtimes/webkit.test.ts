import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { driveWebKit } from '../../../testkit/src/browsers/webkit.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTests, contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { pageSuite } from '../../../testkit/src/page-suite.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { inBrowser } from './in-browser.js';

const { inside, driven } = inBrowser({ row: 'webkit', drive: driveWebKit, resolutionMs: 1, resends: false });

contractTestsElsewhere('WebKitGTK keeps the contract of a runtime', inside(runtimeSuite));
contractTests('WebKitGTK keeps the contract of a page', driven(pageSuite));
contractTestsElsewhere('WebKitGTK keeps the contract of a clock', inside(clockSuite));
contractTestsElsewhere('WebKitGTK keeps the contract of a store', inside(batchStoreSuite));
contractTestsElsewhere(
  'WebKitGTK keeps the contract of a store: indexedDbStore',
  inside(batchStoreSuite, 'indexedDbStore'),
);
contractTestsElsewhere(
  'WebKitGTK keeps the contract of a store: localStorageStore',
  inside(batchStoreSuite, 'localStorageStore'),
);
contractTestsElsewhere('WebKitGTK keeps the contract of a store: pageStore', inside(batchStoreSuite, 'pageStore'));
contractTestsElsewhere('WebKitGTK keeps the contract of a transport', inside(transportSuite));
