import { parentPort, workerData } from 'node:worker_threads';

const { start } = workerData.telemetry ? await import('@throughline/sdk/node') : {};
const telemetry = start?.({ serviceName: 'crashing' });
for (const serial of [100, 101, 102])
  telemetry?.tracer.startSpan('in a thread', { attributes: { 'throughline.serial': serial } }).end();
setImmediate(() => {
  if (workerData.throws) throw new SyntaxError('in a thread');
  parentPort.postMessage('ended three');
});
