import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { inProcess } from './in-process.js';

const inBun = inProcess({ row: 'bun', engine: 'bun', args: ['run'] });

contractTestsElsewhere('Bun keeps the contract of a runtime', inBun(runtimeSuite));
contractTestsElsewhere('Bun keeps the contract of a clock', inBun(clockSuite));
contractTestsElsewhere('Bun keeps the contract of a store', inBun(batchStoreSuite));
contractTestsElsewhere('Bun keeps the contract of a store: filesStore', inBun(batchStoreSuite, 'filesStore'));
contractTestsElsewhere(
  'Bun keeps the contract of a transport: nodeHttpTransport',
  inBun(transportSuite, 'nodeHttpTransport'),
);
contractTestsElsewhere('Bun keeps the contract of a transport: grpcTransport', inBun(transportSuite, 'grpcTransport'));
contractTestsElsewhere(
  'Bun keeps the contract of a transport: fetchTransport',
  inBun(transportSuite, 'fetchTransport'),
);
