import type { Transport } from '@throughline/sdk';
import { start } from '@throughline/sdk/web';
import { shareWithWorkers } from '@throughline/sdk/workers';
import { receiversOver } from '../../../testkit/src/receivers-client.js';
import type { SuiteRequest } from '../../../testkit/src/requested-suite.js';
import type { CaseResult } from '../../../testkit/src/suite.js';
import { fetchTransport } from '../../src/transports/fetch.js';
import type { FromWorker, WorkerWork } from './web-worker-program.js';
import { wishesOfCase } from './wishes-of-case.js';

/*
 * A page that has its work done in a worker. It starts telemetry, then makes the worker and connects it; the cases run in the worker, and what they record
 * leaves through the page. A case has its receiver and its own wishes for batches, so each gets a page's start and a worker of its own.
 */

const { resolutionMs, resends, ...request } = JSON.parse(decodeURIComponent(location.hash.slice(1))) as SuiteRequest &
  Pick<WorkerWork, 'resolutionMs' | 'resends'>;
const { report } = receiversOver(request.control);
const results: CaseResult[] = [];
if (request.suite === 'runtime') for (const name of request.only) results.push(...(await runBelowTelemetry(name)));
else results.push(...(await runIn(new Worker('/worker.js', { type: 'module' }), request.only)));
await report(results);

async function runBelowTelemetry(name: string): Promise<readonly CaseResult[]> {
  let told: (way: Transport) => void;
  let way = new Promise<Transport>((resolve) => {
    told = resolve;
  });
  const { batch, serviceName } = await wishesOfCase(name);
  const workers = shareWithWorkers();
  const telemetry = start({
    serviceName,
    batch,
    pageLoad: false,
    instruments: [workers.instrument],
    destinations: {
      destination: 'the receiver of the case',
      send: async (sent, options) => (await way).send(sent, options),
    },
    onDiagnostic: () => {},
  });
  const results = await runIn(
    workers.connect(new Worker('/worker.js#connected', { type: 'module' })),
    [name],
    (url) => {
      const next = fetchTransport({ url });
      told(next);
      way = Promise.resolve(next);
    },
  );
  await telemetry.shutdown({ timeoutMs: 2_000 });
  return results;
}

function runIn(
  worker: Worker,
  only: readonly string[],
  sendTo: (url: string) => void = () => {},
): Promise<readonly CaseResult[]> {
  return new Promise((resolve, reject) => {
    worker.addEventListener('error', ({ message }) => reject(new Error(message)));
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if ('results' in data) {
        worker.terminate();
        resolve(data.results);
      } else sendTo(data.sendTo);
    });
    worker.postMessage({ ...request, only, resolutionMs, resends } satisfies WorkerWork);
  });
}
