import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { inProcess } from './in-process.js';

const inNode20 = inProcess({ row: 'node-20' });

contractTestsElsewhere('Node 20 keeps the contract of a runtime', inNode20(runtimeSuite));
contractTestsElsewhere('Node 20 keeps the contract of a clock', inNode20(clockSuite));
contractTestsElsewhere('Node 20 keeps the contract of a store', inNode20(batchStoreSuite));
contractTestsElsewhere('Node 20 keeps the contract of a store: filesStore', inNode20(batchStoreSuite, 'filesStore'));
contractTestsElsewhere(
  'Node 20 keeps the contract of a transport: nodeHttpTransport',
  inNode20(transportSuite, 'nodeHttpTransport'),
);
contractTestsElsewhere(
  'Node 20 keeps the contract of a transport: grpcTransport',
  inNode20(transportSuite, 'grpcTransport'),
);
contractTestsElsewhere(
  'Node 20 keeps the contract of a transport: fetchTransport',
  inNode20(transportSuite, 'fetchTransport'),
);
