import { clockSuite } from '../../testkit/src/clock-suite.js';
import { createNodeClock } from '../src/runtimes/node/ports/clock.js';

clockSuite({ name: 'the clock of Node', create: createNodeClock });
