import { parentPort, Worker } from 'node:worker_threads';
import { traceMessages } from '@throughline/sdk/messages';
import { start } from '@throughline/sdk/node';

const telemetry = start();
traceMessages(telemetry, parentPort, { name: 'prices' });

parentPort.on('message', async ({ price, port, burst, slowly, end }) => {
  if (end) {
    // A thread of a thread: what it records passes through this one.
    const inner = new Worker(new URL('./inner.mjs', import.meta.url));
    await new Promise((resolve) => inner.once('exit', resolve));
    telemetry.tracer.startSpan('last words').end();
    process.exit();
  }
  if (burst) {
    for (let at = 0; at < burst; at++) telemetry.tracer.startSpan('burst').end();
    await Promise.resolve();
    parentPort.postMessage('done');
  }
  if (slowly) {
    // The answer is out before the step has come to its end.
    telemetry.measure('slowly', () => {
      parentPort.postMessage('answer');
      const until = performance.now() + slowly;
      while (performance.now() < until);
    });
  }
  if (port) {
    traceMessages(telemetry, port, { name: 'side' });
    port.on('message', (text) => port.postMessage(`heard ${text}`));
  }
  if (price !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    telemetry.measure('calculate', () => {});
    parentPort.postMessage({ total: price * 2 });
  }
});
