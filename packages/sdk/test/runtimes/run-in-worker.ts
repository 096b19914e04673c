import { fileURLToPath } from 'node:url';
import { receiversServer } from '../../../testkit/src/receivers-server.js';
import type { SuiteRequest } from '../../../testkit/src/requested-suite.js';
import type { CaseResult } from '../../../testkit/src/suite.js';
import { bundleWorker, startMiniflare } from '../cloudflare/support/run-worker.js';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Runs a suite inside workerd: `worker-program.ts` in a bundle, and a second copy of the package beside it. */
export async function runInWorker(asked: Omit<SuiteRequest, 'control'>): Promise<readonly CaseResult[]> {
  const [program, secondCopy] = await Promise.all([
    bundleWorker(here('./worker-program.ts')),
    bundleWorker(here('../../src/runtimes/cloudflare/isolate.ts')),
  ]);
  await using control = await receiversServer();
  const worker = await startMiniflare([
    { path: 'worker.mjs', contents: program },
    { path: 'second-copy.mjs', contents: secondCopy },
  ]);
  try {
    const request: SuiteRequest = { ...asked, control: control.url };
    const answered = worker.fetch('/', { method: 'POST', body: JSON.stringify(request) }).then(async (answer) => {
      if (answer.status !== 200) throw new Error(`the Worker failed: ${await answer.text()}\n${worker.said()}`);
    });
    answered.catch(() => {});
    return await Promise.race([control.reported, answered.then(() => control.reported)]);
  } finally {
    await worker.stop();
  }
}
