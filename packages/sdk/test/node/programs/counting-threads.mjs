// A program and two threads of it, one behind the other, that count the same thing.

import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
import { start } from '@throughline/sdk/node';

const telemetry = start({ serviceName: 'counting' });
const jobs = telemetry.meter.createCounter('jobs', { valueType: 0 });
if (isMainThread) {
  jobs.add(1, { kind: 'mail' });
  for (let thread = 0; thread < 2; thread++) await once(new Worker(new URL(import.meta.url)), 'exit');
} else jobs.add(10, { kind: 'mail' });
await telemetry.shutdown();
