import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as api from '@opentelemetry/api';
import type { Transport } from '@throughline/sdk';
import { nodeHttpTransport, start } from '@throughline/sdk/node';
import { receiversOver } from '../../../testkit/src/receivers-client.js';
import type { SuiteRequest } from '../../../testkit/src/requested-suite.js';
import type { RuntimeHarness, StartedWith } from '../../../testkit/src/runtime-suite.js';
import type { CaseResult } from '../../../testkit/src/suite.js';
import { nodeSuites, openNodeChannel } from './node-suites.js';
import { wishesOfCase } from './wishes-of-case.js';

/*
 * What runs in a program of Node that has its work done in a thread. The program starts telemetry, then makes the thread; the cases run in the thread, and
 * what they record leaves through the program's outbox. A case has its receiver and its own wishes for batches, so each gets a program's start and a thread
 * of its own.
 */

interface ThreadWork extends SuiteRequest {
  /** Set to 1 and notified when the program has heard where the next batches go. */
  readonly heard: Int32Array<SharedArrayBuffer>;
}

type FromThread = { readonly sendTo: string } | { readonly results: readonly CaseResult[] };

if (isMainThread) await runInThreads(JSON.parse(process.argv.at(-1)!));
else await runHere(workerData as ThreadWork);

// The program

async function runInThreads(request: SuiteRequest): Promise<void> {
  const { report } = receiversOver(request.control);
  const results: CaseResult[] = [];
  if (request.suite === 'runtime')
    for (const name of request.only) results.push(...(await runBelowTelemetry({ ...request, only: [name] })));
  else results.push(...(await runInThread(request, () => {})));
  await report(results);
}

async function runBelowTelemetry(request: SuiteRequest): Promise<readonly CaseResult[]> {
  let way: Transport | undefined;
  const { batch, serviceName } = await wishesOfCase(request.only[0]!);
  const telemetry = start({
    env: {},
    serviceName,
    batch,
    destinations: { destination: 'the receiver of the case', send: (sent, options) => way!.send(sent, options) },
    onDiagnostic: () => {},
  });
  const results = await runInThread(request, (url) => {
    way = nodeHttpTransport({ url });
  });
  await telemetry.shutdown({ timeoutMs: 2_000 });
  return results;
}

function runInThread(request: SuiteRequest, sendTo: (url: string) => void): Promise<readonly CaseResult[]> {
  const heard = new Int32Array(new SharedArrayBuffer(4));
  const work: ThreadWork = { ...request, heard };
  const thread = new Worker(new URL(import.meta.url), { workerData: work });
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('the thread ended before it had results')));
    thread.on('message', (message: FromThread) => {
      if ('results' in message) {
        resolve(message.results);
        void thread.terminate();
        return;
      }
      sendTo(message.sendTo);
      Atomics.store(heard, 0, 1);
      Atomics.notify(heard, 0);
    });
  });
}

// The thread

async function runHere({ control, suite, only, heard }: ThreadWork): Promise<void> {
  const receivers = receiversOver(control);
  const say = (message: FromThread) => parentPort!.postMessage(message);
  const startHere = (options: StartedWith, startCopy: typeof start = start) => {
    Atomics.store(heard, 0, 0);
    say({ sendTo: options.endpoint });
    Atomics.wait(heard, 0, 0);
    return startCopy({ env: {}, ...options });
  };
  const runtime: RuntimeHarness = {
    receivers,
    telemetrySdkLanguage: 'nodejs',
    api,
    start: startHere,
    async startSecondCopy(options) {
      const copy = 'second-copy-of-the-sdk/node';
      const second = (await import(copy)) as { start: typeof start };
      return startHere(options, second.start);
    },
    openChannel: openNodeChannel,
  };
  const run = nodeSuites(runtime)[suite as keyof ReturnType<typeof nodeSuites>];
  // What is lacking is waited for as well.
  say({ results: await run({ only, limitMs: 10_000 }) });
}
