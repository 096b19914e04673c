import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { runtimeRow } from '../../../testkit/src/runtime-rows.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { hasWorkerd } from '../cloudflare/support/workerd.js';
import { runInWorker } from './run-in-worker.js';

if (!hasWorkerd) console.warn('SKIPPED: workerd does not run on this machine');

const { lacksFor } = runtimeRow('workerd');
const inWorkerd = (suite: string) => ({
  absent: !hasWorkerd,
  lacks: lacksFor(suite),
  run: (only: readonly string[]) => runInWorker({ suite, only }),
});

contractTestsElsewhere('workerd keeps the contract of a runtime', { suite: runtimeSuite, ...inWorkerd('runtime') });
contractTestsElsewhere('workerd keeps the contract of a clock', { suite: clockSuite, ...inWorkerd('clock') });
contractTestsElsewhere('workerd keeps the contract of a store', {
  suite: batchStoreSuite,
  ...inWorkerd('batch-store'),
});
contractTestsElsewhere('workerd keeps the contract of a transport', {
  suite: transportSuite,
  ...inWorkerd('transport'),
});
