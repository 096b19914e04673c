import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { inProcess } from './in-process.js';

const inNode22 = inProcess({ row: 'node-22', engine: 'node-22' });

contractTestsElsewhere('Node 22 keeps the contract of a runtime', inNode22(runtimeSuite));
contractTestsElsewhere('Node 22 keeps the contract of a clock', inNode22(clockSuite));
contractTestsElsewhere('Node 22 keeps the contract of a store', inNode22(batchStoreSuite));
contractTestsElsewhere('Node 22 keeps the contract of a store: filesStore', inNode22(batchStoreSuite, 'filesStore'));
contractTestsElsewhere(
  'Node 22 keeps the contract of a transport: nodeHttpTransport',
  inNode22(transportSuite, 'nodeHttpTransport'),
);
contractTestsElsewhere(
  'Node 22 keeps the contract of a transport: grpcTransport',
  inNode22(transportSuite, 'grpcTransport'),
);
contractTestsElsewhere(
  'Node 22 keeps the contract of a transport: fetchTransport',
  inNode22(transportSuite, 'fetchTransport'),
);
