import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { inProcess } from './in-process.js';

const inThread = inProcess({ row: 'node-worker-thread', program: 'thread-program.ts' });

contractTestsElsewhere('Node worker thread keeps the contract of a runtime', inThread(runtimeSuite));
contractTestsElsewhere('Node worker thread keeps the contract of a clock', inThread(clockSuite));
contractTestsElsewhere('Node worker thread keeps the contract of a store', inThread(batchStoreSuite));
contractTestsElsewhere(
  'Node worker thread keeps the contract of a store: filesStore',
  inThread(batchStoreSuite, 'filesStore'),
);
contractTestsElsewhere(
  'Node worker thread keeps the contract of a transport: nodeHttpTransport',
  inThread(transportSuite, 'nodeHttpTransport'),
);
contractTestsElsewhere(
  'Node worker thread keeps the contract of a transport: grpcTransport',
  inThread(transportSuite, 'grpcTransport'),
);
contractTestsElsewhere(
  'Node worker thread keeps the contract of a transport: fetchTransport',
  inThread(transportSuite, 'fetchTransport'),
);
