import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { batchStoreSuite } from '../../../testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../testkit/src/contract-tests.js';
import { decodeSpans } from '../../../testkit/src/decode-spans.js';
import { enginePath } from '../../../testkit/src/engines.js';
import { otlpSink } from '../../../testkit/src/otlp-sink.js';
import { runtimeSuite } from '../../../testkit/src/runtime-suite.js';
import { transportSuite } from '../../../testkit/src/transport-suite.js';
import { installSdk } from '../node/installed-sdk.js';
import { inProcess } from './in-process.js';

const inDeno = inProcess({ row: 'deno', engine: 'deno', args: ['run', '--allow-all'] });

contractTestsElsewhere('Deno keeps the contract of a runtime', inDeno(runtimeSuite));
contractTestsElsewhere('Deno keeps the contract of a clock', inDeno(clockSuite));
contractTestsElsewhere('Deno keeps the contract of a store', inDeno(batchStoreSuite));
contractTestsElsewhere('Deno keeps the contract of a store: filesStore', inDeno(batchStoreSuite, 'filesStore'));
contractTestsElsewhere(
  'Deno keeps the contract of a transport: nodeHttpTransport',
  inDeno(transportSuite, 'nodeHttpTransport'),
);
contractTestsElsewhere(
  'Deno keeps the contract of a transport: grpcTransport',
  inDeno(transportSuite, 'grpcTransport'),
);
contractTestsElsewhere(
  'Deno keeps the contract of a transport: fetchTransport',
  inDeno(transportSuite, 'fetchTransport'),
);

test.skipIf(!enginePath('deno'))(
  'without permissions Deno’s programs run as they would, and what may be sent is sent [F2]',
  async () => {
    const { folder, remove } = await installSdk();
    const sink = await otlpSink({ protocol: 'http1' });
    try {
      writeFileSync(
        join(folder, 'greeter.mjs'),
        `import { start } from '@throughline/sdk/node';
        const telemetry = start({ endpoint: '${sink.url}' });
        console.log(telemetry.measure('greet', () => 'hello'));`,
      );
      const run = (...args: string[]) =>
        promisify(execFile)(enginePath('deno')!, ['run', '--no-prompt', ...args, 'greeter.mjs'], { cwd: folder });
      const nothing = await run();
      expect(nothing.stdout).toBe('hello\n');
      expect(nothing.stderr).toContain('environment-unreadable');
      expect(sink.received).toHaveLength(0);
      const network = await run('--allow-net');
      expect(network.stdout).toBe('hello\n');
      const spans = sink.received.flatMap(({ body }) => decodeSpans(body));
      expect(spans).toMatchObject([{ name: 'greet', resource: { 'service.name': 'unknown_service:deno' } }]);
    } finally {
      await sink.close();
      remove();
    }
  },
);
