import { afterAll, beforeAll } from 'vitest';
import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { runInProcess } from '../../../testkit/src/run-in-process.js';
import { runtimeRow } from '../../../testkit/src/runtime-rows.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { type InstalledProgram, installNodeProgram } from './node-programs.js';

let program: InstalledProgram;
beforeAll(async () => {
  program = await installNodeProgram();
});
afterAll(() => program?.remove());

const { lacksFor } = runtimeRow('node-20');
const inNode = (suite: string, of?: string) => ({
  lacks: lacksFor(suite, of),
  run: (only: readonly string[]) =>
    runInProcess([process.execPath, program.file], { suite: of ? `${suite}: ${of}` : suite, only }),
});

contractTestsElsewhere('Node 20 keeps the contract of a runtime', { suite: runtimeSuite, ...inNode('runtime') });
contractTestsElsewhere('Node 20 keeps the contract of a clock', { suite: clockSuite, ...inNode('clock') });
contractTestsElsewhere('Node 20 keeps the contract of a store', { suite: batchStoreSuite, ...inNode('batch-store') });
contractTestsElsewhere('Node 20 keeps the contract of a transport: nodeHttpTransport', {
  suite: transportSuite,
  ...inNode('transport', 'nodeHttpTransport'),
});
contractTestsElsewhere('Node 20 keeps the contract of a transport: grpcTransport', {
  suite: transportSuite,
  ...inNode('transport', 'grpcTransport'),
});
contractTestsElsewhere('Node 20 keeps the contract of a transport: fetchTransport', {
  suite: transportSuite,
  ...inNode('transport', 'fetchTransport'),
});
