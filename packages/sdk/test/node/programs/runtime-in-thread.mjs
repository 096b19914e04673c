// A thread that observes the runtime, beside a program that does not.

import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
import { start } from '@throughline/sdk/node';
import { observeNodeRuntime, observeProcess } from '@throughline/sdk/node/metrics';

if (isMainThread) {
  const telemetry = start({ serviceName: 'threads' });
  const worker = new Worker(new URL(import.meta.url));
  await once(worker, 'exit');
  await telemetry.shutdown();
} else {
  const telemetry = start({ instruments: [observeNodeRuntime, observeProcess] });
  await telemetry.shutdown();
}
