import { clockSuite } from '../../testkit/src/clock-suite.js';
import { contractTests } from '../../testkit/src/contract-tests.js';
import { createNodeClock } from '../src/runtimes/node/ports/clock.js';

contractTests('the clock of Node keeps the contract of a clock', {
  suite: clockSuite,
  harness: { create: createNodeClock },
});
