import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { inProcess } from './in-process.js';

const inNode24 = inProcess({ row: 'node-24', engine: 'node-24' });

contractTestsElsewhere('Node 24 keeps the contract of a runtime', inNode24(runtimeSuite));
contractTestsElsewhere('Node 24 keeps the contract of a clock', inNode24(clockSuite));
contractTestsElsewhere('Node 24 keeps the contract of a store', inNode24(batchStoreSuite));
contractTestsElsewhere('Node 24 keeps the contract of a store: filesStore', inNode24(batchStoreSuite, 'filesStore'));
contractTestsElsewhere(
  'Node 24 keeps the contract of a transport: nodeHttpTransport',
  inNode24(transportSuite, 'nodeHttpTransport'),
);
contractTestsElsewhere(
  'Node 24 keeps the contract of a transport: grpcTransport',
  inNode24(transportSuite, 'grpcTransport'),
);
contractTestsElsewhere(
  'Node 24 keeps the contract of a transport: fetchTransport',
  inNode24(transportSuite, 'fetchTransport'),
);
