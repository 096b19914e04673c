import * as api from '@opentelemetry/api';
import { start } from '@throughline/sdk/node';
import { runRequested } from '../../../testkit/src/requested-suite.js';
import type { RuntimeHarness } from '../../../testkit/src/runtime-suite.js';
import { nodeSuites, openNodeChannel } from './node-suites.js';

/*
 * What runs inside Node, Deno and Bun. It imports the package as their programs do.
 */

const runtime: Omit<RuntimeHarness, 'receivers'> = {
  telemetrySdkLanguage: 'nodejs',
  api,
  start: (options) => start({ env: {}, ...options }),
  async startSecondCopy(options) {
    // The same package in another folder.
    const copy = 'second-copy-of-the-sdk/node';
    const second = (await import(copy)) as { start: typeof start };
    return second.start({ env: {}, ...options });
  },
  async suspend() {
    // A signal that the program handles itself: telemetry only sends.
    const handled = new Promise((resolve) => process.once('SIGTERM', resolve));
    process.kill(process.pid, 'SIGTERM');
    await handled;
  },
  openChannel: openNodeChannel,
};

await runRequested(JSON.parse(process.argv.at(-1)!), (receivers) => nodeSuites({ ...runtime, receivers }));
