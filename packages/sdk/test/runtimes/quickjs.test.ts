import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { runtimeRow } from '../../../testkit/src/runtime-rows.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { runInQuickJs } from './run-in-quickjs.js';

const { lacksFor } = runtimeRow('quickjs');
const inQuickJs = (suite: string) => ({
  lacks: lacksFor(suite),
  run: (only: readonly string[]) => runInQuickJs({ suite, only }),
});

contractTestsElsewhere('QuickJS keeps the contract of a runtime', { suite: runtimeSuite, ...inQuickJs('runtime') });
contractTestsElsewhere('QuickJS keeps the contract of a clock', { suite: clockSuite, ...inQuickJs('clock') });
