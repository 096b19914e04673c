import { parentPort, workerData } from 'node:worker_threads';

const { start } = workerData.telemetry ? await import('@throughline/sdk/node') : {};
const telemetry = start?.({ serviceName: 'crashing', metricTemporality: 'delta' });
const counter = telemetry?.meter.createCounter('in a thread');
const record = {
  traces: (attributes) => telemetry?.tracer.startSpan('in a thread', { attributes }).end(),
  logs: (attributes) => telemetry?.logger.emit({ attributes }),
  metrics: (attributes) => counter?.add(1, attributes),
}[process.env.SIGNAL ?? 'traces'];
for (const serial of [100, 101, 102]) record({ 'throughline.serial': serial });
setImmediate(() => {
  if (workerData.throws) throw new SyntaxError('in a thread');
  parentPort.postMessage('ended three');
});
